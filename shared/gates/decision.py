"""The decision: is the challenger better than the champion by the policy's gates, and why (pure)."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from shared.gates.evaluation_report import EvaluationReport
from shared.gates.known_metrics import Direction, direction_of, in_any_spelling, is_possible, why_impossible
from shared.gates.policy import Bootstrap, Gate, NoChampion, Policy, Require
from shared.plurals import counted
from shared.records.decision import Interval, Verdict
from shared.records.models import Metrics


class GateResult(NamedTuple):
    """The result of one gate, with the reason for people.

    Attributes:
        lost: whether the champion, were it the challenger, would pass this gate's gain.
    """

    metric: str
    passed: bool
    reason: str
    lost: bool = False


class Decision(NamedTuple):
    """The verdict with a reason for every gate; `summary` holds the reasons that decided, in one line."""

    verdict: Verdict
    gates: tuple[GateResult, ...]
    summary: str

    @property
    def reasons(self) -> list[str]:
        """The reason of every gate, failed gates first."""
        return [gate.reason for gate in sorted(self.gates, key=lambda gate: gate.passed)]


def decide(
    champion: Metrics | None,
    challenger: EvaluationReport,
    policy: Policy,
    intervals: Mapping[str, Interval] | None = None,
    rows: int | None = None,
    *,
    after_rollback: bool = False,
) -> Decision:
    """Compare the challenger with the champion's metrics.

    A metric that is missing or not finite never passes, on either side; nor does a gain without its interval, where
    the policy asks for a bootstrap.

    Args:
        champion: the champion's metrics; None if nothing is known of the model in service.
        challenger: the challenger's evaluation.
        policy: the gates.
        intervals: the interval of each metric's gain, where the policy asks for a bootstrap.
        rows: how many rows were scored, if the caller knows better than the evaluation.
        after_rollback: an operator put the model in service. Without its metrics no gain over it can be shown, so a
            policy that asks for gains holds the challenger, whatever its `no_champion` says.
    """
    no_champion_reason = "no champion to compare with"
    if champion is None and after_rollback and policy.no_champion is not NoChampion.COMPARE:
        holds = any(gate.compares for gate in policy.gates) or policy.no_champion is NoChampion.HOLD
        policy = policy._replace(no_champion=NoChampion.HOLD if holds else NoChampion.THRESHOLD_ONLY)
        no_champion_reason = "the metrics of the model that an operator went back to are not known"
    results = [
        _apply(gate, champion, challenger, policy, intervals or {}, no_champion_reason=no_champion_reason)
        for gate in policy.gates
    ]
    deciding = [result for gate, result in zip(policy.gates, results, strict=True) if not gate.is_guard]
    if policy.min_rows:
        results.append(_row_count_result(challenger.examples if rows is None else rows, policy.min_rows))
    failed = [result for result in results if not result.passed]
    decisive = failed
    guards_hold = all(result in deciding for result in failed)
    if policy.require is Require.ANY and guards_hold and any(result.passed for result in deciding):
        # Otherwise two models, each better in one metric, would replace each other for ever.
        decisive = [result for result in deciding if result.lost]
    if decisive:
        return Decision(Verdict.REJECT, tuple(results), _summary(decisive))
    verdict = Verdict.HOLD if champion is None and policy.no_champion is NoChampion.HOLD else Verdict.PROMOTE
    return Decision(verdict, tuple(results), _summary([result for result in results if result.passed]))


def _summary(results: list[GateResult]) -> str:
    return "; ".join(result.reason for result in results)


def _row_count_result(rows: int | None, minimum: int) -> GateResult:
    if rows is None:
        return GateResult(
            "rows", False, f"the evaluation does not say how many rows it scored: at least {minimum} required"
        )
    evaluated = f"{counted(rows, 'row was', 'rows were')} evaluated"
    return GateResult("rows", rows >= minimum, f"{evaluated}: at least {minimum} required")


def _apply(
    gate: Gate,
    champion: Metrics | None,
    challenger: EvaluationReport,
    policy: Policy,
    intervals: Mapping[str, Interval],
    *,
    no_champion_reason: str,
) -> GateResult:
    """Apply one gate; the first bound that fails gives the reason.

    `no_champion_reason` is added where the gate compares and there is no champion.
    """
    no_champion = policy.no_champion
    metric, value = gate.metric, challenger.value(gate.metric)
    if value is None:
        return GateResult(metric, False, f"{challenger.why_none(metric)}, so it cannot pass")
    bounds: list[str] = []
    if champion is not None or no_champion is not NoChampion.PROMOTE:
        if gate.at_least is not None:
            if value < gate.at_least:
                return GateResult(metric, False, f"{metric} {value:.4g} is below the required {gate.at_least:g}")
            bounds.append(f"at least {gate.at_least:g} required")
        if gate.at_most is not None:
            if value > gate.at_most:
                return GateResult(metric, False, f"{metric} {value:.4g} is above the allowed {gate.at_most:g}")
            bounds.append(f"at most {gate.at_most:g} allowed")
    if gate.compares and champion is not None:
        return _compare(gate, champion, value, bounds, _required_interval(gate, policy.bootstrap, intervals))
    if gate.compares and no_champion is NoChampion.COMPARE:
        return GateResult(metric, False, f"{metric} {value:.4g}: the model in service was not measured")
    if gate.compares:
        bounds.append(no_champion_reason)
    return GateResult(metric, True, f"{metric} {value:.4g}: {', '.join(bounds) or 'no bound applies'}")


def _required_interval(
    gate: Gate, bootstrap: Bootstrap | None, intervals: Mapping[str, Interval]
) -> Interval | str | None:
    """Return the interval that must clear the gain; None if the point value decides; why it fails if there is none."""
    if bootstrap is None or (gate.min_gain is None and gate.min_gain_percent is None):
        return None
    interval = in_any_spelling(intervals, gate.metric)
    if interval is None:
        return f"no bootstrap interval was computed for {gate.metric}, so its gain cannot be confirmed"
    if interval.confidence != bootstrap.confidence:
        return (
            f"the bootstrap interval of {gate.metric} was computed with {100 * interval.confidence:g} % confidence"
            f" instead of {100 * bootstrap.confidence:g} %, so its gain cannot be confirmed"
        )
    return interval


def _compare(
    gate: Gate, champion: Metrics, value: float, absolute_bounds: list[str], interval: Interval | str | None
) -> GateResult:
    """Check gain and loss against the champion's value."""
    metric = gate.metric
    recorded = in_any_spelling(champion, metric)
    if recorded is None or not math.isfinite(recorded) or not is_possible(metric, recorded):
        what = "that it is no worse" if gate.is_guard else f"a gain of {_demanded_gain(gate)}"
        state = f"the champion has no finite {metric}"
        if recorded is not None and math.isfinite(recorded):
            state = f"the champion's {why_impossible(metric, recorded)}"
        return GateResult(metric, False, f"{state}, so {what} cannot be shown")
    direction = gate.direction or direction_of(metric)
    if direction is None:
        return GateResult(metric, False, f"the direction of {metric} is not known: set direction in routes.toml")
    if isinstance(interval, str):
        return GateResult(metric, False, interval)
    gain = _gain(direction, recorded, value)
    low, high = _gain_interval(direction, interval, gain)
    comparison = "equal"
    if gain != 0:
        comparison = f"{'better' if gain > 0 else 'worse'} by {abs(gain):.4g}"
    if interval is not None:
        comparison += f" ({100 * interval.confidence:g} % sure: {low:+.4g} to {high:+.4g})"
    relative_bounds = _bounds(gate, recorded)
    texts = [comparison, *(bound.text for bound in relative_bounds), *absolute_bounds]
    sentence = f"{metric} {value:.4g} against the champion's {recorded:.4g}: {', '.join(texts)}"
    demands_gain = gate.min_gain is not None or gate.min_gain_percent is not None
    lost = demands_gain and high < 0 and all(bound.holds(-gain, -high) for bound in _bounds(gate, value))
    return GateResult(metric, all(bound.holds(gain, low) for bound in relative_bounds), sentence, lost)


def _gain_interval(direction: Direction, interval: Interval | None, gain: float) -> tuple[float, float]:
    """Return the lowest and the highest gain that the interval allows, better counted as positive."""
    if interval is None:
        return gain, gain
    return (interval.low, interval.high) if direction is Direction.HIGHER else (-interval.high, -interval.low)


def _gain(direction: Direction, old: float, new: float) -> float:
    """Return by how much `new` is better; rounded, so that 0.83 - 0.80 counts as 0.03 and not as 0.0299999..."""
    return round(new - old if direction is Direction.HIGHER else old - new, 12)


def _demanded_gain(gate: Gate) -> str:
    absolute = f"{gate.min_gain:g}" if gate.min_gain is not None else ""
    relative = f"{gate.min_gain_percent:g} %" if gate.min_gain_percent is not None else ""
    return " and ".join(filter(None, (absolute, relative)))


class _Bound(NamedTuple):
    """One bound of gain or loss: its text, the minimum gain, and whether the low end of the interval must reach it."""

    text: str
    minimum: float
    by_interval: bool

    def holds(self, gain: float, low: float) -> bool:
        return (low if self.by_interval else gain) >= self.minimum


def _bounds(gate: Gate, old: float) -> list[_Bound]:
    """Return every bound of gain and loss against the value `old`."""
    bounds: list[_Bound] = []
    if gate.min_gain is not None:
        bounds.append(_Bound(f"needs {gate.min_gain:+g}", gate.min_gain, True))
    if gate.min_gain_percent is not None:
        minimum = round(abs(old) * gate.min_gain_percent / 100, 12)
        if minimum == 0 and gate.min_gain_percent > 0:
            minimum = math.ulp(0.0)  # any percentage of 0 is 0: every improvement passes, no change does not
        bounds.append(_Bound(f"needs {gate.min_gain_percent:+g} % ({minimum:+.4g})", minimum, True))
    if gate.max_loss is not None:
        bounds.append(_Bound(f"may lose {gate.max_loss:g}", -gate.max_loss, False))
    if gate.max_loss_percent is not None:
        maximum = round(abs(old) * gate.max_loss_percent / 100, 12)
        bounds.append(_Bound(f"may lose {gate.max_loss_percent:g} % ({maximum:.4g})", -maximum, False))
    return bounds
