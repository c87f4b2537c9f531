"""A route's policy: which gates a challenger must pass to be promoted (pure records)."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from shared.gates.known_metrics import Direction, direction_of

POLICY_VERSION = 2  # rises when the same gates would decide differently than before

NO_FLOOR = (
    "no gate has a floor, so a model is compared only with the one in service, and with nothing while there is no"
    " champion; give the deciding metric at_least, or at_most where lower is better"
)

_COMPARING = ("min_gain", "min_gain_percent", "max_loss", "max_loss_percent")
BOUNDS = ("at_least", "at_most", *_COMPARING)


class NoChampion(StrEnum):
    """What to do while nothing is known of the model in service."""

    PROMOTE = "promote"  # every metric of a gate must be a finite number, and that is all
    HOLD = "hold"  # a person decides
    THRESHOLD_ONLY = "threshold-only"  # `at_least` and `at_most` apply, gains and losses are left out
    COMPARE = "compare"  # with a holdout: the model in service is measured, whoever put it there


class Require(StrEnum):
    """How many gates must pass. A guard (a gate that only limits a loss) must pass in any case."""

    ALL = "all"
    ANY = "any"  # one at least, and none may be lost to the champion by as much as it asks for


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One check of one metric. Bounds are in the metric's own unit, or in per cent of the champion's value.

    Attributes:
        min_gain: how much better than the champion the challenger must be, in the metric's direction.
        max_loss: how much worse than the champion it may be.
        direction: which values are better; needed for gain and loss where the metric's name does not tell.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    min_gain: float | None = None
    min_gain_percent: float | None = None
    max_loss: float | None = None
    max_loss_percent: float | None = None
    direction: Direction | None = None

    @property
    def compares(self) -> bool:
        """Whether it needs the champion's value."""
        return any(getattr(self, name) is not None for name in _COMPARING)

    @property
    def is_guard(self) -> bool:
        """Whether it does nothing but limit a loss."""
        return all(getattr(self, name) is None for name in BOUNDS if not name.startswith("max_loss"))

    @property
    def has_floor(self) -> bool:
        """Whether it refuses a bad model whatever it is compared with: by the bound on the metric's worse side."""
        direction = self.direction or direction_of(self.metric)
        return (self.at_least is not None and direction is not Direction.LOWER) or (
            self.at_most is not None and direction is not Direction.HIGHER
        )


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """How sure a gain must be: rows are drawn anew `samples` times, and the interval of the gain must clear it."""

    samples: int = 500
    confidence: float = 0.95
    seed: int = 7


@dataclass(frozen=True)
class Interval:
    """Between what a gain (challenger's value less champion's, in the metric's own unit) lies, how surely."""

    low: float
    high: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All gates of a route, and what else a promotion asks for."""

    gates: tuple[Gate, ...]
    no_champion: NoChampion
    require: Require = Require.ALL
    min_rows: int = 0  # rows that the evaluation must have scored at least; 0: it need not tell
    cooldown_s: int = 0  # after a promotion the next one waits so long
    bootstrap: Bootstrap | None = None  # with a holdout: the gain itself must be sure

    @property
    def has_floor(self) -> bool:
        """Whether every model that passes has met an absolute bound, not only the comparison with another model."""
        floors = [gate.has_floor for gate in self.gates if not gate.is_guard]
        return any(floors) if self.require is Require.ALL else bool(floors) and all(floors)

    @property
    def warnings(self) -> list[str]:
        """What a person should know who reads the policy, or a decision by it."""
        return [] if self.has_floor else [NO_FLOOR]

    def to_json(self) -> dict[str, Any]:
        """Return the policy as a decision record keeps it: what is usual is left out."""
        gates = [
            {name: getattr(gate, name) for name in ("metric", *BOUNDS, "direction") if getattr(gate, name) is not None}
            for gate in self.gates
        ]
        kept: dict[str, Any] = {"version": POLICY_VERSION, "no_champion": self.no_champion.value, "gates": gates}
        if self.require is not Require.ALL:
            kept["require"] = self.require.value
        if self.min_rows:
            kept["min_rows"] = self.min_rows
        if self.cooldown_s:
            kept["cooldown_s"] = self.cooldown_s
        if self.bootstrap is not None:
            kept["bootstrap"] = asdict(self.bootstrap)
        return kept
