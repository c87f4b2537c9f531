"""Target encoding for high-cardinality columns, fitted out of fold: a category becomes the mean label of its rows.

Trees cannot split thousands of categories with a few rows each well. A training row gets its number from the rows of
other folds: else a category with one row would leak that row's label.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studio.tables.columns import CodedColumn, Table
from studio.tables.model_column import Column

FOLDS = 5
PRIOR_ROWS = 10.0  # weight of the mean of all rows in each category's mean


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
        # Standardised labels: the mean of all rows is 0, and so is the encoding of an unknown category.
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
