"""Effects on a run's job: pin its input, submit, start, read its status, cancel, read its evaluation."""

from typing import assert_never

from shared.blob_path import BlobPath
from shared.effects.job_evaluation import read_job_evaluation
from shared.effects.run_session import RunSession
from shared.errors import BlobArchivedError, BlobChangedError, BlobMissingError, NotFoundError
from shared.lifecycle.effects import (
    CancelJob,
    GetJobStatus,
    JobEffect,
    PinInput,
    QuarantineInput,
    ReadEvaluation,
    StartJob,
    SubmitJob,
)
from shared.lifecycle.input_observations import InputArchived, InputCopyPending, InputMissing, InputPinned, Quarantined
from shared.lifecycle.input_preparation import job_request
from shared.lifecycle.job_paths import archived_original_path, quarantined_path
from shared.lifecycle.observations import (
    JobCancelled,
    JobNotFound,
    JobStarted,
    JobStatusRead,
    JobSubmitted,
    Observation,
)
from shared.ports.blob_files import BlobVersion, CopyState
from shared.records.run import Run


def perform(session: RunSession, effect: JobEffect) -> Observation:
    """Perform an effect.

    Raises:
        LandfallError: it failed, or its result is unknown.
    """
    match effect:
        case QuarantineInput():
            observation: Observation = quarantine(session)
        case PinInput():
            observation = pin(session, effect)
        case SubmitJob():
            observation = submit(session, effect)
        case StartJob():
            observation = start(session, effect)
        case GetJobStatus():
            observation = get_status(session, effect)
        case CancelJob():
            observation = cancel(session, effect)
        case ReadEvaluation():
            observation = read_job_evaluation(session, effect)
        case _:
            assert_never(effect)
    return observation


def quarantine(session: RunSession) -> Quarantined:
    """Copy a bad file to the quarantine container; the original stays where it is."""
    run = session.run
    try:
        session.services.blobs.copy_version(_version(run), *BlobPath.parse(quarantined_path(run)))
    except BlobChangedError:
        return Quarantined(copied=False)
    return Quarantined(copied=True)


def pin(session: RunSession, effect: PinInput) -> InputPinned | InputCopyPending | InputMissing | InputArchived:
    """Copy the claimed version to where the job reads it; a later attempt copies the earlier pinned input."""
    try:
        copied = _pinned_again(session, effect)
        if copied is None:
            copied = _pinned_from_input(session, effect)
    except (BlobChangedError, BlobMissingError):
        return InputMissing()
    except BlobArchivedError as error:
        return InputArchived(str(error))
    return InputPinned() if copied is CopyState.DONE else InputCopyPending()


def _pinned_again(session: RunSession, effect: PinInput) -> CopyState | None:
    """Copy what an earlier attempt pinned; None if there is nothing, or no longer anything.

    Raises:
        BlobChangedError: the training set that a file is part of is gone: its bytes as they landed are no substitute.
    """
    run = session.run
    source = run.input_blob or run.original_blob
    if not source or source == effect.target:
        return None
    try:
        return session.services.blobs.copy(source, effect.target)
    except BlobMissingError:
        if run.input_blob and run.training_set is not None:
            raise BlobChangedError(f"{source} was deleted") from None
        return None


def _pinned_from_input(session: RunSession, effect: PinInput) -> CopyState:
    """Copy the claimed version from the input container, or from where its original was moved to meanwhile."""
    blobs = session.services.blobs
    try:
        return blobs.copy_version(_version(session.run), *BlobPath.parse(effect.target))
    except BlobChangedError:
        if not session.route.archives and session.run.attempt == 1:
            raise  # nothing was ever moved
        return blobs.copy(archived_original_path(session.run), effect.target)


def submit(session: RunSession, effect: SubmitJob) -> JobSubmitted:
    """Submit the job; it does not run yet."""
    return JobSubmitted(session.services.training.submit(session.route.training, effect.request))


def start(session: RunSession, effect: StartJob) -> JobStarted | JobNotFound:
    """Start the job; started already counts as started now."""
    try:
        request = job_request(session.route, session.run, session.run.input_blob)
        session.services.training.start(session.route.training, effect.job_id, request)
    except NotFoundError as error:
        return JobNotFound(str(error))
    return JobStarted()


def get_status(session: RunSession, effect: GetJobStatus) -> JobStatusRead | JobNotFound:
    """Read the job's status."""
    try:
        return JobStatusRead(session.services.training.status(session.route.training, effect.job_id))
    except NotFoundError as error:
        return JobNotFound(str(error))


def cancel(session: RunSession, effect: CancelJob) -> JobCancelled:
    """Cancel the job; one that the service does not know counts as cancelled."""
    session.services.training.cancel(session.route.training, effect.job_id)
    return JobCancelled()


def _version(run: Run) -> BlobVersion:
    return BlobVersion(run.container, run.blob, run.etag, run.size, run.landed_at)
