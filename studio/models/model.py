"""What a model is: its columns, classes, and trees or weights. Plain data, the same in training, in a file, in serving.

A row of a CSV becomes a row of features: one for a column, several for a date, none for a column that is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from studio.tables.model_column import Column

type Task = Literal["binary", "multiclass", "regression"]


MAX_DEVIATION = 1e100  # a number in a linear model counts as no farther from the centre: so no score is infinite


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
    """What a number adds to each raw score: `(value - centre) * weight` (MAX_DEVIATION), 0 if missing."""

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
