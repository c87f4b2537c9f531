"""What a model is: its columns, classes, and trees or weights. Plain data, the same in training, in a file, in serving.

A row of a CSV becomes a row of features: one for a column, several for a date, none for a column that is left out.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from studio.cells import MISSING, has_no_value, parse_number
from studio.dates import PARTS, part_encoder
from studio.wire_types import WireType

type Task = Literal["binary", "multiclass", "regression"]
type Kind = Literal["numeric", "categorical", "rated", "boolean", "date", "ignored"]

FARTHEST = 1e100  # a number in a linear model counts as no farther from the centre: so no score is infinite
BOOLEANS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"))
_TRUTH = {text: float(code) for pair in (*BOOLEANS, ("0", "1")) for code, text in enumerate(pair)}
_HOLDS: dict[Kind, str] = {
    "numeric": "numbers",
    "categorical": "categories",
    "rated": "categories",
    "boolean": "yes or no",
    "ignored": "",
}
SAMPLE_TEXT = "value"  # what the original's sample code has for every text: clients send it, where it may be missing


@dataclass(frozen=True)
class Column:
    """A column besides the label: what its cells are."""

    name: str
    kind: Kind
    type: WireType = "String"  # what answers call it in ColumnTypes
    # Of a categorical column the text of code 0, 1, ...; of a numeric one the texts that stand for missing numbers.
    categories: tuple[str, ...] = ()
    form: str = ""  # of a date column: how it is written, one of `studio.dates.FORMS`
    rates: tuple[float, ...] = ()  # of a rated column: the number of each category; an unknown one has 0
    optional: bool = False  # a request may leave it out: it could when this model was trained

    def encoders(self) -> list[Callable[[str], float]]:
        """Return for each feature of the column the function from a stripped cell; NaN is missing or unknown.

        It raises ValueError for what the column cannot hold: a text where a number, date, or yes and no belong.
        """
        match self.kind:
            case "categorical":
                codes = {category: float(code) for code, category in enumerate(self.categories)}
                return [lambda cell: codes.get(cell, math.nan)]
            case "rated":
                return [_rate_encoder(dict(zip(self.categories, self.rates, strict=True)))]
            case "boolean":
                return [_truth]
            case "date":
                return [_sample_as_missing(part_encoder(self.form, part)) for part in PARTS]
            case "ignored":
                return []
        return [_number_encoder(frozenset(self.categories))]

    @property
    def holds(self) -> str:
        """What requests may have in the column, in words; nothing for a column that nothing is learned from."""
        return f"dates as {self.form}" if self.kind == "date" else _HOLDS[self.kind]

    @property
    def required(self) -> bool:
        """Whether a request must have the column."""
        return self.kind != "ignored" and not self.optional

    @property
    def category_count(self) -> int:
        """How many categories its feature has; 0 for a number."""
        return len(self.categories) if self.kind == "categorical" else 0


def _truth(cell: str) -> float:
    known = _TRUTH.get(cell.lower())
    if known is None and not has_no_value(cell) and cell != SAMPLE_TEXT:
        raise ValueError("is neither yes nor no")
    return math.nan if known is None else known


def _sample_as_missing(encode: Callable[[str], float]) -> Callable[[str], float]:
    return lambda cell: math.nan if cell == SAMPLE_TEXT else encode(cell)


def _rate_encoder(rates: Mapping[str, float]) -> Callable[[str], float]:
    return lambda cell: math.nan if cell in MISSING else rates.get(cell, 0.0)


def _number_encoder(odd: frozenset[str]) -> Callable[[str], float]:
    def encode(cell: str) -> float:
        number = parse_number(cell)
        if number is not None:
            return number
        if cell in odd or has_no_value(cell):
            return math.nan
        raise ValueError("is not a number")

    return encode


@dataclass(frozen=True, slots=True)
class Node:
    """An inner node. A row goes left if its value is at most `split`, or one of the category codes in `split`.

    `left` and `right` are positions of nodes, or of leaves as -1 - position.
    """

    feature: int
    split: float | frozenset[int]
    missing_left: bool  # where a missing number goes; a missing category always goes right
    left: int
    right: int


@dataclass(frozen=True)
class Tree:
    """One regression tree: nodes in an order in which children follow their parents, and the values of the leaves."""

    nodes: tuple[Node, ...]
    leaves: tuple[float, ...]

    @property
    def depth(self) -> int:
        """How many nodes a row visits, at most."""
        visited = [1] * len(self.nodes)
        for position, node in enumerate(self.nodes):
            for child in (node.left, node.right):
                if child >= 0:
                    visited[child] = visited[position] + 1
        return max(visited, default=0)


@dataclass(frozen=True)
class NumberTerm:
    """What a number adds to each raw score: `(value - centre) * weight` (see FARTHEST); a missing one adds nothing."""

    centre: float
    weights: tuple[float, ...]  # one for each raw score


@dataclass(frozen=True)
class CategoryTerm:
    """What a category adds to each raw score; a missing or unknown one adds nothing."""

    weights: tuple[tuple[float, ...], ...]  # by code; each has one for each raw score


@dataclass(frozen=True)
class Linear:
    """A linear model: an intercept for each raw score, and a term for each feature."""

    intercepts: tuple[float, ...]
    terms: tuple[NumberTerm | CategoryTerm, ...]


@dataclass(frozen=True)
class Model:
    """A trained model.

    Binary: the raw score is the log odds of the second class. Multiclass: one raw score a class, of which softmax makes
    probabilities; tree `i` belongs to class `i % len(classes)`. Regression: the prediction is `offset + scale * raw`.
    """

    task: Task
    label: str
    classes: tuple[str, ...]  # binary: the negative, the positive; none for a regression
    columns: tuple[Column, ...]
    trees: tuple[Tree, ...] = ()
    linear: Linear | None = None  # instead of trees
    offset: float = 0.0
    scale: float = 1.0
    whole_labels: bool = False  # a regression's labels were whole numbers of 32 bits, as answers call them then

    @property
    def outputs(self) -> int:
        """How many raw scores a row has."""
        return len(self.classes) if self.task == "multiclass" else 1

    @cached_property
    def features(self) -> tuple[tuple[int, Callable[[str], float]], ...]:
        """For each feature the position of its column, and its encoder."""
        return tuple((at, encode) for at, column in enumerate(self.columns) for encode in column.encoders())


def feature_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return for each feature the column it comes from."""
    return tuple(column for column in columns for _ in column.encoders())
