"""The way back: the previous model is sent, as often as it takes, and verified; then the run ends."""

from datetime import datetime, timedelta

from shared.errors import had_no_effect, retry_after_s
from shared.lifecycle.effects import MarkRollback, Next, ReleaseEndpoint, RestorePrevious, ScoreServing
from shared.lifecycle.golden_answers import answers_match, as_answers
from shared.lifecycle.observations import (
    EffectFailed,
    Observation,
    PreviousRestored,
    ReleaseFailed,
    RestoreRefused,
    RollbackMarked,
    ServingScored,
    TimerFired,
)
from shared.lifecycle.promoting import PUT_BACK, RESEND_S, still_to_release
from shared.lifecycle.retry_later import error_text, unexpected
from shared.lifecycle.trained_state import with_endpoint_event
from shared.records.endpoint_record import Served, settled_at
from shared.records.run import Json, Run, RunState
from shared.routes.route import Route

BACK_ANSWERS = "put-back-answers"
BACK_VERIFIED = "put-back-verified"


def returning(route: Route, run: Run, seen: Observation, now: datetime) -> Next | None:
    """Go on with the way back; None if the run is not on it."""
    if run.step == PUT_BACK:
        return _putting_back(route, run, seen, now)
    if run.step == BACK_ANSWERS:
        return _verifying_back(route, run, seen, now)
    if run.step == BACK_VERIFIED:
        return _put_back(run, seen, now)
    return None


def _putting_back(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Mark the intent as turned, then send the previous model, as often as it takes."""
    match seen:
        case TimerFired():
            return run, MarkRollback()
        case RollbackMarked(model):
            first = run.in_flight_until is None or now >= run.in_flight_until
            sending = run.evolve(
                now,
                golden_answers={**(run.golden_answers or {}), "back": model},
                not_before=now + timedelta(seconds=RESEND_S),
                in_flight_until=settled_at(now, route.serving.propagation_s),
            )
            return sending, RestorePrevious(model, first)
        case PreviousRestored(first):
            known: Json = {
                "patched_at": now,
                "endpoint_events": with_endpoint_event(run, route.serving, "put_back", now),
            }
            settles = None if first else run.in_flight_until
            return run.evolve(now, step=BACK_ANSWERS, not_before=now, in_flight_until=settles, **known), None
        case RestoreRefused(error, first):
            refused = {"in_flight_until": None} if first and had_no_effect(error) else {}
            return _tried_again(run, error, now, **refused)
        case EffectFailed(error):
            return _tried_again(run, error, now)
    raise unexpected(run, seen)


def _tried_again(run: Run, error: Exception, now: datetime, **known: object) -> Next:
    """Go on trying; what began the way back stays in front of what keeps it up."""
    return run.retry_later(now, _with_cause(run, error_text(error)), retry_after_s(error), **known), None


def _with_cause(run: Run, what: str) -> str:
    return f"{_cause(run)}; on the way back: {what}"


def _cause(run: Run) -> str:
    return str((run.golden_answers or {}).get("cause") or run.reason)


def _verifying_back(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Check the previous model, after the whole propagation time: the challenger might otherwise still come up."""
    served_by = (run.patched_at or run.updated_at) + timedelta(seconds=route.serving.propagation_s)
    known = run.golden_answers or {}
    match seen:
        case TimerFired():
            return run, ScoreServing() if now >= served_by else None
        case ServingScored(answers):
            if answers is None or not answers_match(answers, as_answers(known["before"]), route.golden_tolerance):
                name = route.serving.name
                what = f"endpoint {name} does not answer as before although the previous model was put back"
                return run.retry_later(now, _with_cause(run, what), step=PUT_BACK), None
            # Written before the intent is taken away: it fails if another worker of this run saw otherwise, and is
            # about to send the previous model once more.
            deadline = now + timedelta(seconds=route.deadlines.promoting)
            verified = run.evolve(now, step=BACK_VERIFIED, consecutive_failures=0, not_before=now, deadline_at=deadline)
            return verified, _release_verified(verified)
        case EffectFailed(error):
            return _tried_again(run, error, now)
    raise unexpected(run, seen)


def _put_back(run: Run, seen: Observation, now: datetime) -> Next:
    match seen:
        case TimerFired():
            return run, _release_verified(run)
        case ReleaseFailed():
            return still_to_release(run, seen, now)
        case EffectFailed():
            return run.evolve(now, not_before=now + timedelta(seconds=RESEND_S)), None
    raise unexpected(run, seen)


def _release_verified(run: Run) -> ReleaseEndpoint:
    known = run.golden_answers or {}
    back = Served(
        model=str(known["back"]),
        golden=str(known["golden"]),
        golden_etag=str(known["golden_etag"]),
        answers=as_answers(known["before"]),
        verified_at=run.updated_at,
    )
    return ReleaseEndpoint(end_of_way_back(run), put_back_and_verified(run), served=back)


def end_of_way_back(run: Run) -> RunState:
    """Return the outcome: where both models were asked and answered alike, nobody knows which of them was served."""
    return RunState.UNCHANGED if (run.golden_answers or {}).get("alike") else RunState.ROLLED_BACK


def put_back_and_verified(run: Run) -> str:
    """Return the reason of the outcome: what began the way back, and after it what went wrong on the way."""
    if end_of_way_back(run) is RunState.UNCHANGED:
        return f"the two models could not be told apart; the previous one was put back: {run.reason}"
    return f"the previous model was put back and verified: {run.reason}"
