"""Odd behaviour of the original that clients must cope with. Each quirk is a switch, for testing clients."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from studio.errors import SetupError
from studio.tables.csv_text import csv_text, parse_csv

INTEGER_STATUS = "integer-status"
SINGLE_RESULT = "single-result"
OUTPUTS_SWAPPED = "outputs-swapped"
TWO_ROWS = "two-rows"
INFINITE_METRIC = "infinite-metric"
EARLY_SUBMIT = "early-submit"
PLAIN_500 = "plain-500"
THROTTLED_503 = "throttled-503"
SWITCHES = {
    INTEGER_STATUS: "StatusCode is a number: 0 NotStarted, 1 Running, 2 Failed, 3 Cancelled, 4 Finished",
    SINGLE_RESULT: "a finished job has the first generation's single Result (its first output) instead of Results",
    OUTPUTS_SWAPPED: "output1 is the evaluation and output2 the model",
    TWO_ROWS: "evaluations have a second row, as if two scored datasets were compared",
    INFINITE_METRIC: "the evaluation's last column is Infinity",
    EARLY_SUBMIT: "as before version 2.0: jobs URLs need no api-version, and a submit without one starts its job",
}
PERIODIC = {
    PLAIN_500: "every N-th request is answered by a 500 in plain text (N=1: every one)",
    THROTTLED_503: "every N-th request is answered by 503 RequestThrottled (N=1: every one)",
}


class StatusNumber(IntEnum):
    """The states of a job as numbers (protocol 1.6); their order is not that of a job's life."""

    NotStarted = 0
    Running = 1
    Failed = 2
    Cancelled = 3
    Finished = 4


@dataclass(frozen=True)
class Quirks:
    """The switches that are on."""

    on: frozenset[str] = frozenset()
    every: dict[str, int] = field(default_factory=dict)  # of a periodic switch: every how many requests it acts

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Parse switches of the command line: `NAME`, or `NAME=N` for periodic ones.

        Raises:
            SetupError: a switch is unknown, or its number is not positive; all are named.
        """
        on, every, problems = set(), {}, []
        for text in texts:
            name, _, number = text.partition("=")
            if name in SWITCHES and not number:
                on.add(name)
            elif name in PERIODIC and number.isdecimal() and int(number) > 0:
                every[name] = int(number)
            else:
                problems.append(repr(text))
        if problems:
            names = ", ".join([*SWITCHES, *(f"{name}=N" for name in PERIODIC)])
            raise SetupError(f"unknown quirks: {', '.join(problems)}. The quirks are {names}")
        return cls(frozenset(on), every)

    def status(self, state: str) -> str | int:
        """Return a job's state as the `StatusCode` of an answer."""
        return int(StatusNumber[state]) if INTEGER_STATUS in self.on else state

    def evaluation(self, text: str) -> str:
        """Return the evaluation output with the quirks applied."""
        header, rows = parse_csv(text)
        if TWO_ROWS in self.on and len(rows) == 1:
            rows = [rows[0], rows[0]]
        if INFINITE_METRIC in self.on:
            rows = [[*row[:-1], "Infinity"] for row in rows]
        return csv_text([header, *rows])
