"""The steps of `landed` between a pinned original and a job: the file is read, and the training set assembled (pure).

Both may take minutes, so a timer does neither. A message of the queue `intake` announces the run, and its worker takes
the step under a lease. The lease is the run's `not_before`: the worker renews it by conditional writes.
"""

from datetime import datetime, timedelta
from typing import Unpack

from shared.errors import PermanentError
from shared.intake.settings import BatchSettings
from shared.lifecycle.effects import AssembleInput, Effect, Next, ReadInput
from shared.lifecycle.input_observations import (
    InputAccepted,
    InputRefused,
    MemberForgotten,
    MemberRewritten,
    NothingToTrain,
    OriginalMissing,
    SetAssembled,
)
from shared.lifecycle.input_preparation import LANDING_LEASE_S, prepare, submit
from shared.lifecycle.job_paths import original_path
from shared.lifecycle.observations import EffectFailed, IntakeAnnounced, Observation, TimerFired
from shared.lifecycle.reasons import with_sentence
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.records.intake_record import IntakeRecord
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, WaitingStep
from shared.routes.route import Route

READING_LEASE_S = 120  # of a worker that reads or assembles; it renews the lease every third of it
ANNOUNCE_S = 30  # a message that starts nothing for so long is repeated by a tick, then after growing pauses
MAX_ANNOUNCE_S = 240

UNDER_LEASE = frozenset({LandedStep.READING, LandedStep.ASSEMBLING})
_ANNOUNCED = {LandedStep.READING: LandedStep.QUEUED, LandedStep.ASSEMBLING: LandedStep.PREPARING}
ANNOUNCED = frozenset(_ANNOUNCED.values())
INTAKE_STEPS = UNDER_LEASE | ANNOUNCED

NOT_PREPARED = "The file was not read by its deadline."
STOPPED = "The worker that read the file or assembled its training set stopped before it was done."


def pinned(route: Route, run: Run, target: str, now: datetime) -> Next:
    """Continue a run whose file was pinned at `target`: its job's input, or the original that is read or gathered."""
    if target != original_path(run):
        return run, submit(route, run, target)
    if route.reading is None and route.batch is not None:
        return waits_for_batch(route.batch, run, now, original_blob=target), None
    queued = run.evolve(
        now,
        step=LandedStep.QUEUED if route.reading is not None else LandedStep.PREPARING,
        original_blob=target,
        not_before=now + timedelta(seconds=ANNOUNCE_S),
        reason="",
        consecutive_failures=0,
    )
    return queued, None


def is_announced(run: Run) -> bool:
    """Tell whether the run waits for a message of the queue `intake`: whoever wrote this record sends one."""
    return run.step in ANNOUNCED


def is_unheard(run: Run, now: datetime) -> bool:
    """Tell whether nobody has begun although the run was announced for minutes: its messages are lost."""
    pause = run.not_before - run.updated_at
    return is_announced(run) and now >= run.not_before and pause >= timedelta(seconds=MAX_ANNOUNCE_S)


def under_lease(run: Run, now: datetime) -> bool:
    """Tell whether a worker reads the run's file or assembles its set, as far as its lease tells."""
    return run.step in UNDER_LEASE and now < run.not_before


def renewed(run: Run, now: datetime) -> Run | None:
    """Return the run with its lease renewed; None while a third of the lease has not passed."""
    if timedelta() <= now - run.updated_at < timedelta(seconds=READING_LEASE_S / 3):
        return None
    return run.evolve(now, not_before=now + timedelta(seconds=READING_LEASE_S))


def preparing_input(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Read the file and assemble the training set under a lease; a tick only announces what nobody has begun."""
    del effect
    match observation:
        case TimerFired():
            if run.overdue(now):
                return _timed_out(run, now, run.reason or NOT_PREPARED), None
            return _announced_again(run, now), None
        case IntakeAnnounced():
            if run.step in UNDER_LEASE and now < run.not_before:
                return run, None
            return _begun(run, now)
        case InputAccepted(_, intake, problems):
            return _accepted(route, run, intake, problems, now)
        case InputRefused(reason, problems, intake):
            return run.transitioned(now, RunState.QUARANTINED, reason, problems=problems, intake=intake), None
        case OriginalMissing():
            lease = now + timedelta(seconds=LANDING_LEASE_S)
            pinned_anew = run.evolve(now, step=None, original_blob="", not_before=lease)
            return pinned_anew, prepare(route, pinned_anew)
        case SetAssembled(input_blob):
            lease = now + timedelta(seconds=LANDING_LEASE_S)
            ready: RunFields = {"step": None, "not_before": lease, "consecutive_failures": 0, "input_blob": input_blob}
            changes: RunFields = {**ready, **_of_set(run, observation)}
            assembled = run.evolve(now, reason="", **changes)
            return assembled, submit(route, assembled)
        case MemberForgotten(blob):
            return _decided_anew(run, f"The data of {blob} was forgotten while", now), None
        case MemberRewritten(blob):
            return _decided_anew(run, f"The clean rows of {blob} were written anew after", now), None
        case NothingToTrain(reason):
            return run.transitioned(now, RunState.UNCHANGED, reason, **_of_set(run, observation)), None
        case EffectFailed(error):
            if isinstance(error, PermanentError):
                return run.transitioned(now, RunState.FAILED, str(error)), None
            if run.overdue(now):
                return _timed_out(run, now, f"{NOT_PREPARED} Last error: {error_text(error)}"), None
            return retry_after_error(run, error, now), None  # until then its lease keeps messages off
    raise unexpected(run, observation)


def waits_for_batch(settings: BatchSettings, run: Run, now: datetime, **changes: Unpack[RunFields]) -> Run:
    """Return an accepted run that is trained with the next batch; no deadline ends it."""
    waits: RunFields = {"step": WaitingStep.BATCH, "deadline_at": None, **changes}
    return run.transitioned(now, RunState.WAITING, _until_sealed(settings), **waits)


def _until_sealed(settings: BatchSettings) -> str:
    return (
        f"The file is accepted. It is trained once no further file has landed for {settings.debounce_s:,} s, "
        f"or {settings.max_wait_s:,} s after the oldest file that waits landed."
    )


def prepared(route: Route, run: Run, now: datetime) -> Run:
    """Return an accepted run whose training set is to be assembled, and which a message announces."""
    return run.transitioned(
        now,
        RunState.LANDED,
        step=LandedStep.PREPARING,
        not_before=now + timedelta(seconds=ANNOUNCE_S),
        deadline_at=now + timedelta(seconds=route.deadlines.not_started),
    )


def assembled_again(run: Run, now: datetime) -> Run:
    """Return a run whose next attempt has lost its training set: it is assembled anew, and a message announces that."""
    announced = now + timedelta(seconds=ANNOUNCE_S)
    return run.evolve(now, step=LandedStep.PREPARING, input_blob="", training_set=None, not_before=announced)


def _decided_anew(run: Run, why: str, now: datetime) -> Run:
    """Return a run whose set cannot be joined as it was decided: the set of its next attempt is decided by what is now.

    The attempt is new because the manifest is never written twice: a paused worker may still hold the old one.
    """
    return run.evolve(
        now,
        step=LandedStep.PREPARING,
        attempt=run.attempt + 1,
        not_before=now + timedelta(seconds=ANNOUNCE_S),
        reason=f"{why} the training set was decided: it is decided anew.",
        consecutive_failures=0,
    )


def _begun(run: Run, now: datetime) -> Next:
    """Take the lease. The write permits the step: of two workers that got a message, one continues."""
    reading = run.step in {LandedStep.QUEUED, LandedStep.READING}
    step = LandedStep.READING if reading else LandedStep.ASSEMBLING
    leased = run.evolve(now, step=step, not_before=now + timedelta(seconds=READING_LEASE_S), reason="")
    return leased, ReadInput() if reading else AssembleInput()


def _announced_again(run: Run, now: datetime) -> Run:
    if run.step in UNDER_LEASE:  # the lease or the pause after an error is over
        return run.evolve(
            now,
            step=_ANNOUNCED[LandedStep(run.step)],
            not_before=now + timedelta(seconds=ANNOUNCE_S),
            reason=run.reason or STOPPED,  # an error that was recorded has been counted
            consecutive_failures=run.consecutive_failures + (0 if run.reason else 1),
        )
    pause_s = min(max((run.not_before - run.updated_at).total_seconds() * 2, ANNOUNCE_S), MAX_ANNOUNCE_S)
    return run.evolve(now, not_before=now + timedelta(seconds=pause_s))


def _accepted(route: Route, run: Run, intake: IntakeRecord, problems: str, now: datetime) -> Next:
    if route.batch is not None:
        return waits_for_batch(route.batch, run, now, intake=intake, problems=problems), None
    lease = now + timedelta(seconds=READING_LEASE_S)
    assembling = run.transitioned(
        now, RunState.LANDED, step=LandedStep.ASSEMBLING, not_before=lease, intake=intake, problems=problems
    )
    return assembling, AssembleInput()


def _of_set(run: Run, observation: SetAssembled | NothingToTrain) -> RunFields:
    """Return what a run keeps of its training set: the set's generation is the run's from now on."""
    changes: RunFields = {"training_set": observation.training_set, "drift": observation.drift}
    if run.intake is not None:
        left_out = run.intake.left_out._replace(duplicate_file=observation.duplicates, unfit_file=observation.unfit)
        changes["intake"] = run.intake._replace(left_out=left_out)
    if observation.generation and observation.generation != run.generation:
        changes["generation"] = observation.generation
        changes["own_generation"] = run.file_generation
    return changes


def _timed_out(run: Run, now: datetime, why: str) -> Run:
    return run.transitioned(now, RunState.TIMED_OUT, with_sentence(why, "Its deadline has passed."))
