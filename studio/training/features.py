"""Turns the columns of a table into features, the numbers that a model learns from."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from studio.tables.columns import CodedColumn, DateColumn, NumberColumn, Table
from studio.tables.dates import DATE_PARTS
from studio.tables.model_column import Column

type Rows = NDArray[np.float64]  # shape (rows, features)

NOTHING_COMPUTED: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


def encode_rows(
    table: Table,
    columns: Sequence[Column],
    parts: Sequence[NDArray[np.bool_]],
    computed: Mapping[str, NDArray[np.float64]] = NOTHING_COMPUTED,
) -> list[Rows]:
    """Return the features of each part of the rows: numbers or category codes, NaN for missing and unknown cells.

    The feature of a column in `computed`, of shape (rows,), is taken from there.
    """
    width = sum(len(column.encoders()) for column in columns)
    # Column-major: each column is written at once, and every distinct cell is encoded once for all parts.
    encoded = [np.empty((int(part.sum()), width), order="F") for part in parts]
    for position, values in enumerate(_features(table, columns, computed)):
        for rows, part in zip(encoded, parts, strict=True):
            rows[:, position] = values[part]
    return encoded


def _features(
    table: Table, columns: Sequence[Column], computed: Mapping[str, NDArray[np.float64]]
) -> Iterator[NDArray[np.float64]]:
    """Yield the features, each of shape (rows,)."""
    by_name = {column.name: column for column in table.columns}
    for column in columns:
        match by_name[column.name]:
            case CodedColumn() if column.name in computed:
                yield computed[column.name]
            case NumberColumn() as numbers if column.kind == "numeric":
                yield numbers.values
            case DateColumn() as dates if column.kind == "date":
                yield from map(dates.part, DATE_PARTS)
            case CodedColumn() as texts:
                yield from (texts.encoded(encode) for encode in column.encoders())
