"""A route's policy: which gates a challenger must pass to be promoted (pure records)."""

from enum import StrEnum
from typing import Any, NamedTuple

from shared.gates.known_metrics import Direction, direction_of

POLICY_VERSION = 2  # raised whenever the same gates would decide otherwise than before

NO_FLOOR = (
    "no gate has a floor, so a model is compared only with the one in service, and with nothing while there is no"
    " champion; give the deciding metric at_least, or at_most where lower is better"
)

_COMPARING = ("min_gain", "min_gain_percent", "max_loss", "max_loss_percent")
BOUNDS = ("at_least", "at_most", *_COMPARING)


class NoChampion(StrEnum):
    """What a route does while nothing is known of the model in service."""

    PROMOTE = "promote"  # every gate's metric must be a finite number; no bound applies
    HOLD = "hold"  # a person decides
    THRESHOLD_ONLY = "threshold-only"  # only `at_least` and `at_most` apply
    COMPARE = "compare"  # with a holdout: the model in service is measured, wherever it came from


class Require(StrEnum):
    """How many gates must pass. A guard (a gate that only limits a loss) must pass in any case."""

    ALL = "all"
    ANY = "any"  # at least one; and no gate may be lost, to the champion, by the gain that it demands


class Gate(NamedTuple):
    """One check of one metric; bounds are in the metric's own unit, or in per cent of the champion's value.

    Attributes:
        min_gain: how much better than the champion the challenger must be, in the metric's direction.
        max_loss: how much worse than the champion it may be.
        direction: which values are better; required for gain and loss if the metric is not a known one.
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
        """Whether it only limits a loss."""
        return all(getattr(self, name) is None for name in BOUNDS if not name.startswith("max_loss"))

    @property
    def has_floor(self) -> bool:
        """Whether it has an absolute bound on the metric's worse side, which refuses a bad model in any comparison."""
        direction = self.direction or direction_of(self.metric)
        return (self.at_least is not None and direction is not Direction.LOWER) or (
            self.at_most is not None and direction is not Direction.HIGHER
        )


class Bootstrap(NamedTuple):
    """How sure a gain must be: the interval of the gain, over `samples` resamples of the rows, must clear the bound."""

    samples: int = 500
    confidence: float = 0.95
    seed: int = 7


class Policy(NamedTuple):
    """The gates of a route, and what else a promotion requires."""

    gates: tuple[Gate, ...]
    no_champion: NoChampion
    require: Require = Require.ALL
    min_rows: int = 0  # minimum of rows that the evaluation scored; 0: the evaluation need not say
    cooldown_s: int = 0  # minimum time between two promotions
    bootstrap: Bootstrap | None = None  # with a holdout: how sure a gain must be

    @property
    def has_floor(self) -> bool:
        """Whether every model that passes has met an absolute bound, and not only a comparison."""
        floors = [gate.has_floor for gate in self.gates if not gate.is_guard]
        return any(floors) if self.require is Require.ALL else bool(floors) and all(floors)

    @property
    def warnings(self) -> list[str]:
        """Weaknesses that a reader of the policy, or of a decision by it, should know."""
        return [] if self.has_floor else [NO_FLOOR]

    def to_json(self) -> dict[str, Any]:
        """Return the policy as a decision record keeps it, without default values."""
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
            kept["bootstrap"] = self.bootstrap._asdict()
        return kept
