"""The decision: is the challenger better than the champion by the policy's gates, and why (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.gates.evaluation_report import EvaluationReport
from shared.gates.known_metrics import Direction, direction_of, is_possible, metric_key, why_impossible
from shared.gates.policy import Bootstrap, Gate, Interval, NoChampion, Policy, Require
from shared.plurals import counted

type Metrics = Mapping[str, float | None]


class Verdict(StrEnum):
    """What the decision says."""

    PROMOTE = "promote"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True)
class GateResult:
    """What one gate said, with a sentence that a person understands.

    Attributes:
        lost: whether the champion, as a challenger, would pass this gate's gain against the challenger.
    """

    metric: str
    passed: bool
    reason: str
    lost: bool = False


@dataclass(frozen=True)
class Decision:
    """The verdict with a reason for every gate; `summary` is what decided, in one line."""

    verdict: Verdict
    gates: tuple[GateResult, ...]
    summary: str

    @property
    def reasons(self) -> list[str]:
        """Every gate's sentence, those that failed first."""
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
    """Compare the challenger with the champion's metrics (None: nothing is known of the model in service).

    `after_rollback` says that an operator put that model in service: no gain over it can be shown as long as its
    metrics are not known, so a policy that asks for gains holds the challenger, whatever its `no_champion` says.

    `intervals` are those of the gains, by metric, where the policy asks for a bootstrap; `rows` is how many rows were
    scored, where the caller knows better than the evaluation. A metric that is missing or not finite never passes, on
    either side; nor does a gain whose interval is not known.
    """
    lacking = "no champion to compare with"
    if champion is None and after_rollback and policy.no_champion is not NoChampion.COMPARE:
        asks = any(gate.compares for gate in policy.gates) or policy.no_champion is NoChampion.HOLD
        policy = replace(policy, no_champion=NoChampion.HOLD if asks else NoChampion.THRESHOLD_ONLY)
        lacking = "the metrics of the model that an operator went back to are not known"
    results = [_apply(gate, champion, challenger, policy, intervals or {}, lacking=lacking) for gate in policy.gates]
    others = [one for gate, one in zip(policy.gates, results, strict=True) if not gate.is_guard]
    if policy.min_rows:
        results.append(_enough_rows(challenger.examples if rows is None else rows, policy.min_rows))
    failed = [one for one in results if not one.passed]
    decisive = failed
    if policy.require is Require.ANY and all(one in others for one in failed):
        # Two models of which each is better in something would else replace each other for ever.
        decisive = [one for one in others if one.lost] if any(one.passed for one in others) else failed
    if decisive:
        return Decision(Verdict.REJECT, tuple(results), _said(decisive))
    verdict = Verdict.HOLD if champion is None and policy.no_champion is NoChampion.HOLD else Verdict.PROMOTE
    return Decision(verdict, tuple(results), _said([one for one in results if one.passed]))


def _said(results: list[GateResult]) -> str:
    return "; ".join(one.reason for one in results)


def interval_of(metric: str, intervals: Mapping[str, Interval]) -> Interval | None:
    """Return the interval of a metric, in whatever spelling."""
    key = metric_key(metric)
    return next((one for name, one in intervals.items() if metric_key(name) == key), None)


def _enough_rows(told: int | None, least: int) -> GateResult:
    if told is None:
        return GateResult("rows", False, f"the evaluation does not tell how many rows it scored, {least} are required")
    return GateResult(
        "rows", told >= least, f"{counted(told, 'row was', 'rows were')} evaluated: at least {least} required"
    )


def _apply(
    gate: Gate,
    champion: Metrics | None,
    challenger: EvaluationReport,
    policy: Policy,
    intervals: Mapping[str, Interval],
    *,
    lacking: str,
) -> GateResult:
    """Apply one gate; the first bound that fails gives the reason, `lacking` is said where there is no champion."""
    no_champion = policy.no_champion
    metric, value = gate.metric, challenger.value(gate.metric)
    if value is None:
        return GateResult(metric, False, f"{challenger.why_none(metric)}, so it cannot pass")
    said: list[str] = []
    if champion is not None or no_champion is not NoChampion.PROMOTE:
        if gate.at_least is not None:
            if value < gate.at_least:
                return GateResult(metric, False, f"{metric} {value:.4g} is below the required {gate.at_least:g}")
            said.append(f"at least {gate.at_least:g} required")
        if gate.at_most is not None:
            if value > gate.at_most:
                return GateResult(metric, False, f"{metric} {value:.4g} is above the allowed {gate.at_most:g}")
            said.append(f"at most {gate.at_most:g} allowed")
    if gate.compares and champion is not None:
        return _compared(gate, champion, value, said, _sure(gate, policy.bootstrap, intervals))
    if gate.compares and no_champion is NoChampion.COMPARE:
        return GateResult(metric, False, f"{metric} {value:.4g}: the model in service was not measured")
    if gate.compares:
        said.append(lacking)
    return GateResult(metric, True, f"{metric} {value:.4g}: {', '.join(said) or 'no bound applies'}")


def _sure(gate: Gate, asked: Bootstrap | None, intervals: Mapping[str, Interval]) -> Interval | str | None:
    """Return the interval that a gain must clear; None if the point counts; a sentence if the interval is not known."""
    if asked is None or (gate.min_gain is None and gate.min_gain_percent is None):
        return None
    found = interval_of(gate.metric, intervals)
    if found is None:
        return f"how sure a gain in {gate.metric} is was not measured, so it cannot be shown"
    if found.confidence != asked.confidence:
        return (
            f"how sure a gain in {gate.metric} is was measured at {100 * found.confidence:g} %, not at"
            f" {100 * asked.confidence:g} %, so it cannot be shown"
        )
    return found


def _compared(gate: Gate, champion: Metrics, value: float, said: list[str], sure: Interval | str | None) -> GateResult:
    """Check gain and loss against the champion's value."""
    metric, key = gate.metric, metric_key(gate.metric)
    recorded = next((number for name, number in champion.items() if metric_key(name) == key), None)
    if recorded is None or not math.isfinite(recorded) or not is_possible(metric, recorded):
        what = "that it is no worse" if gate.is_guard else f"a gain of {_wanted(gate)}"
        state = f"the champion has no finite {metric}"
        if recorded is not None and math.isfinite(recorded):
            state = f"the champion's {why_impossible(metric, recorded)}"
        return GateResult(metric, False, f"{state}, so {what} cannot be shown")
    direction = gate.direction or direction_of(metric)
    if direction is None:
        return GateResult(metric, False, f"whether a higher {metric} is better is not known; set `direction`")
    if isinstance(sure, str):
        return GateResult(metric, False, sure)
    gain = _gain(direction, recorded, value)
    least_gain, most_gain = _ends(direction, sure, gain)
    least = _bounds(gate, recorded)
    how = "equal" if gain == 0 else f"{'better' if gain > 0 else 'worse'} by {abs(gain):.4g}"
    if sure is not None:
        how += f" ({100 * sure.confidence:g} % sure: {least_gain:+.4g} to {most_gain:+.4g})"
    bounds = "".join(f", {bound}" for bound in (*(bound.text for bound in least), *said))
    sentence = f"{metric} {value:.4g} against the champion's {recorded:.4g}: {how}{bounds}"
    asks = gate.min_gain is not None or gate.min_gain_percent is not None
    lost = asks and most_gain < 0 and all(bound.holds(-gain, -most_gain) for bound in _bounds(gate, value))
    return GateResult(metric, all(bound.holds(gain, least_gain) for bound in least), sentence, lost)


def _ends(direction: Direction, sure: Interval | None, gain: float) -> tuple[float, float]:
    """Return the least and the most that a gain surely is, better counted as positive."""
    if sure is None:
        return gain, gain
    return (sure.low, sure.high) if direction is Direction.HIGHER else (-sure.high, -sure.low)


def _gain(direction: Direction, old: float, new: float) -> float:
    """Return by how much `new` is better; rounded, so that 0.83 - 0.80 counts as 0.03 and not as 0.0299999..."""
    return round(new - old if direction is Direction.HIGHER else old - new, 12)


def _wanted(gate: Gate) -> str:
    absolute = f"{gate.min_gain:g}" if gate.min_gain is not None else ""
    relative = f"{gate.min_gain_percent:g} %" if gate.min_gain_percent is not None else ""
    return " and ".join(filter(None, (absolute, relative)))


@dataclass(frozen=True)
class _Bound:
    """One bound of gain or loss: its words, the least gain that it allows, and whether the gain must be sure."""

    text: str
    least: float
    sure: bool

    def holds(self, gain: float, sure_gain: float) -> bool:
        return (sure_gain if self.sure else gain) >= self.least


def _bounds(gate: Gate, old: float) -> list[_Bound]:
    """Return every bound of gain and loss against the value `old`."""
    bounds: list[_Bound] = []
    if gate.min_gain is not None:
        bounds.append(_Bound(f"needs {gate.min_gain:+g}", gate.min_gain, True))
    if gate.min_gain_percent is not None:
        # Per cent of nothing is nothing: there any improvement is one, and standing still is none.
        least = round(abs(old) * gate.min_gain_percent / 100, 12) or (5e-324 if gate.min_gain_percent > 0 else 0.0)
        bounds.append(_Bound(f"needs {gate.min_gain_percent:+g} % ({least:+.4g})", least, True))
    if gate.max_loss is not None:
        bounds.append(_Bound(f"may lose {gate.max_loss:g}", -gate.max_loss, False))
    if gate.max_loss_percent is not None:
        most = round(abs(old) * gate.max_loss_percent / 100, 12)
        bounds.append(_Bound(f"may lose {gate.max_loss_percent:g} % ({most:.4g})", -most, False))
    return bounds
