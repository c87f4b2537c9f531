"""Drives a run: writes what the transition function returns, carries out the effect, and shows it what came of it."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.effects import endpoint_effects, endpoint_record_effects, job_effects
from shared.effects.run_session import RunSession
from shared.errors import ConflictError, LandfallError
from shared.lifecycle import effects
from shared.lifecycle.effects import Effect, Next
from shared.lifecycle.observations import EffectFailed, Observation, ReleaseFailed
from shared.lifecycle.transition import compensation_for, transition
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.ports import StoredRun
from shared.routes.route import Route
from shared.services import Services

log = get_log("run")

MOST_EFFECTS = 60  # in one invocation; an undisturbed promotion takes some twenty


def _score_holdout(session: RunSession, effect: effects.ScoreHoldout) -> Observation:
    from shared.effects.holdout_effects import score_holdout  # noqa: PLC0415 - routes without one need not pay for it

    return score_holdout(session, effect)


_PERFORMERS: Mapping[type[Effect], Callable[[RunSession, Any], Observation]] = {
    effects.QuarantineInput: job_effects.quarantine,
    effects.PinInput: job_effects.pin,
    effects.SubmitJob: job_effects.submit,
    effects.StartJob: job_effects.start,
    effects.GetJobStatus: job_effects.ask,
    effects.CancelJob: job_effects.cancel,
    effects.ReadEvaluation: job_effects.read,
    effects.ReadEndpoint: endpoint_record_effects.read_endpoint,
    effects.TakeLease: endpoint_record_effects.take_lease,
    effects.WriteIntent: endpoint_record_effects.write_intent,
    effects.RecordChampion: endpoint_record_effects.record_champion,
    effects.MarkRollback: endpoint_record_effects.mark_rollback,
    effects.ReleaseEndpoint: endpoint_record_effects.release,
    effects.CaptureBaseline: endpoint_effects.capture_baseline,
    effects.PatchStaging: endpoint_effects.patch_staging,
    effects.ScoreStaging: endpoint_effects.score_staging,
    effects.GetStagingModel: endpoint_effects.read_staging_model,
    effects.ScoreHoldout: _score_holdout,
    effects.ArchiveModel: endpoint_effects.archive_model,
    effects.PatchServing: endpoint_effects.patch_serving,
    effects.ScoreServing: endpoint_effects.score_serving,
    effects.RestorePrevious: endpoint_effects.restore_previous,
}


def drive(services: Services, route: Route, stored: StoredRun, seen: Observation) -> StoredRun:
    """Take steps until the run ends, waits, or another worker takes over; returns it as last known.

    Never raises for what went wrong with the run: that is written into it.
    """
    with log_subject(run_id=stored.run.run_id, route=route.name):
        return _drive(RunSession(services, route, stored), seen)


def _drive(session: RunSession, seen: Observation) -> StoredRun:
    for _ in range(MOST_EFFECTS):
        run, effect = _next(session, seen)
        if run is not session.run:
            try:
                session.save(run)
            except ConflictError as conflict:
                log.debug(
                    "run %s: another worker goes on with it: %s",
                    run.run_id[:8],
                    conflict,
                    extra=log_fields(LogAction.RUN_CONFLICT),
                )
                _undo(session, seen)
                break
            except LandfallError as error:  # the row still says what is next, and the tick comes again
                log.warning(
                    "run %s could not be saved: %s", run.run_id[:8], error, extra=log_fields(LogAction.RUN_NOT_SAVED)
                )
                break
        if effect is None or run.terminal:
            break
        seen = _performed(session, effect)
    else:
        log.error(
            "run %s took %d steps in one invocation; the next tick goes on with it",
            session.run.run_id[:8],
            MOST_EFFECTS,
            extra=log_fields(LogAction.RUN_STEP_LIMIT),
        )
    return session.stored


def _performed(session: RunSession, effect: Effect) -> Observation:
    """Carry an effect out; whatever goes wrong is an observation too.

    So is a conflict. If another worker of this run goes on with it, what is written about the conflict fails; if none
    does, the run says what it met, and its deadline still ends it.
    """
    try:
        return _PERFORMERS[type(effect)](session, effect)
    except LandfallError as error:
        failure: Exception = error
    except Exception as error:  # a bug in one run's step must not stop the others, nor burn the trigger's retries
        log.exception(
            "run %s: the effect %s crashed",
            session.run.run_id[:8],
            type(effect).__name__,
            extra=log_fields(LogAction.RUN_STEP_CRASHED),
        )
        failure = error
    return ReleaseFailed(effect, failure) if isinstance(effect, effects.ReleaseEndpoint) else EffectFailed(failure)


def _next(session: RunSession, seen: Observation) -> Next:
    """Return the transition; a bug in it counts as a step that failed, so that the run's deadline still ends it."""
    try:
        return transition(session.route, session.run, seen, session.now())
    except Exception as error:  # such a run must not stop the others, nor burn the trigger's retries
        log.exception(
            "run %s: the transition from %s (%s) on %s crashed",
            session.run.run_id[:8],
            session.run.state,
            session.run.step,
            type(seen).__name__,
            extra=log_fields(LogAction.RUN_STEP_CRASHED),
        )
        return transition(session.route, session.run, EffectFailed(error), session.now())


def _undo(session: RunSession, seen: Observation) -> None:
    effect = compensation_for(seen)
    if effect is None:
        return
    log.info(
        "run %s: %s could not be recorded and is undone",
        session.run.run_id[:8],
        type(seen).__name__,
        extra=log_fields(LogAction.RUN_STEP_UNDONE),
    )
    try:
        _PERFORMERS[type(effect)](session, effect)
    except LandfallError as error:
        log.warning(
            "run %s: %s could not be undone: %s",
            session.run.run_id[:8],
            type(seen).__name__,
            error,
            extra=log_fields(LogAction.RUN_STEP_NOT_UNDONE),
        )
