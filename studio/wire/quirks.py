"""The odd ways of the original that a client must live with, each of them a switch: for testing clients."""

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
    """The states of a job as numbers (protocol 1.6): not in the order in which they are passed."""

    NotStarted = 0
    Running = 1
    Failed = 2
    Cancelled = 3
    Finished = 4


@dataclass(frozen=True)
class Quirks:
    """Which switches are on."""

    on: frozenset[str] = frozenset()
    every: dict[str, int] = field(default_factory=dict)  # of the counted ones: each how many-th request

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Read switches as the command line spells them: `NAME`, or `NAME=N` for those that count requests.

        Raises:
            SetupError: names every one that is not known or has no sound number.
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
            raise SetupError(f"unknown quirks {', '.join(problems)}; known are {names}")
        return cls(frozenset(on), every)

    def status(self, state: str) -> str | int:
        """Return a job's state as `StatusCode` tells it."""
        return int(StatusNumber[state]) if INTEGER_STATUS in self.on else state

    def evaluation(self, text: str) -> str:
        """Return the evaluation output as it is to be written."""
        header, rows = parse_csv(text)
        if TWO_ROWS in self.on and len(rows) == 1:
            rows = [rows[0], rows[0]]
        if INFINITE_METRIC in self.on:
            rows = [[*row[:-1], "Infinity"] for row in rows]
        return csv_text([header, *rows])
