"""The progress of a training: the training process reports each tree, and the studio's pages read it."""

import ctypes
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Phase(IntEnum):
    """The phases of a training; one process writes their numbers, another reads them."""

    CHOOSING = 1  # the number of trees, by held-back rows or cross-validation
    TRAINING = 2
    COMPARING = 3  # the learners, by cross-validation


# Called with the phase, the number of finished steps in it, and the number of all its steps.
type Report = Callable[[Phase, int, int], None]


@dataclass(frozen=True)
class Progress:
    """The progress of a training."""

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

    It can be passed to spawned processes. It is one number of 64 bits, so no reader sees half of an update.
    """

    _BITS = 24  # of each count

    def __init__(self) -> None:
        self._value = multiprocessing.get_context("spawn").RawValue(ctypes.c_uint64, 0)

    def report(self, phase: Phase, done: int, total: int) -> None:
        """Write the progress."""
        self._value.value = (phase << self._BITS | done) << self._BITS | total

    def clear(self) -> None:
        """Clear the progress at the end of a training."""
        self._value.value = 0

    def read(self) -> Progress | None:
        """Return the progress; None without a training, or before its first report."""
        value, count = self._value.value, 2**self._BITS
        if not value:
            return None
        return Progress(Phase(value // count**2), value // count % count, value % count)


def ignore_progress(_: Phase, __: int, ___: int) -> None:
    """Report nothing."""


def each_tree(report: Report, phase: Phase) -> Callable[[Any], None]:
    """Return a callback for LightGBM that reports each round of trees."""

    def report_round(environment: Any) -> None:
        report(phase, environment.iteration + 1, environment.end_iteration)

    return report_round
