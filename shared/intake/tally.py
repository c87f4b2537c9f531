"""What the check of one file counts (pure)."""

from collections import Counter
from collections.abc import Collection, Mapping
from enum import StrEnum

from shared.records.intake_record import Change, LeftOut

MAX_LABELS = 1000  # different ones that are counted
MAX_LABEL_CHARACTERS = 100_000  # of all of them together: they stand in rows of tables


class FileChange(StrEnum):
    """How the form of a file was made clean; the changes of cells are `CellChange`."""

    ENCODING = "encoding"  # it is not UTF-8
    READ_AS_UTF_8 = "read-as-utf-8"  # the route says another encoding, and the text is UTF-8 beyond ASCII
    BYTE_ORDER_MARK = "byte-order-mark"
    INNER_BYTE_ORDER_MARK = "inner-byte-order-mark"
    DELIMITER = "delimiter"  # it is no comma
    LINE_ENDS = "line-ends"  # they are mixed
    SEP_LINE = "sep-line"  # Excel's line above the header that names the delimiter
    SKIPPED_LINES = "skipped-lines"  # skip_rows
    SKIPPED_FOOTER = "skipped-footer"  # skip_footer
    COMMENTS = "comments"
    HEADER_NAMES = "header-names"
    COLUMN_ORDER = "column-order"
    INDEX_COLUMN = "index-column"
    DROPPED_COLUMNS = "dropped-columns"


class LeftOutRow(StrEnum):
    """Why a row is not trained on: the members of `LeftOut` that one file can have."""

    HOLDOUT = "holdout"
    UNLABELLED = "unlabelled"
    REPEATED_HEADER = "repeated_header"
    BLANK = "blank"


def are_too_many(labels: Collection[str]) -> bool:
    """Tell whether labels are more, or longer, than classes are kept."""
    return len(labels) > MAX_LABELS or sum(map(len, labels)) > MAX_LABEL_CHARACTERS


class Tally:
    """What is counted while a file is read.

    Attributes:
        rows_read, rows: data rows in the file, and those that are trained on.
        labels: rows by label; empty if there are too many to be classes. missing: missing cells by column.
    """

    def __init__(self) -> None:
        self.rows_read = 0
        self.rows = 0
        self.labels: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()
        self._has_classes = True
        self._left_out: Counter[LeftOutRow] = Counter()
        self._changes: dict[str, Change] = {}

    def change(self, code: str, times: int, line: int) -> None:
        """Count a change; its first line stays."""
        before = self._changes.get(code)
        if before is None:
            self._changes[str(code)] = Change(str(code), times, line)
        else:
            self._changes[code] = before._replace(times=before.times + times, line=min(before.line, line))

    def count_labels(self, labels: Mapping[str, int]) -> None:
        """Count rows by label; too many different labels, or too long ones, are numbers or texts, and no classes."""
        if self._has_classes:
            before = len(self.labels)
            self.labels.update(labels)
            if len(self.labels) > before and are_too_many(self.labels):
                self.labels.clear()
                self._has_classes = False

    def leave_out(self, why: LeftOutRow, rows: int = 1) -> None:
        """Count rows that are not trained on."""
        self._left_out[why] += rows

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes, in the order of their first lines."""
        return tuple(sorted(self._changes.values(), key=lambda change: (change.line, change.code)))

    @property
    def left_out(self) -> LeftOut:
        """The rows that are not trained on."""
        return LeftOut(**{why.value: rows for why, rows in self._left_out.items()})
