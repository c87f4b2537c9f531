"""What is done for a run's job: pin its input, submit, start, ask, cancel, read its evaluation."""

from urllib.parse import unquote

from shared.blob_path import BlobPath
from shared.effects.job_outputs import check_places, find_evaluation, find_model
from shared.effects.run_session import RunDesk
from shared.errors import BlobArchivedError, BlobChangedError, BlobMissingError, NotFoundError, RetryableError
from shared.gates.evaluation_report import read_evaluation
from shared.lifecycle.effects import AskJob, CancelJob, PinInput, QuarantineInput, ReadEvaluation, StartJob, SubmitJob
from shared.lifecycle.job_states import output_paths
from shared.lifecycle.observations import (
    EvaluationRead,
    InputArchived,
    InputGone,
    InputPinned,
    InputPinning,
    JobCancelled,
    JobSeen,
    JobStarted,
    JobSubmitted,
    JobUnknown,
    Quarantined,
)
from shared.ports import BlobLocation, BlobVersion, CopyState, JobState
from shared.records.run import Run
from shared.services import QUARANTINE

NAME_TAIL = 800  # characters of a bad file's name that its copy keeps: a blob's name may have 1,024
EVALUATION_LIMIT_BYTES = 1024 * 1024


def quarantine(desk: RunDesk, effect: QuarantineInput) -> Quarantined:
    """Copy a bad file to the quarantine container; the original stays where it is."""
    run = desk.run
    try:
        desk.services.blobs.copy_version(_version(run), QUARANTINE, f"{run.route}/{run.run_id}/{run.blob[-NAME_TAIL:]}")
    except BlobChangedError:
        return Quarantined(effect.reason, copied=False)
    return Quarantined(effect.reason, copied=True)


def pin(desk: RunDesk, effect: PinInput) -> InputPinned | InputPinning | InputGone | InputArchived:
    """Copy the claimed version to where the job reads it; a later attempt copies what an earlier one pinned."""
    try:
        copied = _pinned_again(desk, effect) or desk.services.blobs.copy_version(
            _version(desk.run), *BlobPath.parse(effect.target)
        )
    except BlobChangedError:
        return InputGone()
    except BlobArchivedError as error:
        return InputArchived(str(error))
    return InputPinned(effect.target) if copied is CopyState.DONE else InputPinning()


def _pinned_again(desk: RunDesk, effect: PinInput) -> CopyState | None:
    """Copy what an earlier attempt pinned; None if there is nothing of it, or nothing any more."""
    if not desk.run.input_blob:
        return None
    try:
        return desk.services.blobs.copy(desk.run.input_blob, effect.target)
    except BlobMissingError:
        return None


def submit(desk: RunDesk, effect: SubmitJob) -> JobSubmitted:
    """Submit the job; it does not run yet."""
    job_id = desk.services.training.submit(desk.route.training, effect.request)
    return JobSubmitted(job_id, effect.request.input_path)


def start(desk: RunDesk, effect: StartJob) -> JobStarted | JobUnknown:
    """Start the job; started already counts as started now."""
    try:
        desk.services.training.start(desk.route.training, effect.job_id)
    except NotFoundError as error:
        return JobUnknown(str(error))
    return JobStarted()


def ask(desk: RunDesk, effect: AskJob) -> JobSeen | JobUnknown:
    """Ask the service how the job is."""
    try:
        return JobSeen(desk.services.training.status(desk.route.training, effect.job_id))
    except NotFoundError as error:
        return JobUnknown(str(error))


def cancel(desk: RunDesk, effect: CancelJob) -> JobCancelled:
    """Cancel the job; one that the service does not know counts as cancelled."""
    desk.services.training.cancel(desk.route.training, effect.job_id)
    return JobCancelled()


def read(desk: RunDesk, effect: ReadEvaluation) -> EvaluationRead:
    """Ask again even if just polled: no SAS token is ever stored, and this answer brings fresh ones."""
    training = desk.services.training
    status = training.status(desk.route.training, effect.job_id)
    if status.state is not JobState.FINISHED:
        raise RetryableError(f"job {effect.job_id} was finished and is now reported as {status.code or status.state}")
    model = find_model(status.outputs, desk.route.training.model_output)
    evaluation = find_evaluation(status.outputs, desk.route.training.evaluation_output)
    for location in (model, evaluation):  # an answer of others: neither the app nor an endpoint may be led astray by it
        desk.services.routes.check_output(desk.route, location.base + location.relative)
    check_places((model, evaluation), output_paths(desk.run))
    text = training.read_output(evaluation, EVALUATION_LIMIT_BYTES)
    report = read_evaluation(text, desk.route.training.evaluation_row)
    md5 = _md5(desk, model) if effect.record.barred_models else ""
    return EvaluationRead(effect.record, report, evaluation.relative, model, md5)


def _md5(desk: RunDesk, model: BlobLocation) -> str:
    found = desk.services.blobs.version(*BlobPath.parse(unquote(model.relative).lstrip("/")))
    return found.md5 if found is not None else ""


def _version(run: Run) -> BlobVersion:
    return BlobVersion(run.container, run.blob, run.etag, run.size, run.landed_at)
