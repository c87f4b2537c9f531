"""Columns of very many categories: each category becomes a number, what its rows' labels say on average.

Trees cannot split thousands of categories of a few rows each well. Of a row that is learned from, the number is taken
from the other rows only: else a category of one row would give that row's label away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studio.tables.columns import CodedColumn, Table
from studio.tables.model_column import Column

FOLDS = 5
PRIOR_ROWS = 10.0  # a category of so many rows is trusted as much as the mean of all


@dataclass(frozen=True)
class TargetEncodedColumns:
    """The columns with their encodings, and the feature of each target-encoded one for all rows of the table."""

    columns: tuple[Column, ...]
    features: dict[str, NDArray[np.float64]]


def target_encode(
    table: Table, columns: Sequence[Column], target: NDArray[np.float64], learned: NDArray[np.bool_], seed: int
) -> TargetEncodedColumns:
    """Fit the encodings of every target-encoded column on the labels of the `learned` rows."""
    done, features = [], {}
    for column in columns:
        cells = table[column.name]
        if column.kind != "target-encoded" or not isinstance(cells, CodedColumn):
            done.append(column)
            continue
        position = {category: code for code, category in enumerate(column.categories)}
        lookup = np.array([position.get(cell, -1) for cell in cells.distinct])
        codes = lookup[cells.codes]  # -1 is missing
        rows = np.flatnonzero(learned & (codes >= 0))
        spread = float(target[learned].std()) or 1.0
        # In units of the labels' spread around their mean: 0 says nothing, and is what an unknown category gets.
        centred = (target - target[learned].mean()) / spread
        encodings = _encodings(codes[rows], centred[rows], len(position))
        feature = np.append(encodings, np.nan)[codes]
        fold = np.random.default_rng(seed).permutation(len(rows)) % FOLDS
        for number in range(FOLDS):
            others, own = rows[fold != number], rows[fold == number]
            feature[own] = _encodings(codes[others], centred[others], len(position))[codes[own]]
        done.append(replace(column, encodings=tuple(encodings.tolist())))
        features[column.name] = feature
    return TargetEncodedColumns(tuple(done), features)


def _encodings(codes: NDArray[np.int64], centred: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    sums = np.bincount(codes, weights=centred, minlength=count)
    return np.asarray(sums / (np.bincount(codes, minlength=count) + PRIOR_ROWS))
