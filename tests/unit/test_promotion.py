"""The gate: thresholds, gains against the champion, and reasons; nothing unknown ever passes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation import Direction, EvaluationReport
from shared.promotion import Decision, Gate, NoChampion, Policy, Verdict, decide


def report(**metrics: float | None) -> EvaluationReport:
    """Return a report with these metrics; `_` in a name stands for a space."""
    return EvaluationReport({name.replace("_", " "): value for name, value in metrics.items()}, 0, 1)


def verdict(champion: dict[str, float | None] | None, challenger: EvaluationReport, *gates: Gate) -> Decision:
    """Decide with the usual rule for a missing champion."""
    return decide(champion, challenger, Policy(gates=gates, no_champion=NoChampion.THRESHOLD_ONLY))


@pytest.mark.parametrize(
    ("gate", "champion", "value", "passes"),
    [
        (Gate(metric="AUC", at_least=0.8), None, 0.8, True),
        (Gate(metric="AUC", at_least=0.8), None, 0.7999, False),
        (Gate(metric="Average Log Loss", at_most=0.3), None, 0.3, True),
        (Gate(metric="Average Log Loss", at_most=0.3), None, 0.31, False),
        (Gate(metric="AUC", min_gain=0.03), 0.80, 0.83, True),  # exact in decimals, not in binary
        (Gate(metric="AUC", min_gain=0.002), 0.921, 0.9229, False),
        (Gate(metric="AUC", min_gain=0.0), 0.9, 0.9, True),
        (Gate(metric="AUC", min_gain=-0.01), 0.9, 0.895, True),
        (Gate(metric="Average Log Loss", min_gain=0.01), 0.30, 0.28, True),  # lower is better
        (Gate(metric="Average Log Loss", min_gain=0.01), 0.30, 0.32, False),
        (Gate(metric="AUC", at_least=0.8, min_gain=0.01), 0.7, 0.75, False),
        (Gate(metric="AUC", min_gain=0.002), None, 0.5, True),  # nothing to compare with: thresholds only
        (Gate(metric="Profit", min_gain=1, direction=Direction.HIGHER), 5, 7, True),
        (Gate(metric="Profit", min_gain=1), 5, 7, False),  # whether more is better is not known
    ],
)
def test_one_gate(gate: Gate, champion: float | None, value: float, passes: bool) -> None:
    """Bounds are inclusive, gains count in the metric's own direction."""
    old: dict[str, float | None] | None = None if champion is None else {gate.metric: champion}

    decision = verdict(old, EvaluationReport({gate.metric: value}, 0, 1), gate)

    assert decision.verdict is (Verdict.PROMOTE if passes else Verdict.REJECT)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_an_unknown_champion_value_never_lets_a_gain_pass(value: float | None) -> None:
    """Where the champion's metric is missing or not finite, a gain cannot be shown."""
    for champion in ({"AUC": value}, {}):
        decision = verdict(champion, report(AUC=0.99), Gate(metric="AUC", min_gain=0.0))
        assert decision.verdict is Verdict.REJECT
        assert "cannot be shown" in decision.summary


@pytest.mark.parametrize("no_champion", list(NoChampion))
@pytest.mark.parametrize("metrics", [{}, {"AUC": None}])
def test_a_missing_or_non_finite_metric_never_passes(no_champion: NoChampion, metrics: dict[str, float | None]) -> None:
    """Not even where everything is promoted while there is no champion."""
    policy = Policy(gates=(Gate(metric="AUC", at_least=-1e300),), no_champion=no_champion)

    assert decide(None, EvaluationReport(metrics, 0, 1), policy).verdict is Verdict.REJECT


@pytest.mark.parametrize(
    ("no_champion", "auc", "expected"),
    [
        (NoChampion.PROMOTE, 0.1, Verdict.PROMOTE),
        (NoChampion.THRESHOLD_ONLY, 0.1, Verdict.REJECT),
        (NoChampion.THRESHOLD_ONLY, 0.9, Verdict.PROMOTE),
        (NoChampion.HOLD, 0.9, Verdict.HOLD),
        (NoChampion.HOLD, 0.1, Verdict.REJECT),
    ],
)
def test_without_a_champion(no_champion: NoChampion, auc: float, expected: Verdict) -> None:
    """The three rules for a first model do what their names say."""
    policy = Policy(gates=(Gate(metric="AUC", at_least=0.8, min_gain=0.01),), no_champion=no_champion)

    assert decide(None, report(AUC=auc), policy).verdict is expected


@given(
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 10),
    st.sampled_from(["AUC", "Average Log Loss"]),
)
def test_swapping_champion_and_challenger_never_promotes_both(
    one: float, other: float, gain: float, metric: str
) -> None:
    """Of two models at most one is better than the other by a positive gain."""
    gate = Gate(metric=metric, min_gain=gain)
    there = verdict({metric: one}, EvaluationReport({metric: other}, 0, 1), gate)
    back = verdict({metric: other}, EvaluationReport({metric: one}, 0, 1), gate)

    assert [there.verdict, back.verdict].count(Verdict.PROMOTE) <= 1


def test_every_gate_must_pass_and_gives_its_reason() -> None:
    """One failing gate rejects; the decision tells all reasons, those that failed first."""
    decision = verdict(
        {"AUC": 0.921},
        report(AUC=0.913, Accuracy=0.87),
        Gate(metric="Accuracy", at_least=0.8),
        Gate(metric="AUC", min_gain=0.002),
    )

    assert decision.verdict is Verdict.REJECT
    assert decision.summary == "AUC 0.913 against the champion's 0.921: worse by 0.008, needs +0.002"
    assert decision.reasons == [decision.summary, "Accuracy 0.87: at least 0.8 required"]


def test_metric_names_match_across_spellings() -> None:
    """The champion's recorded name and the gate's name may be spelled differently."""
    assert (
        verdict({"F-Score": 0.5}, report(f_score=0.9), Gate(metric="FScore", min_gain=0.1)).verdict is Verdict.PROMOTE
    )


def test_the_policy_is_kept_as_written() -> None:
    """A decision record tells the policy's version and its gates without empty bounds."""
    policy = Policy(gates=(Gate(metric="AUC", at_least=0.8),), no_champion=NoChampion.HOLD)

    assert policy.to_json() == {
        "version": 1,
        "no_champion": "hold",
        "gates": [{"metric": "AUC", "at_least": 0.8}],
    }
