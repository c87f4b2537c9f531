"""Scores rows with a model: the same raw scores, to the last bit, as the library that trained it.

A few rows are scored in plain Python, many rows with arrays: by `studio.scoring.quickscorer` where the trees are small
enough, else by the native library.
"""

import math
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.errors import StudioError
from studio.json_values import r_number, share_text
from studio.models.model import Model
from studio.scoring.lightgbm_scorer import LightGbmScorer
from studio.scoring.linear_scores import linear_scores, row_linear_scores
from studio.scoring.quickscorer import QuickScorer, fits_masks
from studio.scoring.request_columns import request_columns
from studio.tables.cell_parsing import parse_numbers
from studio.words import shortened

MAX_EXPONENT = 709.0  # a larger one overflows `exp`; the probability is 0 there
MIN_LIBRARY_ROWS = 5000  # scoring them one by one takes longer than loading the library
MIN_BATCH_ROWS = 8  # measured with 100 trees: a row takes 25 us; a batch takes 100 us, and 2 us for each row
_MIN_REPEATS = 4  # cells that repeat this often on average are faster to look up than to parse

type Rows = NDArray[np.float64]  # shape (rows, features)


class CellError(StudioError):
    """Cells of a row that their columns cannot hold."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))


def quoted(cell: str) -> str:
    """Return a cell for an error: quoted, and cut to the length of a line."""
    return repr(shortened(cell))


class Scorer:
    """A model prepared for scoring. A request keeps one scorer, so that one model scores all its rows."""

    def __init__(self, model: Model, file: Path | None = None) -> None:
        """`file`: where the model was read from; another process may read it there as well."""
        self.model = model
        self.file = file
        # Callers repeat the column names. Wrong names raise, so they are not cached.
        self.columns_of = lru_cache(8)(partial(request_columns, model))
        self._features = model.features
        self._outputs = range(model.outputs)
        self._linear = model.linear
        self._quickscorer = QuickScorer(model) if fits_masks(model) else None
        # For trees that are too large for QuickScorer: parallel tuples, which are faster to walk than node objects.
        self._trees = [
            (
                number % model.outputs,
                tuple(node.feature for node in tree.nodes),
                tuple(0.0 if isinstance(node.split, frozenset) else node.split for node in tree.nodes),
                tuple(
                    frozenset(map(float, node.split)) if isinstance(node.split, frozenset) else None
                    for node in tree.nodes
                ),
                tuple(node.missing_left for node in tree.nodes),
                tuple(node.left for node in tree.nodes),
                tuple(node.right for node in tree.nodes),
                tree.leaves,
            )
            for number, tree in enumerate(() if self._quickscorer else model.trees)
        ]
        self._lightgbm = LightGbmScorer(model)
        # The cost of a row: trees looked up, or nodes visited and leaves added, or weights added.
        trees = len(model.trees) if self._quickscorer else sum(tree.depth + 1 for tree in model.trees)
        self.cost = trees + len(self._features) * model.outputs

    def features(self, cells: Sequence[str]) -> list[float]:
        """Return a row's features; `cells` are stripped, one for each column of the model.

        Raises:
            CellError: some cells are not what their columns hold; all are named.
        """
        try:
            return [encode(cells[position]) for position, encode in self._features]
        except ValueError:
            raise CellError(self._problems(cells)) from None

    def batch_features(self, columns: Sequence[Sequence[str]]) -> Rows:
        """Return the features of many rows; `columns` has the unstripped cells of each column of the model.

        Raises:
            ValueError: a cell is not what its column holds; `features` names it.
        """
        rows = np.empty((len(columns[0]), len(self._features)), order="F")
        for feature, (position, encode) in enumerate(self._features):
            cells = columns[position]
            distinct = set(cells)
            numbers = None
            if self.model.columns[position].kind == "numeric" and len(distinct) > len(cells) // _MIN_REPEATS:
                numbers = parse_numbers(cells)
            if numbers is None:  # each distinct cell is parsed once
                number_of = {cell: encode(cell.strip()) for cell in distinct}
                numbers = np.fromiter(map(number_of.__getitem__, cells), np.float64, len(cells))
            rows[:, feature] = numbers
        return rows

    def _problems(self, cells: Sequence[str]) -> list[str]:
        problems = {}
        for position, encode in self._features:
            try:
                encode(cells[position])
            except ValueError as error:
                name = self.model.columns[position].name
                problems[name] = f"{quoted(cells[position])} in column {name!r} {error}"
        return list(problems.values())

    def raw_scores(self, row: Sequence[float]) -> list[float]:
        """Return the raw scores of a row of features, NaN where one is missing."""
        if self._quickscorer is not None:
            return self._quickscorer.raw_scores(row)
        if self._linear is not None:
            return row_linear_scores(self._linear, row)
        scores = [0.0 for _ in self._outputs]
        for output, features, limits, codes, missing_left, left, right, leaves in self._trees:
            at = 0 if features else -1
            while at >= 0:
                value = row[features[at]]
                left_codes = codes[at]
                if left_codes is not None:
                    at = left[at] if value in left_codes else right[at]
                elif value <= limits[at] or (missing_left[at] and value != value):  # noqa: PLR0124 (NaN, and fast)
                    at = left[at]
                else:
                    at = right[at]
            scores[output] += leaves[-1 - at]
        return scores

    def batch_raw_scores(self, rows: Rows) -> Rows:
        """Return the raw scores of many rows, shape (rows, outputs); every way of scoring gives the same bits."""
        if len(rows) >= MIN_BATCH_ROWS:
            if self._quickscorer is not None:
                return self._quickscorer.batch_raw_scores(rows)
            if self._linear is not None:
                return linear_scores(self._linear, rows)
            if self.model.trees:
                scores = self._lightgbm.raw_scores(rows, wait=len(rows) >= MIN_LIBRARY_ROWS)
                if scores is not None:
                    return scores
        return np.array([self.raw_scores(row) for row in rows.tolist()]).reshape(len(rows), len(self._outputs))

    def batch_output_cells(self, rows: Rows) -> list[list[str]]:
        """Return the cells of `added_columns` for each row of features."""
        scores = self.batch_raw_scores(rows).tolist()
        if self.model.task != "binary":
            return list(map(self.output_cells, scores))
        no, yes = self.model.classes
        probabilities = [positive_probability(score) for (score,) in scores]
        return [[yes if probability > 0.5 else no, share_text(probability)] for probability in probabilities]

    def output_cells(self, raw: Sequence[float]) -> list[str]:
        """Return the cells of `added_columns` for the raw scores of a row."""
        if self.model.task == "binary":
            probability = positive_probability(raw[0])
            return [self.model.classes[probability > 0.5], share_text(probability)]
        if self.model.task == "multiclass":
            likely = max(self._outputs, key=raw.__getitem__)
            return [*map(share_text, class_probabilities(raw)), self.model.classes[likely]]
        return [r_number(prediction(self.model, raw[0]))]


def positive_probability(raw_score: float) -> float:
    """Turn log odds into a probability."""
    if raw_score < -MAX_EXPONENT:
        return 0.0
    return 1.0 / (1.0 + math.exp(-raw_score))


def class_probabilities(raw_scores: Sequence[float]) -> list[float]:
    """Turn one raw score a class into probabilities (softmax)."""
    highest = max(raw_scores)
    shares = [math.exp(score - highest) for score in raw_scores]
    total = math.fsum(shares)
    return [share / total for share in shares]


def prediction(model: Model, raw_score: float) -> float:
    """Return what a regression model predicts."""
    return model.offset + model.scale * raw_score
