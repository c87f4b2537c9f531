"""What was measured, beside its goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.proxy import Exchange


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        goal: the value to reach; None for a measurement that is only reported.
        limit: the largest value allowed; None where nothing is asserted (ratios: machines are noisy).
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
        """Whether it is within its limit; without a limit, whether it meets its goal."""
        maximum = self.goal if self.limit is None else self.limit
        return maximum is None or self.measured <= maximum

    @property
    def verdict(self) -> str:
        """The verdict in words; empty without a goal."""
        if self.goal is None:
            return ""
        if self.measured <= self.goal:
            return "met"
        if self.failed:
            return f"exceeded: at most {self.limit:g}"
        return "missed" if self.limit is None else f"within {self.limit:g}"

    def to_json(self) -> dict[str, Any]:
        """Return the row for scripts."""
        return {"what": self.what, "goal": self.goal, "measured": self.measured, "unit": self.unit, "ok": self.ok}


@dataclass(frozen=True)
class LeftOut:
    """A service that could not be measured on this machine, and why."""

    what: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return the members of a row, and the reason in `left_out`."""
        return {"what": self.what, "goal": None, "measured": None, "unit": "", "ok": False, "left_out": self.why}


@dataclass(frozen=True)
class PromotionRequests:
    """The requests of one file from landing to promoted, in order, each with the function that made it."""

    title: str
    requests: Sequence[tuple[str, Exchange]]
    names: dict[str, str]


@dataclass(frozen=True)
class Results:
    """All measurements of a benchmark, the promotions that two of them count, and what was left out."""

    rows: Sequence[Row]
    promotions: Sequence[PromotionRequests] = ()
    left_out: Sequence[LeftOut] = ()

    def __add__(self, added: "Results") -> "Results":
        return Results(
            [*self.rows, *added.rows], [*self.promotions, *added.promotions], [*self.left_out, *added.left_out]
        )

    @property
    def failed(self) -> bool:
        """Whether any count exceeds its limit."""
        return any(row.failed for row in self.rows)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows and what was left out, for scripts."""
        return [*(row.to_json() for row in self.rows), *(left_out.to_json() for left_out in self.left_out)]
