"""Reads the evaluation of a finished job: by the links that its service names, or where the job was told to write."""

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import unquote

from shared.blob_path import BlobPath
from shared.effects.job_outputs import check_places, find_evaluation, find_model
from shared.effects.run_session import RunSession
from shared.errors import RetryableError
from shared.gates.evaluation_report import EvaluationReport, read_evaluation
from shared.lifecycle.effects import ReadEvaluation
from shared.lifecycle.job_paths import output_paths
from shared.lifecycle.observations import EvaluationRead
from shared.ports.training_service import JobState, JobStatus
from shared.routes.classic_services import ClassicTraining

if TYPE_CHECKING:
    from shared.services import Services

EVALUATION_LIMIT_BYTES = 1024 * 1024


def read_job_evaluation(session: RunSession, effect: ReadEvaluation) -> EvaluationRead:
    """Read the status again, since it may bring fresh links: no token is ever stored. Then read the evaluation.

    Raises:
        RetryableError: the service takes back that the job has finished, or an output is not there yet.
        LandfallError: the outputs are not those of this job, or cannot be read.
    """
    training = session.route.training
    status = session.services.training.status(training, effect.job_id)
    if status.state is not JobState.FINISHED:
        raise RetryableError(
            f"Job {effect.job_id} was finished; now its service reports {status.code or status.state}."
        )
    if isinstance(training, ClassicTraining):
        report, evaluation, model = _by_links(session, training, status)
    else:
        report, evaluation, model = _by_paths(session)
    digest = model_digest(session.services, model) if effect.record.blocked_models else ""
    return EvaluationRead(report, evaluation, digest)


def model_digest(services: "Services", path: str) -> str:
    """Return what tells a model from others: the MD5 of its file, or of a list of its folder; "" if it is unknown."""
    location = BlobPath.parse(path)
    version = services.blobs.version(*location)
    if version is not None:
        return version.md5
    files = sorted(services.blobs.versions(location.container, f"{location.name}/"), key=lambda file: file.name)
    if not files or not all(file.md5 for file in files):
        return ""
    lines = "".join(f"{file.name.removeprefix(location.name)} {file.md5}\n" for file in files)
    return hashlib.md5(lines.encode(), usedforsecurity=False).hexdigest()


def _by_links(session: RunSession, training: ClassicTraining, status: JobStatus) -> tuple[EvaluationReport, str, str]:
    model = find_model(status.outputs, training.model_output)
    evaluation = find_evaluation(status.outputs, training.evaluation_output)
    for location in (model, evaluation):
        # Chosen by the service: neither the app nor an endpoint may follow it elsewhere.
        session.services.routes.check_output(session.route, location.base + location.relative)
    check_places((model, evaluation), output_paths(session.run, training))
    text = session.services.training.read_output(evaluation, EVALUATION_LIMIT_BYTES)
    return read_evaluation(text, training.evaluation_row), evaluation.relative, unquote(model.relative).lstrip("/")


def _by_paths(session: RunSession) -> tuple[EvaluationReport, str, str]:
    """Read what the job wrote into the app's own storage. It may show a moment after the job has ended."""
    from shared.gates.metrics_document import read_metrics  # noqa: PLC0415 - of engines that most apps do not use

    blobs = session.services.blobs
    model, evaluation = output_paths(session.run, session.route.training)
    folder = BlobPath.parse(model)
    if not any(True for _ in blobs.versions(folder.container, f"{folder.name}/")):
        raise RetryableError(f"The job has ended well, and its model is not in {model}/ yet.")
    if blobs.version(*BlobPath.parse(evaluation)) is None:
        raise RetryableError(f"The job has ended well, and its evaluation {evaluation} is not there yet.")
    text, _ = blobs.read_text(evaluation, EVALUATION_LIMIT_BYTES)
    return read_metrics(text), evaluation, model
