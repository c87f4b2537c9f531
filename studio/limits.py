"""What a model may be at most: the trainer keeps to it, and a file beyond it is refused.

They bound what a load costs the process that serves: 250 MB, and one to two seconds in one of its threads (measured on
the worst documents that can be written). Within them are, for example, 1,000 trees of 127 leaves each.
"""

FILE_LIMIT = 4 * 2**20  # bytes of the file; 100 trees on 14 columns take 50 KB
INFLATED_LIMIT = 16 * 2**20
VALUE_LIMIT = 1_000_000  # JSON values; bounds the memory of parsing, which a small text of brackets would blow up
VALUES_OF_LEAF = 7  # a leaf and its node take at least so many
TREE_LIMIT = 20_000  # 200 for each of 100 classes
LEAF_LIMIT = 1024  # of one tree; a row visits at most so many nodes of it
COLUMN_LIMIT = 10_000
CATEGORY_LIMIT = 1000  # of one column; the native library keeps a bit for each of them in every split
TARGET_ENCODED_LIMIT = 50_000  # categories of a target-encoded column, which no split names
CLASS_LIMIT = 100
NAME_LIMIT = 10_000  # characters of a name, class or category
# Of leaves, weights and the like. A product of three, added up over all trees or features, is finite.
NUMBER_LIMIT = 1e100
