"""Gates and the decision: is the challenger better than the champion, and why (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.evaluation import Direction, EvaluationReport, direction_of, metric_key

POLICY_VERSION = 1  # rises when the same gates would decide differently than before


class NoChampion(StrEnum):
    """What to do while nothing is known of the model in service."""

    PROMOTE = "promote"  # every metric of a gate must be a finite number, and that is all
    HOLD = "hold"  # a person decides
    THRESHOLD_ONLY = "threshold-only"  # `at_least` and `at_most` apply, gains are left out


class Verdict(StrEnum):
    """What the decision says."""

    PROMOTE = "promote"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One check of one metric. Bounds are absolute, in the metric's own unit."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    min_gain: float | None = None  # how much better than the champion's recorded value, in the metric's direction
    direction: Direction | None = None  # needed for `min_gain` on a metric whose direction is not known by name


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All gates of a route; every one must pass."""

    gates: tuple[Gate, ...]
    no_champion: NoChampion

    def to_json(self) -> dict[str, Any]:
        """Return the policy as a decision record keeps it."""
        names = ("metric", "at_least", "at_most", "min_gain", "direction")
        gates = [
            {name: getattr(gate, name) for name in names if getattr(gate, name) is not None} for gate in self.gates
        ]
        return {"version": POLICY_VERSION, "no_champion": self.no_champion.value, "gates": gates}


@dataclass(frozen=True)
class GateResult:
    """What one gate said, with a sentence that a person understands."""

    metric: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    """The verdict with a reason for every gate."""

    verdict: Verdict
    gates: tuple[GateResult, ...]

    @property
    def reasons(self) -> list[str]:
        """Every gate's sentence, those that failed first."""
        return [gate.reason for gate in sorted(self.gates, key=lambda gate: gate.passed)]

    @property
    def summary(self) -> str:
        """What decided, in one line."""
        decisive = [gate.reason for gate in self.gates if not gate.passed] or [gate.reason for gate in self.gates]
        return "; ".join(decisive)


def decide(champion: Mapping[str, float | None] | None, challenger: EvaluationReport, policy: Policy) -> Decision:
    """Compare the challenger with the champion's recorded metrics (None: nothing is known of the model in service).

    A metric that is missing or not finite never passes, on either side.
    """
    results = tuple(_apply(gate, champion, challenger, policy.no_champion) for gate in policy.gates)
    if not all(result.passed for result in results):
        return Decision(Verdict.REJECT, results)
    if champion is None and policy.no_champion is NoChampion.HOLD:
        return Decision(Verdict.HOLD, results)
    return Decision(Verdict.PROMOTE, results)


def _apply(
    gate: Gate, champion: Mapping[str, float | None] | None, challenger: EvaluationReport, no_champion: NoChampion
) -> GateResult:
    """Apply one gate; the first bound that fails gives the reason."""
    value = challenger.value(gate.metric)
    if value is None:
        state = "is not in the evaluation" if not challenger.has(gate.metric) else "is not a finite number"
        return GateResult(gate.metric, False, f"{gate.metric} {state}, so it cannot pass")
    said = [f"{gate.metric} {value:.4g}"]
    bounds_apply = champion is not None or no_champion is not NoChampion.PROMOTE
    if bounds_apply and gate.at_least is not None:
        if value < gate.at_least:
            return GateResult(gate.metric, False, f"{gate.metric} {value:.4g} is below the required {gate.at_least:g}")
        said.append(f"at least {gate.at_least:g} required")
    if bounds_apply and gate.at_most is not None:
        if value > gate.at_most:
            return GateResult(gate.metric, False, f"{gate.metric} {value:.4g} is above the allowed {gate.at_most:g}")
        said.append(f"at most {gate.at_most:g} allowed")
    if gate.min_gain is not None:
        if champion is None:
            said.append("no champion to compare with")
        else:
            return _compare(gate, gate.min_gain, champion, value, said)
    return GateResult(gate.metric, True, ": ".join([said[0], ", ".join(said[1:]) or "no bound applies"]))


def _compare(
    gate: Gate, min_gain: float, champion: Mapping[str, float | None], value: float, said: list[str]
) -> GateResult:
    """Check the gain against the champion's recorded value."""
    key = metric_key(gate.metric)
    recorded = next((number for name, number in champion.items() if metric_key(name) == key), None)
    if recorded is None or not math.isfinite(recorded):
        return GateResult(
            gate.metric, False, f"the champion has no finite {gate.metric}, so a gain of {min_gain:g} cannot be shown"
        )
    direction = gate.direction or direction_of(gate.metric)
    if direction is None:
        return GateResult(gate.metric, False, f"whether a higher {gate.metric} is better is not known; set `direction`")
    # Rounded far below any meaningful gain, so that 0.83 - 0.80 counts as 0.03 and not as 0.0299999...
    gain = round(value - recorded if direction is Direction.HIGHER else recorded - value, 12)
    how = "equal" if gain == 0 else f"{'better' if gain > 0 else 'worse'} by {abs(gain):.4g}"
    sentence = f"{gate.metric} {value:.4g} against the champion's {recorded:.4g}: {how}, needs {min_gain:+g}"
    bounds = "".join(f", {bound}" for bound in said[1:])
    return GateResult(gate.metric, gain >= min_gain, sentence + bounds)
