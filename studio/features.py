"""Finds out what each column of a CSV holds, says so, and turns its cells into the numbers that a model learns from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from studio.cells import MISSING, ODD_TEXTS, parse_number
from studio.columns import CodedColumn, DateColumn, DroppedColumn, NumberColumn, Table, TableColumn
from studio.dates import PARTS, form_of
from studio.model import BOOLEANS, Column, Kind
from studio.model_limits import CATEGORY_LIMIT, RATED_LIMIT
from studio.wire_types import WireType, type_of

# Of more categories than these, each becomes a rate (`studio.rates`); where there are more than two classes, the rarest
# beyond the limit are treated as missing.
RATED_FROM = 255
ODD_SHARE = 0.05  # odd texts mean missing if no more than this share of the rows that have a value hold one
FEWEST_DIFFERENT = 20  # a column of fewer distinct texts is never taken for an identifier
type Rows = NDArray[np.float64]  # shape (rows, features)

_INT32 = 2**31
_SHOWN = 3  # examples in a sentence
_IDENTIFIER_NAME = re.compile(
    r"(?i:id|uuid|guid|index|key|row|row.?(number|id|no))|.*([_ .-](?i:id|uuid|guid)|[a-z]I[dD])"
)


@dataclass(frozen=True)
class Finding:
    """What was found in a column, in words for the owner of the data."""

    column: Column
    missing: int  # rows without a value
    note: str
    place: int | None = None  # of a column without a name: its position in the file, from 1

    def __str__(self) -> str:
        place = "" if self.place is None else f" (the file's column {self.place}, without a name)"
        missing = f", {self.missing} missing" if self.missing else ""
        return f"{self.column.name!r}{place}: {self.note}{missing}"


@dataclass(frozen=True)
class _Texts:
    """The cells of a column, counted."""

    column: CodedColumn
    count_of: Mapping[str, int]  # of each cell that is there and not missing

    @property
    def rows(self) -> int:
        return len(self.column.codes)

    @property
    def missing(self) -> int:
        return self.rows - sum(self.count_of.values())

    def found(self, note: str, column: Column) -> Finding:
        return Finding(column, self.missing, note)

    def dropped(self, why: str) -> Finding:
        return self.found(f"dropped: {why}", Column(self.column.name, "ignored", type_of(self.count_of)))


def find_columns(table: Table, label: str, *, rate: bool = False) -> list[Finding]:
    """Return what every column besides the label holds; with `rate` one of very many categories is to be rated."""
    return [
        replace(find_column(column, rate=rate), place=table.unnamed.get(column.name))
        for column in table.columns
        if column.name != label
    ]


def find_column(column: TableColumn, *, rate: bool = False) -> Finding:
    """Decide what a feature column holds.

    Numbers, dates, two spellings of yes and no, or categories. Nothing can be learned from a column that has no value
    or always the same one, nor from identifiers: texts of which nearly every row has another, a running number, or
    numbers that nearly all differ in a column whose name says that it is an identifier.
    """
    match column:
        case DroppedColumn():
            return Finding(Column(column.name, "ignored"), 0, f"dropped: {column.why}")
        case NumberColumn():
            return _find_numbers(column)
        case DateColumn():
            missing = int(np.isnan(column.moments).sum())
            return Finding(*_date_column(column.name, column.form, missing))
    counts = np.bincount(column.codes, minlength=len(column.distinct)).tolist()
    texts = _Texts(
        column,
        {cell: count for cell, count in zip(column.distinct, counts, strict=True) if count and cell not in MISSING},
    )
    tried = (detect(texts) for detect in (_nothing, _numbers, _yes_or_no, _dates, _identifier))
    return next((found for found in tried if found), None) or _categories(texts, rate=rate)


def _nothing(texts: _Texts) -> Finding | None:
    if not texts.count_of:
        return texts.dropped("it has no values")
    if len(texts.count_of) == 1 and not texts.missing:
        return texts.dropped("every row has the same value")
    return None


def _numbers(texts: _Texts) -> Finding | None:
    numbers = {cell: value for cell in texts.count_of if (value := parse_number(cell)) is not None}
    odd = sorted(set(texts.count_of).difference(numbers))
    rows = texts.rows - texts.missing
    if not _mean_missing(odd, sum(texts.count_of[cell] for cell in odd), rows):
        return None
    whole = all(value.is_integer() and -_INT32 <= value < _INT32 for value in numbers.values())
    lookup = np.array([numbers.get(cell, np.nan) for cell in texts.column.distinct])
    if whole and _identify(texts.column.name, lookup[texts.column.codes], len(numbers)):
        return texts.dropped("an identifier: a number for each row")
    plain = not any(set(cell) & set(".eE") for cell in numbers)
    return texts.found(*_number_column(texts.column.name, "Int32" if whole and plain else "Double", odd))


def _find_numbers(column: NumberColumn) -> Finding:
    """Decide about a column of very many different numbers."""
    known = column.values[~np.isnan(column.values)]
    missing, odd = len(column.values) - len(known) - column.odd_rows, sorted(column.odd)
    wire_type: WireType = "Int32" if column.whole else "Double"
    if not _mean_missing(odd, column.odd_rows, len(column.values) - missing):
        mixed = Column(column.name, "ignored")
        return Finding(mixed, missing, f"dropped: numbers and texts ({_listed(odd)}) are mixed")
    if column.whole and _identify(column.name, column.values, len(np.unique(known))):
        named = Column(column.name, "ignored", wire_type)
        return Finding(named, missing, "dropped: an identifier: a number for each row")
    note, found = _number_column(column.name, wire_type, odd)
    return Finding(found, missing, note)


def _mean_missing(odd: Sequence[str], odd_rows: int, rows: int) -> bool:
    return len(odd) <= ODD_TEXTS and odd_rows <= ODD_SHARE * rows


def _identify(name: str, values: NDArray[np.float64], different: int) -> bool:
    """Tell whether whole numbers only name the rows: they count them, or nearly all differ and are called so."""
    if different <= FEWEST_DIFFERENT:
        return False
    running = different == len(values) and bool((np.diff(values) == 1).all())
    return running or (different > len(values) * 0.95 and _IDENTIFIER_NAME.fullmatch(name) is not None)


def _number_column(name: str, wire_type: WireType, odd: Sequence[str]) -> tuple[str, Column]:
    note = f"numbers; taken for missing: {_listed(odd)}" if odd else "numbers"
    return note, Column(name, "numeric", wire_type, categories=tuple(odd))


def _yes_or_no(texts: _Texts) -> Finding | None:
    found = {cell.lower() for cell in texts.count_of}
    # One pair at least, so that a column of `n` and `t` is none; others beside it are the same said in other words.
    if not any(found.issuperset(pair) for pair in BOOLEANS) or not found.issubset(chain.from_iterable(BOOLEANS)):
        return None
    return texts.found("yes or no", Column(texts.column.name, "boolean"))


def _dates(texts: _Texts) -> Finding | None:
    form = form_of(texts.count_of)
    return None if form is None else Finding(*_date_column(texts.column.name, form, texts.missing))


def _date_column(name: str, form: str, missing: int) -> tuple[Column, int, str]:
    return Column(name, "date", form=form), missing, f"dates as {form}"


def _identifier(texts: _Texts) -> Finding | None:
    if len(texts.count_of) <= max(FEWEST_DIFFERENT, texts.rows // 2):
        return None
    return texts.dropped("an identifier: nearly every row has another value")


def _categories(texts: _Texts, *, rate: bool) -> Finding:
    by_count = sorted(texts.count_of, key=lambda cell: (-texts.count_of[cell], cell))
    rated = rate and len(by_count) >= RATED_FROM
    limit = RATED_LIMIT if rated else CATEGORY_LIMIT
    rare = (
        f"; the {len(by_count) - limit} rarest as {'unknown' if rated else 'missing'}" if len(by_count) > limit else ""
    )
    note = f"{len(by_count)} categories{', each as the rate of its rows' if rated else ''}{rare}"
    kind: Kind = "rated" if rated else "categorical"
    return texts.found(note, Column(texts.column.name, kind, categories=tuple(by_count[:limit])))


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(map(repr, cells[:_SHOWN])) + (", …" if len(cells) > _SHOWN else "")


def encode_rows(
    table: Table,
    columns: Sequence[Column],
    parts: Sequence[NDArray[np.bool_]],
    known: Mapping[str, NDArray[np.float64]] | None = None,
) -> list[Rows]:
    """Return the features of each part of the rows: numbers or category codes; NaN for missing and unknown cells.

    The feature of a column in `known`, of shape (rows,), is taken from there.
    """
    width = sum(len(column.encoders()) for column in columns)
    # By columns in memory: each is written at once, and every distinct cell is read once for all parts.
    encoded = [np.empty((int(part.sum()), width), order="F") for part in parts]
    for position, values in enumerate(_features(table, columns, known or {})):
        for rows, part in zip(encoded, parts, strict=True):
            rows[:, position] = values[part]
    return encoded


def _features(
    table: Table, columns: Sequence[Column], known: Mapping[str, NDArray[np.float64]]
) -> Iterator[NDArray[np.float64]]:
    """Yield the features, each of shape (rows,)."""
    by_name = {column.name: column for column in table.columns}
    for column in columns:
        match by_name[column.name]:
            case CodedColumn() if column.name in known:
                yield known[column.name]
            case NumberColumn() as numbers if column.kind == "numeric":
                yield numbers.values
            case DateColumn() as dates if column.kind == "date":
                yield from map(dates.part, PARTS)
            case CodedColumn() as texts:
                yield from (texts.encoded(encode) for encode in column.encoders())
