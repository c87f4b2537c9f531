"""Limits of a model: training keeps to them, and a model file beyond them is refused.

They bound the cost of loading a model into the serving process: 250 MB, and one to two seconds in one thread, measured
on the worst possible files. 1,000 trees of 127 leaves each, for example, are within the limits.
"""

MAX_FILE_BYTES = 4 * 2**20  # 100 trees on 14 columns take 50 KB
MAX_INFLATED_BYTES = 16 * 2**20
MAX_VALUES = 1_000_000  # of the JSON; bounds the memory of parsing, which a short text of brackets would use up
VALUES_PER_LEAF = 7  # at least, with the leaf's node
MAX_TREES = 20_000  # 200 for each of 100 classes
MAX_LEAVES = 1024  # of a tree; a row visits no more nodes than that
MAX_COLUMNS = 10_000
MAX_CATEGORIES = 1000  # of a column; the native library keeps a bit for each in every split
MAX_TARGET_ENCODED_CATEGORIES = 50_000  # of a target-encoded column, whose categories stand in no split
MAX_CLASSES = 100
MAX_NAME_LENGTH = 10_000  # characters of a name, class or category
# Of leaves, weights and the like. The sum of products of three, over all trees or features, is finite.
MAX_NUMBER = 1e100
