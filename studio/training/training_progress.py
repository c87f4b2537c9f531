"""How far a training is: told tree by tree by the process that trains, read by the studio when a page is shown."""

import ctypes
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Phase(IntEnum):
    """What a training is at; the numbers are what one process writes and another reads."""

    CHOOSING = 1  # how many trees: by rows that are held back, or in folds
    TRAINING = 2
    COMPARING = 3  # the learners, in a cross-validation


# Whoever trains calls it with the phase, how many of its steps are done, and how many they are.
type Report = Callable[[Phase, int, int], None]


@dataclass(frozen=True)
class Progress:
    """How far a training is."""

    phase: Phase
    done: int
    total: int

    def __str__(self) -> str:
        match self.phase:
            case Phase.CHOOSING:
                return f"choosing the number of trees: tree {self.done} of at most {self.total}"
            case Phase.TRAINING:
                return f"training: tree {self.done} of {self.total}"
        return f"cross-validation: model {self.done} of {self.total}"


class SharedProgress:
    """The progress of a process that trains, in memory that it shares with the studio.

    It may be handed to processes that are spawned. All of it is one number of 64 bits, so that no half of it is read.
    """

    _BITS = 24  # of each count

    def __init__(self) -> None:
        self._value = multiprocessing.get_context("spawn").RawValue(ctypes.c_uint64, 0)

    def report(self, phase: Phase, done: int, total: int) -> None:
        """Write how far the training is."""
        self._value.value = (phase << self._BITS | done) << self._BITS | total

    def clear(self) -> None:
        """Forget it: there is no training."""
        self._value.value = 0

    def read(self) -> Progress | None:
        """Return how far the training is; None if there is none, or it has not told yet."""
        value, count = self._value.value, 2**self._BITS
        if not value:
            return None
        return Progress(Phase(value // count**2), value // count % count, value % count)


def silent(_: Phase, __: int, ___: int) -> None:
    """Tell nobody."""


def each_tree(report: Report, phase: Phase) -> Callable[[Any], None]:
    """Return a callback for LightGBM that reports each round of trees."""

    def told(environment: Any) -> None:
        report(phase, environment.iteration + 1, environment.end_iteration)

    return told
