"""What a model is: its columns, classes and trees. Plain data, the same in training, in a file and in serving."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from studio.cells import MISSING, parse_number

type Kind = Literal["numeric", "categorical", "ignored"]


@dataclass(frozen=True)
class Column:
    """A feature column of a model: how a cell of it becomes a number."""

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()  # of a categorical column: the text of code 0, 1, ...

    def encoder(self) -> Callable[[str], float]:
        """Return the function from a stripped cell to its number or category code; NaN for missing and unknown."""
        if self.kind == "categorical":
            codes = {category: float(code) for code, category in enumerate(self.categories)}
            return lambda cell: codes.get(cell, math.nan)
        if self.kind == "ignored":
            return lambda _: math.nan
        return _number


def _number(cell: str) -> float:
    number = None if cell in MISSING else parse_number(cell)
    return math.nan if number is None else number


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Model:
    """A trained model. The raw score of a row is the sum of its trees; the log odds of the second class."""

    task: str
    label: str
    classes: tuple[str, str]  # the negative, the positive
    columns: tuple[Column, ...]
    trees: tuple[Tree, ...]
