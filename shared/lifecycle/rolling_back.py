"""The way back: the previous model is sent, as often as it takes, and verified; then the run ends."""

from datetime import datetime, timedelta
from typing import Unpack

from shared.errors import had_no_effect, retry_after_s
from shared.lifecycle.effects import Effect, MarkRollback, Next, ReleaseEndpoint, RestorePrevious, ScoreServing
from shared.lifecycle.endpoint_release import RESEND_S, still_to_release
from shared.lifecycle.golden_answers import answers_match
from shared.lifecycle.observations import (
    EffectFailed,
    Observation,
    PreviousRestored,
    RestoreRefused,
    RollbackMarked,
    ServingScored,
    TimerFired,
)
from shared.lifecycle.retry_later import error_text, unexpected
from shared.lifecycle.run_parts import golden_answers_of
from shared.lifecycle.run_updates import with_endpoint_event
from shared.ports import Answers
from shared.records.endpoint_events import EndpointEventKind
from shared.records.endpoint_record import Served, settled_at
from shared.records.golden_answers import Rollback
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.records.run_steps import VerifyingStep
from shared.routes.route import Route


def put_back(run: Run, why: str, now: datetime, *, alike: bool = False) -> Next:
    """Turn the promotion round: from here on it ends with the previous model verified, however long that takes.

    The previous model is another one than what was sent: it waits until nothing of that can arrive any more.
    `why` is the run's reason in the end, whatever else goes wrong on the way; `alike`: the endpoint was asked, and its
    answers do not tell the two models apart.
    """
    return run.transitioned(
        now,
        RunState.VERIFYING,
        why,
        step=VerifyingStep.PUT_BACK,
        deadline_at=None,
        not_before=max(now, run.in_flight_until or now),
        rollback=Rollback(why, alike),
    ), None


def rolling_back(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next | None:
    """Go on with the way back; None if the run is not on it."""
    match run.step:
        case VerifyingStep.PUT_BACK:
            return _restoring(route, run, effect, observation, now)
        case VerifyingStep.PUT_BACK_ANSWERS:
            return _verifying_previous(route, run, observation, now)
        case VerifyingStep.PUT_BACK_VERIFIED:
            return _leaving(run, effect, observation, now)
    return None


def end_of_way_back(run: Run) -> RunState:
    """Return the outcome: where both models were asked and answered alike, nobody knows which of them was served."""
    return RunState.UNCHANGED if run.rollback is not None and run.rollback.alike else RunState.ROLLED_BACK


def put_back_and_verified(run: Run) -> str:
    """Return the reason of the outcome: what began the way back, and after it what went wrong on the way."""
    if end_of_way_back(run) is RunState.UNCHANGED:
        return f"the two models could not be told apart; the previous one was put back: {run.reason}"
    return f"the previous model was put back and verified: {run.reason}"


def _restoring(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Mark the intent as turned round, then send the previous model, as often as it takes."""
    match effect, observation:
        case _, TimerFired():
            return run, MarkRollback()
        case MarkRollback(), RollbackMarked(target):
            first = run.in_flight_until is None or now >= run.in_flight_until
            sending = run.evolve(
                now,
                rollback=_way_back(run)._replace(target=target),
                not_before=now + timedelta(seconds=RESEND_S),
                in_flight_until=settled_at(now, route.serving.propagation_s),
            )
            return sending, RestorePrevious(target, first)
        case RestorePrevious(_, first), PreviousRestored():
            return run.evolve(
                now,
                step=VerifyingStep.PUT_BACK_ANSWERS,
                not_before=now,
                in_flight_until=None if first else run.in_flight_until,
                patched_at=now,
                endpoint_events=with_endpoint_event(run, route.serving, EndpointEventKind.PUT_BACK, now),
            ), None
        case RestorePrevious(_, first), RestoreRefused(error):
            if first and had_no_effect(error):
                return _tried_again(run, error, now, in_flight_until=None)
            return _tried_again(run, error, now)
        case _, EffectFailed(error):
            return _tried_again(run, error, now)
    raise unexpected(run, observation)


def _verifying_previous(route: Route, run: Run, observation: Observation, now: datetime) -> Next:
    """Check the previous model, after the whole propagation time: the challenger might otherwise still come up."""
    served_by = (run.patched_at or run.updated_at) + timedelta(seconds=route.serving.propagation_s)
    match observation:
        case TimerFired():
            return run, ScoreServing() if now >= served_by else None
        case ServingScored(answers):
            return _previous_answered(route, run, answers, now)
        case EffectFailed(error):
            return _tried_again(run, error, now)
    raise unexpected(run, observation)


def _previous_answered(route: Route, run: Run, answers: Answers | None, now: datetime) -> Next:
    before = golden_answers_of(run).before
    if answers is None or not answers_match(answers, before, route.golden_tolerance):
        name = route.serving.name
        what = f"endpoint {name} does not answer as before although the previous model was put back"
        return run.retry_later(now, _with_cause(run, what), step=VerifyingStep.PUT_BACK), None
    # Written before the intent is taken away: it fails if another worker of this run saw otherwise, and is about to
    # send the previous model once more.
    deadline = now + timedelta(seconds=route.deadlines.promoting)
    verified = run.evolve(
        now, step=VerifyingStep.PUT_BACK_VERIFIED, consecutive_failures=0, not_before=now, deadline_at=deadline
    )
    return verified, _release_verified(verified)


def _leaving(run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Give the endpoint back, now that the previous model is verified."""
    match effect, observation:
        case _, TimerFired():
            return run, _release_verified(run)
        case ReleaseEndpoint() as release, EffectFailed(error):
            return still_to_release(run, release, error, now)
        case _, EffectFailed():
            return run.evolve(now, not_before=now + timedelta(seconds=RESEND_S)), None
    raise unexpected(run, observation)


def _tried_again(run: Run, error: Exception, now: datetime, **changes: Unpack[RunFields]) -> Next:
    """Go on trying; what began the way back stays in front of what keeps it up."""
    return run.retry_later(now, _with_cause(run, error_text(error)), retry_after_s(error), **changes), None


def _with_cause(run: Run, problem: str) -> str:
    return f"{_way_back(run).cause}; on the way back: {problem}"


def _way_back(run: Run) -> Rollback:
    """Return the way back that the run is on; a run that has none began it for the reason that it gives."""
    return run.rollback if run.rollback is not None else Rollback(run.reason)


def _release_verified(run: Run) -> ReleaseEndpoint:
    golden, target = golden_answers_of(run), _way_back(run).target
    if target is None:
        raise ValueError(f"run {run.run_id} has put no model back")
    restored = Served(
        model=target,
        golden=golden.golden,
        golden_etag=golden.golden_etag,
        answers=golden.before,
        verified_at=run.updated_at,
    )
    return ReleaseEndpoint(end_of_way_back(run), put_back_and_verified(run), served=restored)
