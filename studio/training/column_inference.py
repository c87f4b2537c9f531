"""Infers what a column of a CSV holds, with a note for the owner of the data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
from numpy.typing import NDArray

from studio.limits import MAX_CATEGORIES, MAX_TARGET_ENCODED_CATEGORIES
from studio.tables.cell_parsing import MAX_ODD_TEXTS, MISSING, has_no_value, parse_number
from studio.tables.column_collector import IDENTIFIER
from studio.tables.column_types import WireType, is_int32, is_plain, type_of
from studio.tables.columns import CodedColumn, DateColumn, DroppedColumn, NumberColumn, TableColumn
from studio.tables.dates import matching_formats
from studio.tables.model_column import BOOLEANS, Column, Kind
from studio.words import counted, listed

# From so many categories on, a column is target-encoded (`target_encoding`). With more than two classes it is not: then
# the rarest categories beyond the limit count as missing.
MIN_TARGET_ENCODED = 255
MAX_ODD_SHARE = 0.05  # of the rows with a value: odd texts mean missing if at most this share holds one
MIN_DISTINCT_NUMBERS = 10  # among so many distinct numbers a single text that is repeated means missing
MIN_DISTINCT_TEXTS = 20  # a column with at most so many distinct values is never an identifier

_SHOWN = 3  # examples in a sentence
_IDENTIFIER_NAME = re.compile(
    r"(?i:id|uuid|guid|index|key|row|row.?(number|id|no))|.*([_ .-](?i:id|uuid|guid)|[a-z]I[dD])"
)


@dataclass(frozen=True)
class InferredColumn:
    """What a column holds, with a note for the owner of the data."""

    column: Column
    missing: int  # rows without a value
    note: str
    place: int | None = None  # the position in the file, from 1, of a column without a name
    is_odd: bool = False  # the column could be read in another way

    def __str__(self) -> str:
        place = "" if self.place is None else f" (the file's column {self.place}, without a name)"
        missing = f", {self.missing} missing" if self.missing else ""
        return f"{self.column.name!r}{place}: {self.note}{missing}"


@dataclass(frozen=True)
class Texts:
    """The cells of a column, counted."""

    column: CodedColumn
    count_of: Mapping[str, int]  # of each cell that is there and not missing

    @classmethod
    def of(cls, column: CodedColumn) -> Self:
        """Count the cells of a column."""
        return cls(column, {cell: count for cell, count in column.counts.items() if cell not in MISSING})

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.column.codes)

    @property
    def missing(self) -> int:
        """How many rows have no value."""
        return self.rows - sum(self.count_of.values())

    def inferred(self, note: str, column: Column) -> InferredColumn:
        """Return the inference that the column is `column`."""
        return InferredColumn(column, self.missing, note)

    def dropped(self, why: str) -> InferredColumn:
        """Return the inference that the column is ignored, and why."""
        return self.inferred(f"dropped: {why}", Column(self.column.name, "ignored", type_of(self.count_of)))


def infer_column(column: TableColumn, *, target_encode: bool = False) -> InferredColumn:
    """Infer what a feature column holds: numbers, dates, yes and no, or categories.

    A column is dropped if nothing can be learned from it: it has no value, or the same one in every row, or it is an
    identifier. Identifiers are texts that differ in nearly every row, running numbers, and numbers that nearly all
    differ in a column whose name is that of an identifier.
    """
    match column:
        case DroppedColumn():
            return InferredColumn(Column(column.name, "ignored"), 0, f"dropped: {column.why}")
        case NumberColumn():
            return as_many_numbers(column)
        case DateColumn():
            missing = int(np.isnan(column.timestamps).sum())
            return as_dates(column.name, [column.date_format, *column.other_formats], missing)
    texts = Texts.of(column)
    for detect in (nothing, as_numbers, _yes_or_no, _dates, _identifier):
        finding = detect(texts)
        if finding is not None:
            return finding
    return as_categories(texts, target_encode=target_encode)


def nothing(texts: Texts) -> InferredColumn | None:
    """Detect a column without values, or with the same value in every row."""
    if not texts.count_of:
        return texts.dropped("it has no values")
    if len(texts.count_of) == 1 and not texts.missing:
        return texts.dropped("every row has the same value")
    return None


def as_numbers(texts: Texts, expected: Column | None = None) -> InferredColumn | None:
    """Read a column as numbers if its cells allow it. If numbers are `expected`, it is never an identifier."""
    numbers = {cell: value for cell in texts.count_of if (value := parse_number(cell)) is not None}
    others = {cell: count for cell, count in texts.count_of.items() if cell not in numbers}
    if not numbers or not _mean_missing(
        others, texts.rows - texts.missing - sum(others.values()), len(numbers), expected
    ):
        return None
    whole = all(map(is_int32, numbers.values()))
    lookup = np.array([numbers.get(cell, np.nan) for cell in texts.column.distinct])
    if whole and expected is None and _identify(texts.column.name, lookup[texts.column.codes], len(numbers)):
        return texts.dropped("an identifier: a number for each row")
    plain = all(map(is_plain, numbers))
    wire_type: WireType = "Int32" if whole and plain else "Double"
    return _number_column(texts.column.name, wire_type, others, texts.missing, expected)


def as_many_numbers(column: NumberColumn, expected: Column | None = None) -> InferredColumn:
    """Read a column of very many different numbers, as `as_numbers` does; dropped if its texts do not allow it."""
    present = column.values[~np.isnan(column.values)]
    others = column.text_counts
    missing = len(column.values) - len(present) - sum(others.values())
    wire_type: WireType = "Int32" if column.whole else "Double"
    different = len(np.unique(present)) if others or column.whole else 0  # computed only if needed: it takes long
    if not _mean_missing(others, len(present), different, expected):
        mixed = Column(column.name, "ignored")
        return InferredColumn(mixed, missing, f"dropped: numbers and texts ({with_counts(others)}) are mixed")
    if column.whole and expected is None and _identify(column.name, column.values, different):
        named = Column(column.name, "ignored", wire_type)
        return InferredColumn(named, missing, "dropped: an identifier: a number for each row")
    return _number_column(column.name, wire_type, others, missing, expected)


def _mean_missing(texts: Mapping[str, int], numbers: int, different: int, expected: Column | None) -> bool:
    """Tell whether all texts among the numbers mean missing; `texts` has their rows, `numbers` is that of the numbers.

    Known placeholders mean missing, and so do the texts that did in the model in service. Other texts do if they are
    few. A single repeated text does if numbers are expected, or if there are enough different numbers not to be codes.
    """
    accepted = expected.categories if expected is not None else ()
    odd = {text: count for text, count in texts.items() if not has_no_value(text) and text not in accepted}
    rows = sum(odd.values())
    few = len(odd) <= MAX_ODD_TEXTS and rows <= MAX_ODD_SHARE * (rows + numbers)
    repeated = len({text.casefold() for text in odd}) == 1 and rows > 1
    return few or (repeated and (expected is not None or different >= MIN_DISTINCT_NUMBERS))


def _identify(name: str, values: NDArray[np.float64], different: int) -> bool:
    """Tell whether whole numbers are identifiers: running numbers, or nearly all different under such a name."""
    if different <= MIN_DISTINCT_TEXTS:
        return False
    running = different == len(values) and bool((np.diff(values) == 1).all())
    return running or (different > len(values) * 0.95 and _IDENTIFIER_NAME.fullmatch(name) is not None)


def _number_column(
    name: str, wire_type: WireType, texts: Mapping[str, int], missing: int, expected: Column | None
) -> InferredColumn:
    note = f"numbers; taken for missing: {with_counts(texts)}" if texts else "numbers"
    odd = {text for text in texts if not has_no_value(text)}
    # The texts that meant missing before still do: callers may send them.
    odd.update(expected.categories if expected is not None and expected.kind == "numeric" else ())
    column = Column(name, "numeric", wire_type, categories=tuple(sorted(odd)[:MAX_CATEGORIES]))
    return InferredColumn(column, missing, note, is_odd=bool(texts))


def _yes_or_no(texts: Texts) -> InferredColumn | None:
    spellings = {cell.lower() for cell in texts.count_of}
    # At least one whole pair, so that a column of `n` and `t` does not count; spellings of other pairs may be mixed in.
    has_pair = any(spellings.issuperset(pair) for pair in BOOLEANS)
    if not has_pair or not spellings.issubset(chain.from_iterable(BOOLEANS)):
        return None
    return texts.inferred("yes or no", Column(texts.column.name, "boolean"))


def _dates(texts: Texts) -> InferredColumn | None:
    cells = [cell for cell in texts.count_of if not has_no_value(cell)]
    formats = matching_formats(cells)
    missing = texts.rows - sum(map(texts.count_of.__getitem__, cells))
    return as_dates(texts.column.name, formats, missing) if formats else None


def as_dates(name: str, formats: Sequence[str], missing: int) -> InferredColumn:
    """Return the inference that a column holds dates of the first format; all `formats` fit its cells."""
    date_format, *others = formats
    doubt = (
        f"; {' or '.join(others)} would fit as well: if so, state it in the experiment's [columns]" if others else ""
    )
    return InferredColumn(
        Column(name, "date", date_format=date_format), missing, f"dates as {date_format}{doubt}", is_odd=bool(others)
    )


def _identifier(texts: Texts) -> InferredColumn | None:
    if len(texts.count_of) <= max(MIN_DISTINCT_TEXTS, texts.rows // 2):
        return None
    return texts.dropped(IDENTIFIER)


def as_categories(texts: Texts, *, target_encode: bool) -> InferredColumn:
    """Read a column as categories; with very many of them it is target-encoded if `target_encode`."""
    by_count = by_frequency(texts.count_of)
    is_encoded = target_encode and len(by_count) >= MIN_TARGET_ENCODED
    limit = MAX_TARGET_ENCODED_CATEGORIES if is_encoded else MAX_CATEGORIES
    note = counted(len(by_count), "category", "categories")
    if is_encoded:
        note += ", target-encoded"
    if len(by_count) > limit:
        note += f"; the {len(by_count) - limit} rarest count as {'unknown' if is_encoded else 'missing'}"
    kind: Kind = "target-encoded" if is_encoded else "categorical"
    return texts.inferred(note, Column(texts.column.name, kind, categories=tuple(by_count[:limit])))


def by_frequency(counts: Mapping[str, int]) -> list[str]:
    """Return texts in the order of their counts, the most frequent first."""
    return sorted(counts, key=lambda text: (-counts[text], text))


def with_counts(counts: Mapping[str, int]) -> str:
    """Return texts with their counts for a sentence, the most frequent first."""
    return listed([f"{text!r} ({counts[text]:,})" for text in by_frequency(counts)], _SHOWN)
