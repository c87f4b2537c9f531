"""The states `decided` and `promoting`: check the endpoint, archive the model, write the intent, send the update."""

from datetime import datetime, timedelta

from shared.errors import PermanentError, had_no_effect, text_with
from shared.lifecycle.decision_record import why_promoted
from shared.lifecycle.effects import (
    ArchiveModel,
    Effect,
    Next,
    PatchServing,
    ReadEndpoint,
    ReleaseEndpoint,
    ScoreServing,
    WriteIntent,
)
from shared.lifecycle.endpoint_preconditions import end_by_champion, wait_for_endpoint, wait_for_update
from shared.lifecycle.endpoint_release import RESEND_S, released, released_or_failed, still_to_release
from shared.lifecycle.endpoint_rules import (
    frozen_by,
    other_champion,
    other_holder,
    still_holds,
    waiting_for,
)
from shared.lifecycle.job_paths import archived_model_path, model_path
from shared.lifecycle.observations import (
    EffectFailed,
    EndpointRead,
    EndpointReleased,
    IntentWritten,
    ModelArchived,
    Observation,
    ServingPatched,
    ServingRefused,
    TimerFired,
)
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.lifecycle.rolling_back import begin_restore
from shared.lifecycle.run_parts import archived_model_of, challenger_of
from shared.lifecycle.run_updates import LEASE_LOST, evaluated_again, update_permitted, with_endpoint_event
from shared.records.endpoint_events import EndpointEventKind
from shared.records.endpoint_record import EndpointRecord, settled_at
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import PromotingStep, VerifyingStep
from shared.routes.route import Route

# The last steps of a run whose every PATCH was refused. The intent is removed only after one of them is written. That
# write fails if another worker of this run has sent the model meanwhile; then the promotion continues.
_GIVEN_UP = {PromotingStep.REFUSED: RunState.FAILED, PromotingStep.UNSENT: RunState.TIMED_OUT}


def decided(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Check the endpoint, the compared champion and the model to roll back to; then write the intent."""
    match effect, observation:
        case _, TimerFired():
            return run, ReadEndpoint()
        case _, EndpointRead(record, intent_ended):
            return _check_endpoint(route, run, record, now, intent_ended=intent_ended)
        case ArchiveModel() as archive, ModelArchived():
            return run, WriteIntent(from_model=archive.rollback_target, to_model=archive.archived_model)
        case WriteIntent(_, to_model), IntentWritten(token):
            sending = run.transitioned(
                now,
                RunState.PROMOTING,
                why_promoted(run),
                step=PromotingStep.SENDING,
                **update_permitted(route, now),
                lease_token=token,
                challenger=challenger_of(run)._replace(archived_model=to_model),
            )
            return sending, PatchServing(to_model, first=True)
    return released_or_failed(run, effect, observation, now)


def promoting(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Give the archived model to the serving endpoint. The update is idempotent."""
    match effect, observation:
        case ReleaseEndpoint() as release, EndpointReleased():
            return released(run, release, now), None
        case ReleaseEndpoint() as release, EffectFailed(error):
            return still_to_release(run, release, error, now)
        case PatchServing(_, first), ServingPatched():
            return _patched(route, run, now, first=first)
        case PatchServing(_, first), ServingRefused(error):
            return _refused(run, error, now, first=first)
    outcome = _GIVEN_UP.get(run.step) if isinstance(run.step, PromotingStep) else None
    if outcome is not None:
        return _leaving(run, outcome, observation, now)
    match observation:
        case TimerFired():
            sending = run.evolve(
                now,
                step=PromotingStep.SENDING,
                **update_permitted(route, now),
            )
            first = run.step == PromotingStep.NOT_SENT
            return sending, PatchServing(archived_model_of(run), first=first)
        case EffectFailed(error):
            if run.overdue(now):
                return _never_confirmed(run, error, now)
            return retry_after_error(run, error, now), None
    raise unexpected(run, observation)


def _patched(route: Route, run: Run, now: datetime, *, first: bool) -> Next:
    """Write that the endpoint accepted the model, then score the golden rows.

    This write comes first even if the endpoint answers at once. It fences off a second worker of this run, which might
    send the model again after the promotion of a later run.
    """
    patched = run.transitioned(
        now,
        RunState.VERIFYING,
        why_promoted(run),
        step=VerifyingStep.ANSWERS,
        patched_at=now,
        in_flight_until=None if first else run.in_flight_until,
        endpoint_events=with_endpoint_event(run, route.serving, EndpointEventKind.PATCHED, now),
    )
    return patched, ScoreServing()


def _leaving(run: Run, outcome: RunState, observation: Observation, now: datetime) -> Next:
    """Release the endpoint after a promotion that was given up."""
    match observation:
        case TimerFired():
            return run, ReleaseEndpoint(outcome, run.reason)
        case EffectFailed():
            return run.evolve(now, not_before=now + timedelta(seconds=RESEND_S)), None
    raise unexpected(run, observation)


def _check_endpoint(route: Route, run: Run, record: EndpointRecord, now: datetime, *, intent_ended: bool) -> Next:
    if route.staging is not None and not still_holds(record, run):
        # Both endpoints may have another model by now.
        return evaluated_again(route, run, now, LEASE_LOST), None
    holder = other_holder(record, run, now, intent_ended=intent_ended)
    if holder is not None:
        return wait_for_endpoint(run, waiting_for(holder, route), now)
    if run.override is None:
        refused = _check_decision(route, run, record, now)
        if refused is not None:
            return refused
    else:
        changed = other_champion(run, record)
        if changed is not None:
            return run, ReleaseEndpoint(RunState.SUPERSEDED, changed)
    waiting = _settled(route, run, record, now)
    if waiting is not None:
        return waiting
    return run, _archive(route, run, record)


def _check_decision(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Return the next record of a run whose decision no longer counts; None if it still counts."""
    frozen = frozen_by(record, route)
    if frozen is not None:
        return evaluated_again(route, run, now, frozen), None
    champion = record.champion
    compared = run.champion.run_id if run.champion is not None else None
    present = champion.run_id if champion is not None else None
    if present != compared or _went_back(route, run, record):
        return evaluated_again(route, run, now, "The champion changed after the decision."), None
    ended = end_by_champion(run, record)
    return None if ended is None else (run, ended)


def _went_back(route: Route, run: Run, record: EndpointRecord) -> bool:
    """Tell whether an operator restored the initial model after a decision that had no champion to compare with.

    With a holdout the run held the lease all the time, so no rollback was possible.
    """
    decided_after = run.decision is not None and run.decision.after_rollback
    return route.holdout is None and record.initial_again_at is not None and not decided_after


def _settled(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Let a run wait until an unconfirmed update of the endpoint can no longer arrive."""
    if record.in_flight_until is None or now >= record.in_flight_until:
        return None
    longest = settled_at(now, route.serving.propagation_s) - now
    return wait_for_update(run, "the endpoint", now, record.in_flight_until, longest)


def _archive(route: Route, run: Run, record: EndpointRecord) -> ArchiveModel:
    """Return the effect that archives the run's model; the model of a rollback is archived already."""
    rollback_target = record.champion.model if record.champion else route.initial_model
    if run.override is not None:
        archived = archived_model_of(run)
        return ArchiveModel(archived, archived, rollback_target)
    kept = archived_model_path(run, route.training)
    return ArchiveModel(model_path(run, route.training), kept, rollback_target)


def _refused(run: Run, error: Exception, now: datetime, *, first: bool) -> Next:
    """Judge a failed PATCH. Only a first PATCH that was refused certainly left the endpoint unchanged."""
    untouched = first and had_no_effect(error)
    if isinstance(error, PermanentError):
        if untouched:
            why = text_with(error, "the serving endpoint is untouched")
            return _given_up(run, PromotingStep.REFUSED, why, now)
        return begin_restore(
            run, f"The endpoint refused the model, but an earlier update may have reached it: {error}", now
        )
    if not run.overdue(now):  # the error may pass, or a person may correct the key
        if untouched:
            return retry_after_error(run, error, now, step=PromotingStep.NOT_SENT, in_flight_until=None), None
        return retry_after_error(run, error, now), None
    if untouched:
        why = f"No update was accepted in time. The serving endpoint is untouched. Last error: {error_text(error)}"
        return _given_up(run, PromotingStep.UNSENT, why, now)
    return _never_confirmed(run, error, now)


def _given_up(run: Run, step: PromotingStep, why: str, now: datetime) -> Next:
    """Write that no update is on its way and none will be sent; then release the endpoint."""
    given_up = run.evolve(now, step=step, reason=why, consecutive_failures=0, not_before=now, in_flight_until=None)
    return given_up, ReleaseEndpoint(_GIVEN_UP[step], given_up.reason)


def _never_confirmed(run: Run, error: Exception, now: datetime) -> Next:
    return begin_restore(run, f"The update was not confirmed by the deadline. Last error: {error_text(error)}", now)
