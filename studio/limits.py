"""What a model may be at most: the trainer keeps to it, and a file beyond it is refused.

They bound what a load costs the process that serves: 250 MB, and one to two seconds in one of its threads (measured on
the worst documents that can be written). Within them are, for example, 1,000 trees of 127 leaves each.
"""

MAX_FILE_BYTES = 4 * 2**20  # bytes of the file; 100 trees on 14 columns take 50 KB
MAX_INFLATED_BYTES = 16 * 2**20
MAX_VALUES = 1_000_000  # JSON values; bounds the memory of parsing, which a small text of brackets would blow up
VALUES_PER_LEAF = 7  # a leaf and its node take at least so many
MAX_TREES = 20_000  # 200 for each of 100 classes
MAX_LEAVES = 1024  # of one tree; a row visits at most so many nodes of it
MAX_COLUMNS = 10_000
MAX_CATEGORIES = 1000  # of one column; the native library keeps a bit for each of them in every split
MAX_TARGET_ENCODED_CATEGORIES = 50_000  # categories of a target-encoded column, which no split names
MAX_CLASSES = 100
MAX_NAME_LENGTH = 10_000  # characters of a name, class or category
# Of leaves, weights and the like. A product of three, added up over all trees or features, is finite.
MAX_NUMBER = 1e100
