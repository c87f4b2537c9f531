"""Runs and endpoint records for the store tests: a plain one to change, and hypothesis strategies for any."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from shared.records.endpoint_record import Champion, EndpointRecord, Frozen, Intent, Lease, Served
from shared.records.run import STEPS, TERMINAL, Run, RunState

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


# Text as it may come from a blob's name or a service's answer.
_TEXTS = st.text(max_size=80) | st.sampled_from(["", " ", "\u0000\t\r\n", "'\"\\#?/%", "2026-11-23T12:00:00Z", "1"])
# Around what one property of a row holds; for a few fields only, because a row is limited as well.
_LONG_TEXTS = _TEXTS | st.sampled_from(["é" * 16_000, "\U0001f600" * 16_001, "x" * 70_000])
_TIMES = st.datetimes(timezones=st.just(UTC))
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_JSON = st.dictionaries(st.text(max_size=10), _JSON_VALUES, max_size=4)
_COUNTS = st.integers(0, 1000)


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
        generation=_TEXTS,
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
        challenger=st.none() | _JSON,
        champion=st.none() | _JSON,
        decision=st.none() | _JSON,
        notes=st.lists(_LONG_TEXTS, max_size=3).map(tuple),
        endpoint_events=st.lists(_JSON, max_size=3).map(tuple),
        golden_answers=st.none() | st.fixed_dictionaries({"staged": st.lists(_LONG_TEXTS, max_size=1)}),
        holdout_progress=st.none() | _JSON,
        approval=st.none() | _JSON,
        invitation=st.none() | _JSON,
        override=st.none() | _JSON,
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
    metrics=st.dictionaries(st.text(max_size=10), st.none() | st.floats(allow_nan=False), max_size=3),
    promoted_at=_TIMES,
    measured=st.none() | _JSON,
)
_SERVED = st.builds(
    Served,
    model=_LONG_TEXTS,
    golden=_TEXTS,
    golden_etag=_TEXTS,
    answers=st.lists(st.lists(_TEXTS, max_size=3).map(tuple), max_size=3).map(tuple),
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
            began_at=_TIMES,
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
