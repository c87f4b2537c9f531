"""The promotion: check the endpoint, keep the model, write the intent, PATCH: decided, promoting."""

from datetime import datetime, timedelta

from shared.errors import PermanentError, had_no_effect, told_with
from shared.lifecycle.effects import (
    ArchiveModel,
    Next,
    PatchServing,
    ReadEndpoint,
    ReleaseEndpoint,
    ScoreServing,
    WriteIntent,
)
from shared.lifecycle.endpoint_preconditions import wait_for_endpoint, wait_for_endpoint_until
from shared.lifecycle.endpoint_rules import (
    blocked,
    frozen_by,
    newer_in_service,
    other_champion,
    other_holder,
    still_holds,
    waiting_for,
)
from shared.lifecycle.observations import (
    EffectFailed,
    EndpointRead,
    EndpointReleased,
    IntentWritten,
    ModelArchived,
    Observation,
    ReleaseFailed,
    ServingPatched,
    ServingRefused,
    TimerFired,
)
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.lifecycle.staged_state import evaluated_again
from shared.lifecycle.trained_state import failed_untouched, model_path, not_released, released, with_endpoint_event
from shared.records.endpoint_record import EndpointRecord, settled_at
from shared.records.run import Run, RunState
from shared.routes.route import Route

MODELS = "models"  # the container of kept copies of promoted models
RESEND_S = 15  # how long a worker has for its PATCH before another one sends the same once more, which is harmless

# Steps of `promoting`. The row says SENDING before a PATCH leaves: whoever finds it so cannot know that none arrived.
SENDING = "sending"
NOT_SENT = "not-sent"  # every PATCH so far was refused for certain: the endpoint is as it was
PUT_BACK = "put-back"  # the step of `verifying` that turns a promotion round

# The last steps of a run whose every PATCH was refused. Only once one of them is written is the intent taken away: that
# write fails if another worker of this run has sent the model meanwhile, and then the promotion goes on.
_GIVEN_UP = {"refused": RunState.FAILED, "unsent": RunState.TIMED_OUT}


def decided(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Make sure of the endpoint, of the champion that was compared, and of the way back; then write the intent."""
    match seen:
        case TimerFired():
            return run, ReadEndpoint()
        case EndpointRead(record, intent_ended):
            return _check_endpoint(route, run, record, now, intent_ended=intent_ended)
        case ModelArchived(kept):
            return run, WriteIntent(from_model=kept.rollback_target, to_model=kept.kept)
        case IntentWritten(intent, token):
            sending = run.transitioned(
                now,
                RunState.PROMOTING,
                why_promoted(run),
                step=SENDING,
                not_before=now + timedelta(seconds=RESEND_S),
                in_flight_until=settled_at(now, route.serving.propagation_s),
                lease_token=token,
                challenger={**(run.challenger or {}), "kept": intent.to_model},
            )
            return sending, PatchServing(intent.to_model, first=True)
        case EndpointReleased(release):
            return released(run, release, now), None
        case ReleaseFailed():
            return not_released(run, seen, now)
        case EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, seen)


def promoting(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Give the kept model to the serving endpoint. Sending the same model again is harmless."""
    match seen:
        case EndpointReleased(release):
            return released(run, release, now), None
        case TimerFired() if run.step in _GIVEN_UP:
            return run, ReleaseEndpoint(_GIVEN_UP[run.step], run.reason)
        case ReleaseFailed():
            return still_to_release(run, seen, now)
        case EffectFailed() if run.step in _GIVEN_UP:
            return run.evolve(now, not_before=now + timedelta(seconds=RESEND_S)), None
        case TimerFired():
            sending = run.evolve(
                now,
                step=SENDING,
                not_before=now + timedelta(seconds=RESEND_S),
                in_flight_until=settled_at(now, route.serving.propagation_s),
            )
            return sending, PatchServing(str((run.challenger or {})["kept"]), first=run.step == NOT_SENT)
        case ServingPatched(first):
            # Also where the endpoint answers at once this write comes first: it fences off a second worker of this run,
            # which might send the model again after the run was crowned and another one was promoted.
            patched = run.transitioned(
                now,
                RunState.VERIFYING,
                why_promoted(run),
                step="answers",
                patched_at=now,
                in_flight_until=None if first else run.in_flight_until,
                endpoint_events=with_endpoint_event(run, route.serving, "patched", now),
            )
            return patched, ScoreServing()
        case ServingRefused(error, first):
            return _refused(run, error, now, first=first)
        case EffectFailed(error):
            if run.overdue(now):
                return _never_confirmed(run, error, now)
            return retry_after_error(run, error, now), None
    raise unexpected(run, seen)


def still_to_release(run: Run, refused: ReleaseFailed, now: datetime) -> Next:
    """Go on giving the endpoint back, with the reason of the outcome; past the deadline the run ends without."""
    if run.overdue(now) and run.consecutive_failures:
        return not_released(run, refused, now)
    return run.evolve(
        now, consecutive_failures=run.consecutive_failures + 1, not_before=now + timedelta(seconds=RESEND_S)
    ), None


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
        step=PUT_BACK,
        deadline_at=None,
        not_before=max(now, run.in_flight_until or now),
        golden_answers={**(run.golden_answers or {}), "cause": why, "alike": alike},
    ), None


def why_promoted(run: Run) -> str:
    """Return the decision's reasons in one line."""
    return "; ".join((run.decision or {})["reasons"])


def _check_endpoint(route: Route, run: Run, record: EndpointRecord, now: datetime, *, intent_ended: bool) -> Next:
    if route.staging is not None and not still_holds(record, run):
        # Whatever was staged, and whatever was in service, may be another model by now.
        return evaluated_again(route, run, now, "the lease of the endpoint was lost meanwhile"), None
    holder = other_holder(record, run, now, intent_ended=intent_ended)
    if holder is not None:
        return wait_for_endpoint(run, waiting_for(holder, route), now)
    rollback_target = record.champion.model if record.champion else route.initial_model
    if run.override is not None:
        changed = other_champion(run, record)
        if changed is not None:
            return run, ReleaseEndpoint(RunState.SUPERSEDED, changed)
        return _settled(route, run, record, now) or (run, ArchiveModel(record, *_places(route, run), rollback_target))
    frozen = frozen_by(record, route)
    if frozen is not None:
        return evaluated_again(route, run, now, frozen), None
    champion = record.champion
    if (champion.run_id if champion else None) != (run.champion or {}).get("run_id") or _went_back(route, run, record):
        return evaluated_again(route, run, now, "the champion changed since the decision"), None
    reason = newer_in_service(record, run)
    if reason is not None:
        return run, ReleaseEndpoint(RunState.SUPERSEDED, reason)
    reason = blocked(record, run)
    if reason is not None:
        return run, ReleaseEndpoint(RunState.REJECTED, reason)
    return _settled(route, run, record, now) or (run, ArchiveModel(record, *_places(route, run), rollback_target))


def _went_back(route: Route, run: Run, record: EndpointRecord) -> bool:
    """Tell whether an operator went back to the initial model since a decision that had no champion to compare with.

    With a holdout the lease of its staging endpoint was held all the time, so nobody can have.
    """
    decided_after = bool((run.decision or {}).get("after_rollback"))
    return route.holdout is None and record.initial_again_at is not None and not decided_after


def _settled(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Let a run wait while an earlier update of the endpoint may still be on its way."""
    if record.in_flight_until is None or now >= record.in_flight_until:
        return None
    why = "waits until an earlier update of the endpoint, whose fate is unknown, can change nothing any more"
    longest = settled_at(now, route.serving.propagation_s) - now
    return wait_for_endpoint_until(run, why, now, record.in_flight_until, longest)


def _places(route: Route, run: Run) -> tuple[str, str]:
    """Return where the run's model is, and where it is kept; what an operator goes back to is kept already."""
    if run.override is not None:
        kept = str((run.challenger or {})["kept"])
        return kept, kept
    # A later attempt's model is another one, and what an earlier one kept is never overwritten.
    later = f"-{run.attempt}" if run.attempt > 1 else ""
    return model_path(run), f"{MODELS}/{route.name}/{run.run_id}{later}.ilearner"


def _refused(run: Run, error: Exception, now: datetime, *, first: bool) -> Next:
    """Tell what is certain from what is not: only a first PATCH that was refused left the endpoint as it was."""
    untouched = first and had_no_effect(error)
    if isinstance(error, PermanentError):
        if untouched:
            return _given_up(run, "refused", told_with(error, "the serving endpoint is untouched"), now)
        return put_back(run, f"the endpoint refuses the model, and an earlier update may have reached it: {error}", now)
    if not run.overdue(now):  # it may pass, or somebody may correct the key
        return retry_after_error(
            run, error, now, **({"step": NOT_SENT, "in_flight_until": None} if untouched else {})
        ), None
    if untouched:
        why = f"the serving endpoint could not be updated in time and is untouched; last: {error_text(error)}"
        return _given_up(run, "unsent", why, now)
    return _never_confirmed(run, error, now)


def _given_up(run: Run, step: str, why: str, now: datetime) -> Next:
    """Write down that nothing was sent or is on its way, and that nothing will be; then give the endpoint back."""
    given_up = run.evolve(now, step=step, reason=why, consecutive_failures=0, not_before=now, in_flight_until=None)
    return given_up, ReleaseEndpoint(_GIVEN_UP[step], given_up.reason)


def _never_confirmed(run: Run, error: Exception, now: datetime) -> Next:
    return put_back(run, f"the update was never confirmed within the deadline; last: {error_text(error)}", now)
