"""A model as plain data: its columns, classes, and trees or weights. Training, files and serving share it.

A row of a CSV becomes a row of features: one for a column, several for a date, none for an ignored column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from studio.tables.model_column import Column

type Task = Literal["binary", "multiclass", "regression"]


MAX_DEVIATION = 1e100  # of a number from its centre in a linear model; it is clipped there, so scores are finite


@dataclass(frozen=True, slots=True)
class Node:
    """An inner node. A row goes left if its value is at most `split`, or one of the category codes in `split`.

    `left` and `right` are positions of nodes, or -1 - position for leaves.
    """

    feature: int
    split: float | frozenset[int]
    missing_left: bool  # where a missing number goes; a missing category always goes right
    left: int
    right: int


@dataclass(frozen=True)
class Tree:
    """One regression tree: the nodes, children after their parents, and the values of the leaves."""

    nodes: tuple[Node, ...]
    leaves: tuple[float, ...]

    @property
    def depth(self) -> int:
        """The largest number of nodes that a row visits."""
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
    """What a category adds to each raw score; a missing or unknown category adds nothing."""

    weights: tuple[tuple[float, ...], ...]  # by code; one for each raw score


@dataclass(frozen=True)
class Linear:
    """A linear model: an intercept for each raw score, and a term for each feature."""

    intercepts: tuple[float, ...]
    terms: tuple[NumberTerm | CategoryTerm, ...]


@dataclass(frozen=True)
class Model:
    """A trained model.

    Binary: the raw score is the log odds of the second class. Multiclass: one raw score for each class, softmax turns
    them into probabilities, and tree `i` belongs to class `i % len(classes)`. Regression: the prediction is
    `offset + scale * raw score`.
    """

    task: Task
    label: str
    classes: tuple[str, ...]  # binary: the negative, then the positive; empty for a regression
    columns: tuple[Column, ...]
    trees: tuple[Tree, ...] = ()
    linear: Linear | None = None  # instead of trees
    offset: float = 0.0
    scale: float = 1.0
    whole_labels: bool = False  # a regression's labels were whole numbers of 32 bits, so their column is Int32

    @property
    def outputs(self) -> int:
        """How many raw scores a row has."""
        return len(self.classes) if self.task == "multiclass" else 1

    @cached_property
    def features(self) -> tuple[tuple[int, Callable[[str], float]], ...]:
        """The position of each feature's column, and its encoder."""
        return tuple((at, encode) for at, column in enumerate(self.columns) for encode in column.encoders())
