"""Drives a run: writes the next record, performs the effect, and gives its observation to the transition function."""

from typing import assert_never

from shared.effects import endpoint_effects, endpoint_record_effects, job_effects
from shared.effects.run_session import RunSession
from shared.errors import ConflictError, LandfallError
from shared.lifecycle import effects
from shared.lifecycle.effects import Effect, Next
from shared.lifecycle.observations import EffectFailed, Observation
from shared.lifecycle.transition import accepted_part, compensation_for, refuses_earlier_part, transition
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.ports.stored_run import StoredRun
from shared.routes.route import Route
from shared.services import Services

log = get_log("run")

MAX_EFFECTS = 60  # in one invocation; an undisturbed promotion takes some twenty


def perform(session: RunSession, effect: Effect) -> Observation:
    """Perform an effect.

    Raises:
        LandfallError: it failed, or its result is unknown.
    """
    match effect:
        case (
            effects.QuarantineInput()
            | effects.PinInput()
            | effects.SubmitJob()
            | effects.StartJob()
            | effects.GetJobStatus()
            | effects.CancelJob()
            | effects.ReadEvaluation()
        ):
            return job_effects.perform(session, effect)
        case effects.ReadInput():
            from shared.effects import intake_effects  # noqa: PLC0415 - routes that read no files need not pay for it

            return intake_effects.read_input(session)
        case effects.AssembleInput():
            from shared.effects import training_set_effects  # noqa: PLC0415 - routes that read no files need not pay

            return training_set_effects.assemble(session)
        case (
            effects.ReadEndpoint()
            | effects.TakeLease()
            | effects.WriteIntent()
            | effects.RecordChampion()
            | effects.MarkRollback()
            | effects.ReleaseEndpoint()
        ):
            return endpoint_record_effects.perform(session, effect)
        case effects.ScoreHoldout():
            from shared.effects import holdout_effects  # noqa: PLC0415 - routes without a holdout need not pay for it

            return holdout_effects.score_holdout(session, effect)
        case (
            effects.CaptureBaseline()
            | effects.PatchStaging()
            | effects.ScorePatchedStaging()
            | effects.ScoreStaging()
            | effects.GetStagingModel()
            | effects.ArchiveModel()
            | effects.PatchServing()
            | effects.ScoreServing()
            | effects.RestorePrevious()
        ):
            return endpoint_effects.perform(session, effect)
        case _:
            assert_never(effect)


def drive(services: Services, route: Route, stored: StoredRun, trigger: Observation) -> StoredRun:
    """Take steps until the run ends, waits, or another worker takes over; return its last known record.

    `trigger` begins the steps: `Claimed` or `TimerFired`. An error of the run is written into its record, never raised.
    """
    with log_subject(run_id=stored.run.run_id, route=route.name):
        return _drive(RunSession(services, route, stored), trigger)


def _drive(session: RunSession, trigger: Observation) -> StoredRun:
    done: Effect | None = None
    observation = trigger
    for _ in range(MAX_EFFECTS):
        run, effect = _next(session, done, observation)
        if run is not session.run:
            try:
                session.save(
                    run,
                    part=accepted_part(observation),
                    drops_part=refuses_earlier_part(run, observation),
                )
            except ConflictError as conflict:
                log.debug(
                    "run %s: another worker continues it: %s",
                    run.run_id[:8],
                    conflict,
                    extra=log_fields(LogAction.RUN_CONFLICT),
                )
                _undo(session, observation)
                break
            except LandfallError as error:  # the row still names the next step for the next tick
                log.warning(
                    "run %s could not be saved: %s", run.run_id[:8], error, extra=log_fields(LogAction.RUN_NOT_SAVED)
                )
                break
        if effect is None or run.terminal:
            break
        done, observation = effect, _performed(session, effect)
    else:
        log.error(
            "run %s took %d steps in one invocation; the next tick continues it",
            session.run.run_id[:8],
            MAX_EFFECTS,
            extra=log_fields(LogAction.RUN_STEP_LIMIT),
        )
    return session.stored


def _performed(session: RunSession, effect: Effect) -> Observation:
    """Perform an effect; an error is an observation too, so is a conflict.

    If another worker continues the run, the write about the conflict fails. Otherwise the run keeps the conflict as its
    reason, and its deadline still ends it.
    """
    try:
        return perform(session, effect)
    except LandfallError as error:
        return EffectFailed(error)
    except Exception as error:  # a bug in one run's step must not stop the others, nor burn the trigger's retries
        log.exception(
            "run %s: the effect %s crashed",
            session.run.run_id[:8],
            type(effect).__name__,
            extra=log_fields(LogAction.RUN_STEP_CRASHED),
        )
        return EffectFailed(error)


def _next(session: RunSession, done: Effect | None, observation: Observation) -> Next:
    """Return the transition; a bug in it counts as a step that failed, so that the run's deadline still ends it."""
    try:
        return transition(session.route, session.run, done, observation, session.now())
    except Exception as error:  # such a run must not stop the others, nor burn the trigger's retries
        log.exception(
            "run %s: the transition from %s (%s) on %s crashed",
            session.run.run_id[:8],
            session.run.state,
            session.run.step,
            type(observation).__name__,
            extra=log_fields(LogAction.RUN_STEP_CRASHED),
        )
        return transition(session.route, session.run, None, EffectFailed(error), session.now())


def _undo(session: RunSession, observation: Observation) -> None:
    effect = compensation_for(observation)
    if effect is None:
        return
    log.info(
        "run %s: %s could not be recorded and is undone",
        session.run.run_id[:8],
        type(observation).__name__,
        extra=log_fields(LogAction.RUN_STEP_UNDONE),
    )
    try:
        perform(session, effect)
    except LandfallError as error:
        log.warning(
            "run %s: %s could not be undone: %s",
            session.run.run_id[:8],
            type(observation).__name__,
            error,
            extra=log_fields(LogAction.RUN_STEP_NOT_UNDONE),
        )
