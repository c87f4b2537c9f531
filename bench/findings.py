"""What was measured, against its goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.proxy import Exchange


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        goal: what it should be; None where it is only reported.
        limit: what it may be at most; None where that is not asserted (ratios: machines are noisy).
    """

    what: str
    measured: float
    unit: str = "requests"
    goal: float | None = None
    limit: float | None = None

    @property
    def failed(self) -> bool:
        """Whether a count exceeds its limit."""
        return self.limit is not None and self.measured > self.limit

    @property
    def ok(self) -> bool:
        """Whether it is within its limit; where there is none, whether it meets its goal."""
        most = self.goal if self.limit is None else self.limit
        return most is None or self.measured <= most

    @property
    def verdict(self) -> str:
        """The verdict in words; nothing where there is no goal."""
        if self.goal is None:
            return ""
        if self.measured <= self.goal:
            return "met"
        if self.failed:
            return f"exceeded: at most {self.limit:g}"
        return "missed" if self.limit is None else f"within {self.limit:g}"

    def to_json(self) -> dict[str, Any]:
        """Return the row as scripts read it."""
        return {"what": self.what, "goal": self.goal, "measured": self.measured, "unit": self.unit, "ok": self.ok}


@dataclass(frozen=True)
class LeftOut:
    """What could not be measured here, and why."""

    what: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return it as scripts read it, with the members of a row."""
        return {"what": self.what, "goal": None, "measured": None, "unit": "", "ok": False, "left_out": self.why}


@dataclass(frozen=True)
class Journey:
    """The requests of one file on its way, in order, each with the part of the way it belongs to."""

    title: str
    requests: Sequence[tuple[str, Exchange]]
    names: dict[str, str]


@dataclass(frozen=True)
class Findings:
    """All measurements of a benchmark, the journeys that two of them count, and what was left out."""

    rows: Sequence[Row]
    journeys: Sequence[Journey] = ()
    left_out: Sequence[LeftOut] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings([*self.rows, *other.rows], [*self.journeys, *other.journeys], [*self.left_out, *other.left_out])

    @property
    def failed(self) -> bool:
        """Whether any count exceeds its limit."""
        return any(row.failed for row in self.rows)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows, and what was left out, as scripts read them."""
        return [*(row.to_json() for row in self.rows), *(one.to_json() for one in self.left_out)]
