"""Runs one accepted job: fetches its CSV, has it trained on, evaluates the model and writes the outputs."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from studio.jobs.accepted_job import AcceptedJob
from studio.jobs.failure import failing_in
from studio.jobs.job import Outcome, Result
from studio.jobs.job_store import JobStore
from studio.jobs.output_targets import OutputTargets
from studio.jobs.output_writer import MODEL_TYPE, evaluation_file, write_outputs
from studio.storage.blobs import BlobStorage
from studio.storage.stopping import Stop
from studio.tables.csv_reader import TableFormat
from studio.tables.table_writer import OutputFile
from studio.training.train import TrainingResult
from studio.training.training_worker import TrainingWorker
from studio.wire.quirks import Quirks
from studio.words import counted
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.in_service import model_in_service
from studio.workspace.registry import Registry

MAX_INPUT_BYTES = 4 * 2**30  # of a CSV; the largest number of values that a training takes rarely needs more


@dataclass(frozen=True)
class Executed:
    """What a run has made: where its outputs are, and what the training noted on its columns."""

    results: Mapping[str, Result]
    notes: Sequence[str]


class JobExecution:
    """How jobs are carried out; used by every worker's thread."""

    def __init__(
        self,
        jobs: JobStore,
        registry: Registry,
        deployed: DeployedModels,
        *,
        storage: BlobStorage,
        targets: OutputTargets,
        folder: Path,
        quirks: Quirks,
    ) -> None:
        """Inputs are kept in `folder` while they are read. Trainings keep to the models in service, `deployed`."""
        self._jobs = jobs
        self._registry = registry
        self._deployed = deployed
        self._storage = storage
        self._targets = targets
        self._folder = folder
        self._quirks = quirks

    def run(self, job_id: str, accepted: AcceptedJob, worker: TrainingWorker, stop: Stop) -> Executed:
        """Carry out an accepted job; one that is cancelled during its training leaves no outputs.

        Raises:
            JobFailedError: names the module in which it failed, and the cause.
        """
        storage = self._storage.stopped_by(stop)
        trained = self._train(job_id, accepted, storage, worker, stop)
        if not self._jobs.is_running(job_id):
            return Executed({}, ())
        evaluation = self._evaluate(job_id, trained)
        with failing_in("Export Data"):
            targets = self._targets.of(accepted)
            contents = {
                accepted.model_output: OutputFile(trained.model, MODEL_TYPE),
                accepted.evaluation_output: evaluation_file(evaluation, targets[accepted.evaluation_output]),
            }
            self._targets.prepare(accepted, storage)
            write_outputs(storage, targets, contents, lambda line: self._jobs.append_log(job_id, line))
        return Executed(self._targets.results(accepted, targets), trained.notes)

    def _train(
        self, job_id: str, accepted: AcceptedJob, storage: BlobStorage, worker: TrainingWorker, stop: Stop
    ) -> TrainingResult:
        with ExitStack() as files:
            with failing_in("Import Data"):
                source = self._targets.still_allowed(accepted.source)
                self._targets.of(accepted)  # a job whose outputs cannot be written need not be trained
                self._jobs.append_log(job_id, f"Import Data: {source.path}")
                csv = files.enter_context(storage.fetched_file(source, MAX_INPUT_BYTES, self._folder))
            with failing_in("Train Model"):
                size = counted(csv.stat().st_size, "byte")
                self._jobs.append_log(job_id, f"Train Model: {size} to predict {accepted.plan.label!r} from")
                worker.warm_up()
                previous = model_in_service(self._registry, self._deployed, accepted.experiment)
                with stop.ending(worker.kill), self._jobs.tracking_progress(job_id, worker.progress):
                    trained = worker.train(csv, accepted.plan, TableFormat.of_name(source.path.name), previous)
            self._jobs.append_log(job_id, *(f"Train Model: {note}" for note in trained.notes))
        return trained

    def _evaluate(self, job_id: str, trained: TrainingResult) -> str:
        """Keep what was made for the job's page; returns the evaluation as it is to be written."""
        rows = counted(trained.trained_rows, "row")
        self._jobs.append_log(job_id, f"Evaluate Model: trained on {rows}, tested on {trained.tested_rows:,}")
        evaluation = self._quirks.evaluation(trained.evaluation)
        self._jobs.keep_outcome(job_id, Outcome(evaluation, hashlib.sha256(trained.model).hexdigest()))
        return evaluation
