"""The files of a simulation whose route reads its files: clean, bad, growing, released by a marker, corrected."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.simulation.choices import Choices
from tests.simulation.plan import Plan

HEADER = "age,workclass,income\n"  # the columns of the golden rows, and the label
WIDER = "age,workclass,hours,income\n"  # what the schema does not have, until somebody accepts it
AUC = (0.90, 0.85, 0.95, 0.70, 0.99, 0.91)
AT_S = (0.0, 1.0, 7.0, 31.0, 90.0)
MARKER = ".done"
_AUC = re.compile(r"auc=([\d.]+)")


class Land(Protocol):
    """Writes a version of a file."""

    def __call__(self, name: str, text: str, *, bad: bool = False, appended: bool = False) -> None:
        """Write it; `bad`: it need not be trained on; `appended`: the blob is one that grows."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        bad: whether it cannot be trained on as it is.
        wide: whether it has a column more than the others.
        spell: how its clean text is spelt.
    """

    bad: bool = False
    wide: bool = False
    spell: Callable[[str], str] = str


def _of_other_form(text: str) -> str:
    """Return the file with a text in a column of numbers, which a person may accept."""
    return re.sub(r"(?m)^\d+,", "old,", text, count=1)


def _ragged(text: str) -> str:
    return text + "41,too short\n"


KINDS = (
    Kind(),
    Kind(spell=lambda text: "\ufeff" + text.replace("\n", "\r\n")),
    Kind(spell=lambda text: text + HEADER),  # the header again
    Kind(bad=True, spell=_ragged),
    Kind(bad=True, wide=True),
    Kind(bad=True, spell=lambda _: ""),
    Kind(bad=True, spell=_of_other_form),
)


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the clean rows of a file that was written here, by name."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").splitlines()
    names = lines[0].split(",") if lines else []
    cells = [line.split(",") for line in lines[1:]]
    return [dict(zip(names, row, strict=True)) for row in cells if row != names]


def auc_of(text: str) -> float:
    """Return how good a model of some rows is: the mean of what the rows say."""
    values = [float(value) for value in _AUC.findall(text)]
    return sum(values) / len(values) if values else 0.9


class IntakeFiles:
    """Plans when which file is written."""

    def __init__(self, plan: Plan, choices: Choices, later: Callable[[float, Callable[[], object]], None]) -> None:
        self._plan = plan
        self._choices = choices
        self._later = later
        self.expected = 0  # versions that will be written

    def begin(self, land: Land, release: Callable[[str], None]) -> None:
        """Plan every write; `land` writes a version, `release` writes the marker of a name."""
        for number in range(self._plan.files):
            at_s = AT_S[self._choices.draw("file", len(AT_S))] + number * 0.5
            name = f"census/{number}.csv"
            auc = AUC[self._choices.draw("file", len(AUC))] + number / 1000
            kind = KINDS[self._choices.draw("kind", len(KINDS))] if self._plan.bad else KINDS[0]
            text = kind.spell(clean(number, 0, auc, wide=kind.wide))
            if self._plan.copied and number % 3 == 2:  # the bytes of an earlier file under another name
                text = clean(0, 0, AUC[0])
            if self._plan.growing and number % 2 == 0:
                at_s = self._grow(land, name, at_s, clean(number, 0, auc))
            else:
                self._write(functools.partial(land, name, text, bad=kind.bad), at_s)
            if kind.bad or (self._plan.overwrite and number % 2):
                at_s += (2.0, 0.0, 0.1, 45.0, 200.0)[self._choices.draw("file", 5)]
                self._write(functools.partial(land, name, clean(number, 1, auc + 0.02)), at_s)
            if self._plan.marker:
                self._later(at_s + (3.0, 0.0, 60.0)[self._choices.draw("file", 3)], functools.partial(release, name))

    def _write(self, write: Callable[[], object], at_s: float) -> None:
        self.expected += 1
        self._later(at_s, write)

    def _grow(self, land: Land, name: str, at_s: float, text: str) -> float:
        """Append a file in pieces, with pauses below and above what it must settle."""
        lines = text.splitlines(keepends=True)
        for count in range(1, len(lines) + 1):
            bad = count < len(lines)  # a header without rows, or rows of one class
            self._write(functools.partial(land, name, "".join(lines[:count]), bad=bad, appended=True), at_s)
            if bad:
                at_s += (5.0, 40.0, 90.0)[self._choices.draw("grow", 3)]
        return at_s


def clean(number: int, version: int, auc: float, *, wide: bool = False) -> str:
    """Return the clean text of a file: its rows are like those of no other."""
    age = 20 + number * 2 + version
    more = "40," if wide else ""
    rows = [f"{age},auc={auc:.4f},{more}{label}\n" for label in ("yes", "no")]
    return (WIDER if wide else HEADER) + "".join(rows)
