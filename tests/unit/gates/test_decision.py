"""The gate: thresholds, gains against the champion, and reasons; nothing unknown ever passes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.decision import Decision, decide
from shared.gates.evaluation_report import EvaluationReport
from shared.gates.known_metrics import Direction
from shared.gates.policy import Bootstrap, Gate, NoChampion, Policy, Require
from shared.records.decision import Interval, Verdict


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
    first: float, second: float, gain: float, metric: str
) -> None:
    """Of two models at most one is better than the other by a positive gain."""
    gate = Gate(metric=metric, min_gain=gain)
    forth = verdict({metric: first}, EvaluationReport({metric: second}, 0, 1), gate)
    back = verdict({metric: second}, EvaluationReport({metric: first}, 0, 1), gate)

    assert [forth.verdict, back.verdict].count(Verdict.PROMOTE) <= 1


@pytest.mark.parametrize(
    ("gate", "champion", "value", "passes"),
    [
        (Gate(metric="AUC", min_gain_percent=1), 0.9, 0.909, True),
        (Gate(metric="AUC", min_gain_percent=1), 0.9, 0.908, False),
        (Gate(metric="AUC", min_gain=0.02, min_gain_percent=1), 0.9, 0.91, False),  # both must be met
        (Gate(metric="Root Mean Squared Error", min_gain_percent=10), 200, 180, True),
        (
            Gate(metric="Coefficient of Determination", min_gain_percent=10),
            -0.5,
            -0.45,
            True,
        ),  # of the size, not the sign
        (Gate(metric="AUC", min_gain_percent=1), 0.0, 0.0, False),  # of nothing any improvement is one
        (Gate(metric="AUC", min_gain_percent=1), 0.0, 0.1, True),
        (Gate(metric="Recall", max_loss=0.01, at_least=0), 0.8, 0.79, True),
        (Gate(metric="Recall", max_loss=0.01, at_least=0), 0.8, 0.78, False),
        (Gate(metric="Recall", max_loss_percent=5, at_least=0), 0.8, 0.76, True),
        (Gate(metric="Recall", max_loss_percent=5, at_least=0), 0.8, 0.75, False),
        (Gate(metric="Average Log Loss", max_loss=0.01, at_most=9), 0.3, 0.32, False),
    ],
)
def test_gains_and_losses_by_size_and_by_share(gate: Gate, champion: float, value: float, passes: bool) -> None:
    """Bounds in per cent are of the champion's value; a guard limits what may be lost."""
    decision = verdict({gate.metric: champion}, EvaluationReport({gate.metric: value}, 0, 1), gate)

    assert decision.verdict is (Verdict.PROMOTE if passes else Verdict.REJECT)


ANY = Policy(
    gates=(
        Gate(metric="AUC", min_gain=0.01),
        Gate(metric="Accuracy", min_gain=0.01),
        Gate(metric="Recall", max_loss=0.02),
    ),
    no_champion=NoChampion.THRESHOLD_ONLY,
    require=Require.ANY,
)


@pytest.mark.parametrize(
    ("auc", "accuracy", "recall", "expected", "because"),
    [
        (0.92, 0.80, 0.70, Verdict.PROMOTE, "AUC 0.92"),
        (0.92, 0.795, 0.70, Verdict.PROMOTE, "AUC 0.92"),  # a little worse elsewhere
        (0.92, 0.79, 0.70, Verdict.REJECT, "Accuracy 0.79"),  # lost there what it asks to gain
        (0.92, 0.80, 0.60, Verdict.REJECT, "Recall 0.6"),  # a guard holds in any case
        (0.905, 0.80, 0.70, Verdict.REJECT, "AUC 0.905"),
    ],
)
def test_any_gate_is_enough_but_guards_hold(
    auc: float, accuracy: float, recall: float, expected: Verdict, because: str
) -> None:
    """With `require = "any"` one gate decides, unless a guard fails or another metric is lost to the champion."""
    challenger = report(AUC=auc, Accuracy=accuracy, Recall=recall)

    decision = decide({"AUC": 0.9, "Accuracy": 0.8, "Recall": 0.7}, challenger, ANY)

    assert (decision.verdict, because in decision.summary) == (expected, True)


_NAMES = ("AUC", "Accuracy", "Average Log Loss")
_VALUES = st.floats(-1e6, 1e6)
_GATES = st.builds(
    Gate,
    metric=st.sampled_from(_NAMES),
    min_gain=st.floats(1e-3, 10),
    min_gain_percent=st.none() | st.floats(1e-3, 50),
    at_least=st.none() | _VALUES,
    max_loss=st.none() | st.floats(0, 10),
)


@given(
    st.lists(_GATES, min_size=1, max_size=4),
    st.sampled_from(Require),
    *(st.fixed_dictionaries(dict.fromkeys(_NAMES, _VALUES)) for _ in range(2)),
)
def test_two_models_never_replace_each_other(
    gates: list[Gate], require: Require, first: dict[str, float | None], second: dict[str, float | None]
) -> None:
    """Whatever is asked for, swapping champion and challenger turns a promotion into a rejection."""
    policy = Policy(gates=tuple(gates), no_champion=NoChampion.HOLD, require=require)
    forth = decide(first, EvaluationReport(second, 0, 1), policy).verdict
    back = decide(second, EvaluationReport(first, 0, 1), policy).verdict

    assert [forth, back].count(Verdict.PROMOTE) <= 1


_SPANS = st.tuples(st.floats(-0.5, 0.5), st.floats(0, 0.3), st.floats(0, 0.3))


@given(
    st.lists(_GATES, min_size=1, max_size=3),
    st.sampled_from(Require),
    *(st.fixed_dictionaries(dict.fromkeys(_NAMES, _VALUES)) for _ in range(2)),
    st.dictionaries(st.sampled_from(_NAMES), _SPANS, max_size=len(_NAMES)),
)
def test_two_models_never_replace_each_other_by_a_sure_gain(
    gates: list[Gate],
    require: Require,
    first: dict[str, float | None],
    second: dict[str, float | None],
    spans: dict[str, tuple[float, float, float]],
) -> None:
    """Also where the gain must be sure: whatever the interval, mirrored it lets at most one of the two pass."""
    bootstrap = Bootstrap(confidence=0.9)
    policy = Policy(gates=tuple(gates), no_champion=NoChampion.HOLD, require=require, bootstrap=bootstrap)
    gains = {name: Interval(middle - low, middle + high, 0.9) for name, (middle, low, high) in spans.items()}
    losses = {name: Interval(-gain.high, -gain.low, 0.9) for name, gain in gains.items()}
    verdicts = [
        decide(first, EvaluationReport(second, 0, 1), policy, gains).verdict,
        decide(second, EvaluationReport(first, 0, 1), policy, losses).verdict,
    ]

    assert verdicts.count(Verdict.PROMOTE) <= 1


@pytest.mark.parametrize(
    ("interval", "expected", "message"),
    [
        (Interval(0.003, 0.02, 0.95), Verdict.PROMOTE, "better by 0.01 (95 % sure: +0.003 to +0.02), needs +0.002"),
        (Interval(0.001, 0.02, 0.95), Verdict.REJECT, "better by 0.01 (95 % sure: +0.001 to +0.02), needs +0.002"),
        (Interval(0.003, 0.02, 0.9), Verdict.REJECT, "computed with 90 % confidence instead of 95 %, so"),
        (None, Verdict.REJECT, "no bootstrap interval was computed for AUC, so its gain cannot be confirmed"),
    ],
)
def test_a_gain_must_be_as_sure_as_the_policy_asks(interval: Interval | None, expected: Verdict, message: str) -> None:
    """The low end of the interval must clear `min_gain`; what is not known never passes."""
    policy = Policy(
        gates=(Gate(metric="AUC", min_gain=0.002),), no_champion=NoChampion.HOLD, bootstrap=Bootstrap(confidence=0.95)
    )
    decision = decide({"AUC": 0.9}, report(AUC=0.91), policy, {"auc": interval} if interval else {})

    assert decision.verdict is expected
    assert message in decision.summary


def test_a_lower_error_is_a_sure_gain_too() -> None:
    """Where less is better the interval is turned round."""
    policy = Policy(
        gates=(Gate(metric="Average Log Loss", min_gain=0.01),), no_champion=NoChampion.HOLD, bootstrap=Bootstrap()
    )
    sure = {"Average Log Loss": Interval(-0.05, -0.02, 0.95)}
    decision = decide({"Average Log Loss": 0.5}, report(Average_Log_Loss=0.46), policy, sure)

    assert decision.verdict is Verdict.PROMOTE
    assert "(95 % sure: +0.02 to +0.05)" in decision.summary


def test_compare_needs_what_is_in_service_to_be_measured() -> None:
    """`no_champion = "compare"` without numbers of the model in service: a gain cannot pass."""
    policy = Policy(gates=(Gate(metric="AUC", min_gain=0.0),), no_champion=NoChampion.COMPARE)
    decision = decide(None, report(AUC=0.99), policy)

    assert decision.verdict is Verdict.REJECT
    assert "the model in service was not measured" in decision.summary


@pytest.mark.parametrize(
    ("metrics", "expected", "message"),
    [
        ({"Number of Points": 500.0}, Verdict.PROMOTE, ""),
        ({"Number of Points": 499.0}, Verdict.REJECT, "499 rows were evaluated: at least 500 required"),
        ({}, Verdict.REJECT, "does not say how many rows"),
    ],
)
def test_too_few_evaluated_rows_never_pass(metrics: dict[str, float | None], expected: Verdict, message: str) -> None:
    """`min_rows` needs an evaluation that tells its size; one that does not cannot pass."""
    policy = Policy(gates=(Gate(metric="AUC", at_least=0.8),), no_champion=NoChampion.PROMOTE, min_rows=500)

    decision = decide(None, EvaluationReport({"AUC": 0.9, **metrics}, 0, 1), policy)

    assert decision.verdict is expected
    assert message in decision.summary


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


@given(st.lists(_GATES, min_size=1, max_size=3), st.sampled_from(Require), st.integers(0, 9), st.integers(0, 9))
def test_a_kept_policy_tells_everything_that_is_not_usual(
    gates: list[Gate], require: Require, min_rows: int, cooldown_s: int
) -> None:
    """Two policies that differ are kept differently."""
    policy = Policy(
        gates=tuple(gates), no_champion=NoChampion.HOLD, require=require, min_rows=min_rows, cooldown_s=cooldown_s
    )
    kept = policy.to_json()

    assert kept.get("require", "all") == require.value
    assert (kept.get("min_rows", 0), kept.get("cooldown_s", 0)) == (min_rows, cooldown_s)
    for gate, written in zip(gates, kept["gates"], strict=True):
        assert gate == Gate(**written)


def test_the_policy_is_kept_as_written() -> None:
    """A decision record tells the policy's version and its gates without empty bounds."""
    policy = Policy(gates=(Gate(metric="AUC", at_least=0.8),), no_champion=NoChampion.HOLD)

    assert policy.to_json() == {
        "version": 2,
        "no_champion": "hold",
        "gates": [{"metric": "AUC", "at_least": 0.8}],
    }
