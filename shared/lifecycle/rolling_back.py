"""The restore: the previous model is sent until the endpoint accepts it, and verified; then the run ends."""

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
from shared.lifecycle.reasons import with_sentence
from shared.lifecycle.retry_later import error_text, unexpected
from shared.lifecycle.run_parts import golden_answers_of
from shared.lifecycle.run_updates import patch_accepted_at, update_permitted, with_endpoint_event
from shared.records.endpoint_events import EndpointEventKind
from shared.records.endpoint_record import Served
from shared.records.golden_answers import Answers, Rollback
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.records.run_steps import VerifyingStep
from shared.routes.route import Route


def begin_restore(run: Run, why: str, now: datetime, *, alike: bool = False) -> Next:
    """Begin the restore: it ends only with the previous model verified, and has no deadline.

    The previous model is sent once no unconfirmed update can arrive any more. `why` stays at the front of the run's
    reason; `alike`: the endpoint's answers do not tell the two models apart.
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
    """Continue the restore; None if the run is in none."""
    match run.step:
        case VerifyingStep.PUT_BACK:
            return _restoring(route, run, effect, observation, now)
        case VerifyingStep.PUT_BACK_ANSWERS:
            return _verifying_previous(route, run, observation, now)
        case VerifyingStep.PUT_BACK_VERIFIED:
            return _leaving(run, effect, observation, now)
    return None


def outcome_of_restore(run: Run) -> RunState:
    """Return the outcome: `unchanged` if the answers do not tell which of the two models was served."""
    return RunState.UNCHANGED if run.rollback is not None and run.rollback.alike else RunState.ROLLED_BACK


def restored_reason(run: Run) -> str:
    """Return the reason of the outcome: the cause of the restore, then its last problem."""
    if outcome_of_restore(run) is RunState.UNCHANGED:
        return f"The two models could not be told apart. The previous model was restored. Cause: {run.reason}"
    return f"The previous model was restored and verified. Cause: {run.reason}"


def _restoring(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Mark the rollback in the intent, then send the previous model until the endpoint accepts it."""
    match effect, observation:
        case _, TimerFired():
            return run, MarkRollback()
        case MarkRollback(), RollbackMarked(target):
            first = run.in_flight_until is None or now >= run.in_flight_until
            sending = run.evolve(
                now,
                rollback=_rollback_of(run)._replace(target=target),
                **update_permitted(route, now),
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
    """Verify the previous model after the whole propagation time: until then the challenger may still appear."""
    served_by = patch_accepted_at(run) + timedelta(seconds=route.serving.propagation_s)
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
        what = f"Endpoint {name} does not answer as before, although it accepted the previous model."
        return run.retry_later(now, _with_cause(run, what), step=VerifyingStep.PUT_BACK), None
    # Written before the intent is removed: this write fails if another worker of this run saw other answers, and is
    # about to send the previous model again.
    deadline = now + timedelta(seconds=route.deadlines.promoting)
    verified = run.evolve(
        now, step=VerifyingStep.PUT_BACK_VERIFIED, consecutive_failures=0, not_before=now, deadline_at=deadline
    )
    return verified, _release_verified(verified)


def _leaving(run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Release the endpoint, now that the previous model is verified."""
    match effect, observation:
        case _, TimerFired():
            return run, _release_verified(run)
        case ReleaseEndpoint() as release, EffectFailed(error):
            return still_to_release(run, release, error, now)
        case _, EffectFailed():
            return run.evolve(now, not_before=now + timedelta(seconds=RESEND_S)), None
    raise unexpected(run, observation)


def _tried_again(run: Run, error: Exception, now: datetime, **changes: Unpack[RunFields]) -> Next:
    """Try again later; the cause of the restore stays in front of the present problem."""
    return run.retry_later(now, _with_cause(run, error_text(error)), retry_after_s(error), **changes), None


def _with_cause(run: Run, problem: str) -> str:
    return with_sentence(_rollback_of(run).cause, f"During the restore: {problem}")


def _rollback_of(run: Run) -> Rollback:
    """Return the run's restore; without a record of it, the run's reason is the cause."""
    return run.rollback if run.rollback is not None else Rollback(run.reason)


def _release_verified(run: Run) -> ReleaseEndpoint:
    golden, target = golden_answers_of(run), _rollback_of(run).target
    if target is None:
        raise ValueError(f"Run {run.run_id} has restored no model.")
    restored = Served(
        model=target,
        golden=golden.golden,
        golden_etag=golden.golden_etag,
        answers=golden.before,
        verified_at=run.updated_at,
    )
    return ReleaseEndpoint(outcome_of_restore(run), restored_reason(run), served=restored)
