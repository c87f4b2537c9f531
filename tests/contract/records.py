"""Runs and endpoint records for the store tests: a plain one to change, and hypothesis strategies for any."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from shared.records.decision import (
    AnswerShape,
    Approval,
    DecidedChallenger,
    DecisionData,
    DecisionHoldout,
    DecisionRecord,
    GateRecord,
    Interval,
    Invitation,
    MeasuredChampion,
    MeasuredOn,
    Override,
    Verdict,
    Verification,
)
from shared.records.endpoint_events import EndpointEvent, EndpointEventKind
from shared.records.endpoint_record import Champion, EndpointRecord, Frozen, Intent, Lease, Served
from shared.records.golden_answers import GoldenAnswers, Rollback
from shared.records.models import AnswerPart, Challenger, ChampionSummary, HoldoutMeasurement, HoldoutProgress
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_identity import generation_for
from shared.records.run_states import STEPS, TERMINAL, RunState

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_run(**changes: Any) -> Run:
    """Return a landed run with an id of its own."""
    values: dict[str, Any] = {
        "run_id": uuid4().hex,
        "route": "census",
        "container": "incoming",
        "blob": "census/june.csv",
        "etag": "0x8DC",
        "generation": "2026-11-23T12:00:00Z/00001795435200000000",
        "state": RunState.LANDED,
        "landed_at": NOON,
        "updated_at": NOON,
        "not_before": NOON,
        "deadline_at": NOON + timedelta(days=1),
    }
    return Run(**{**values, **changes})


def a_part(run: Run, **changes: Any) -> Part:
    """Return the part of a run, with some members changed."""
    values: dict[str, Any] = {
        "run_id": run.run_id,
        "attempt": run.attempt,
        "route": run.route,
        "blob": run.blob,
        "blob_etag": run.etag,
        "generation": run.generation,
        "original": f"training/{run.job_folder}/original.csv",
        "original_etag": "0x1",
        "labels": {"yes": 3, "no": 4},
        "missing": {},
    }
    return Part(**{**values, **changes})


def a_decision(**changes: Any) -> DecisionRecord:
    """Return a decision to promote, with some members changed."""
    decision = DecisionRecord(
        verdict=Verdict.PROMOTE,
        reasons=("AUC 0.9: at least 0.8 required",),
        gates=(GateRecord("AUC", True, "AUC 0.9: at least 0.8 required"),),
        policy={"version": 2, "no_champion": "promote", "gates": [{"metric": "AUC", "at_least": 0.8}]},
        champion=None,
        challenger=DecidedChallenger("a", "training/a/1/model.ilearner", {"AUC": 0.9}),
        data=DecisionData(champion=None, same=False, note="each model was evaluated by its own job"),
        verification=Verification.EQUALITY,
        notes=(),
        decided_at=NOON,
    )
    return decision._replace(**changes)


# Text as it may come from a blob's name or a service's answer.
_TEXTS = st.text(max_size=80) | st.sampled_from(["", " ", "\u0000\t\r\n", "'\"\\#?/%", "2026-11-23T12:00:00Z", "1"])
# Around what one property of a row holds; for a few fields only, because a row is limited as well.
_LONG_TEXTS = _TEXTS | st.sampled_from(["é" * 16_000, "\U0001f600" * 16_001, "x" * 70_000])
_TIMES = st.datetimes(timezones=st.just(UTC))
_RECENT = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - with a zone
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_JSON = st.dictionaries(st.text(max_size=10), _JSON_VALUES, max_size=4)
_COUNTS = st.integers(0, 1000)
_METRICS = st.dictionaries(st.text(max_size=10), st.none() | st.floats(allow_nan=False), max_size=3)
_ANSWERS = st.lists(st.lists(_TEXTS, max_size=3).map(tuple), max_size=3).map(tuple)
_PARTS = st.lists(st.builds(AnswerPart, path=_TEXTS, rows=_COUNTS), max_size=2).map(tuple)
_MEASUREMENTS = st.builds(HoldoutMeasurement, identity=_TEXTS, etag=_TEXTS, metrics=_METRICS, parts=_PARTS)
_CHALLENGERS = st.builds(
    Challenger,
    model=_TEXTS,
    metrics=_METRICS,
    evaluation=st.none() | _TEXTS,
    own_metrics=st.none() | _METRICS,
    measured=st.none() | _MEASUREMENTS,
    archived_model=st.none() | _TEXTS,
)
_SUMMARIES = st.builds(
    ChampionSummary,
    run_id=st.none() | _TEXTS,
    generation=st.none() | _TEXTS,
    model=st.none() | _TEXTS,
    metrics=_METRICS,
)
_EVENTS = st.builds(EndpointEvent, name=_TEXTS, role=_TEXTS, event=st.sampled_from(EndpointEventKind), at=_TIMES)
_GOLDEN_ANSWERS = st.builds(
    GoldenAnswers,
    golden=_TEXTS,
    golden_etag=_TEXTS,
    before=_ANSWERS,
    staged=st.none() | st.lists(st.tuples(_LONG_TEXTS), max_size=1).map(tuple),
    verified=st.none() | _ANSWERS,
    holdout_invalidated=st.booleans(),
)
_PROGRESS = st.builds(
    HoldoutProgress,
    path=_TEXTS,
    etag=_TEXTS,
    identity=_TEXTS,
    parts=st.dictionaries(st.sampled_from(["challenger", "champion"]), _PARTS),
    use_recorded=st.booleans(),
)
_APPROVALS = st.builds(Approval, by=_TEXTS, reason=_TEXTS, at=_TIMES, decision=_TEXTS)
_DECISIONS = st.builds(
    a_decision,
    verdict=st.sampled_from(Verdict),
    reasons=st.lists(_TEXTS, max_size=2).map(tuple),
    policy=st.none() | _JSON,
    champion=st.none() | _SUMMARIES,
    data=st.builds(
        DecisionData,
        champion=st.none() | st.builds(MeasuredChampion, run_id=st.none() | _TEXTS, scored=st.none() | _TEXTS),
        same=st.booleans(),
        note=_TEXTS,
        challenger=st.none()
        | st.builds(MeasuredOn, blob=_TEXTS, etag=_TEXTS, row=_COUNTS, rows=_COUNTS, examples=st.none() | _COUNTS),
        holdout=st.none()
        | st.builds(
            DecisionHoldout, data=_TEXTS, etag=_TEXTS, identity=_TEXTS, rows=_COUNTS, label=_TEXTS, task=_TEXTS
        ),
    ),
    decided_at=_TIMES,
    after_rollback=st.booleans(),
    intervals=st.none()
    | st.dictionaries(_TEXTS, st.builds(Interval, low=st.floats(-1, 1), high=st.just(1), confidence=st.just(0.9))),
    shape=st.none()
    | st.builds(
        AnswerShape,
        sentence=_TEXTS,
        lost_classes=st.lists(_TEXTS, max_size=2).map(tuple),
        respelt_classes=st.lists(st.tuples(_TEXTS, _TEXTS), max_size=2).map(tuple),
    ),
    policy_said=st.none() | st.sampled_from(Verdict),
    approval=st.none() | _APPROVALS,
)


def runs(states: st.SearchStrategy[RunState]) -> st.SearchStrategy[Run]:
    """Return any run that a store may be given to claim; id and route are new for each."""
    return states.flatmap(_runs_in)


def _runs_in(state: RunState) -> st.SearchStrategy[Run]:
    steps = STEPS.get(state, ())
    return st.builds(
        Run,
        run_id=st.builds(lambda: uuid4().hex),
        route=st.builds(lambda: f"r-{uuid4().hex}"),
        container=_TEXTS,
        blob=_LONG_TEXTS,
        etag=_TEXTS,
        size=st.integers(0, 2**50),
        generation=st.builds(generation_for, _TIMES, _RECENT, st.builds(lambda: uuid4().hex)),
        state=st.just(state),
        landed_at=_TIMES,
        updated_at=_TIMES,
        not_before=_TIMES,
        deadline_at=st.none() | _TIMES,
        step=st.sampled_from([None, *steps]),
        reason=_LONG_TEXTS,
        revision=st.integers(0, 999_000),
        attempt=_COUNTS,
        consecutive_failures=_COUNTS,
        job_id=_TEXTS,
        input_blob=_TEXTS,
        start_sent_at=st.none() | _TIMES,
        job_missing_since=st.none() | _TIMES,
        patched_at=st.none() | _TIMES,
        in_flight_until=st.none() | _TIMES,
        answered_staging_patch=st.none() | _TIMES,
        lease_token=_COUNTS,
        challenger=st.none() | _CHALLENGERS,
        champion=st.none() | _SUMMARIES,
        decision=st.none() | _DECISIONS,
        notes=(st.lists(_TEXTS, max_size=3) | st.lists(_LONG_TEXTS, max_size=1)).map(tuple),
        endpoint_events=st.lists(_EVENTS, max_size=3).map(tuple),
        golden_answers=st.none() | _GOLDEN_ANSWERS,
        rollback=st.none() | st.builds(Rollback, cause=_TEXTS, alike=st.booleans(), target=st.none() | _TEXTS),
        holdout_progress=st.none() | _PROGRESS,
        approval=st.none() | _APPROVALS,
        invitation=st.none()
        | st.builds(Invitation, token=_TEXTS, expires_at=_TIMES, decision=_TEXTS, held_because=_TEXTS),
        override=st.none()
        | st.builds(Override, by=_TEXTS, reason=_TEXTS, to=_TEXTS, at=_TIMES, replaces=st.none() | _TEXTS),
        actor=_TEXTS,
        chain=_TEXTS,
    )


STATES = st.sampled_from(RunState)
ACTIVE_STATES = st.sampled_from(sorted(set(RunState) - TERMINAL))

_CHAMPIONS = st.builds(
    Champion,
    run_id=_TEXTS,
    generation=_TEXTS,
    model=_LONG_TEXTS,
    metrics=_METRICS,
    promoted_at=_TIMES,
    measured=st.none() | _MEASUREMENTS,
)
_SERVED = st.builds(
    Served,
    model=_LONG_TEXTS,
    golden=_TEXTS,
    golden_etag=_TEXTS,
    answers=_ANSWERS,
    verified_at=_TIMES,
    listed=st.none() | _TEXTS,
)


def endpoint_records(route: str, name: str) -> st.SearchStrategy[EndpointRecord]:
    """Return any record of one endpoint."""
    return st.builds(
        EndpointRecord,
        route=st.just(route),
        name=st.just(name),
        champion=st.none() | _CHAMPIONS,
        served=st.none() | _SERVED,
        lease=st.none() | st.builds(Lease, run_id=_TEXTS, token=_COUNTS, expires_at=_TIMES),
        intent=st.none()
        | st.builds(
            Intent,
            run_id=_TEXTS,
            generation=_TEXTS,
            token=_COUNTS,
            from_model=_TEXTS,
            to_model=_TEXTS,
            back=st.booleans(),
        ),
        frozen=st.none() | st.builds(Frozen, by=_TEXTS, reason=_LONG_TEXTS, at=_TIMES),
        token=st.integers(0, 2**40),
        blocked_generations=st.lists(_TEXTS, max_size=3).map(tuple),
        blocked_models=st.lists(_TEXTS, max_size=3).map(tuple),
        in_flight_until=st.none() | _TIMES,
        staging_in_flight_until=st.none() | _TIMES,
        initial_again_at=st.none() | _TIMES,
    )
