"""Jobs of a workspace in memory: an id follows from the run, a PUT starts it, and its outputs lie where it was told."""

import json
from dataclasses import dataclass, field

from shared.blob_path import BlobPath
from shared.errors import NotFoundError, ServiceFault
from shared.ports.training_service import JobRequest, JobState, JobStatus
from shared.routes.azureml_services import AzureMlTraining
from tests.fakes.fake_azureml_scoring import MODEL_FILE
from tests.fakes.faults import Faults
from tests.fakes.memory_blobs import MemoryBlobs

URL = "https://management.azure.com/jobs"


@dataclass
class FakeAzureMlJob:
    """One job. `starts` counts how often it began to run."""

    request: JobRequest
    state: JobState = JobState.RUNNING
    details: str = ""
    starts: int = 1


@dataclass
class FakeAzureMlTraining:
    """`TrainingService` of a workspace. `faults` are arranged by the methods' names."""

    blobs: MemoryBlobs
    jobs: dict[str, FakeAzureMlJob] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with no job."""
        self.faults = Faults()

    def finish(self, job_id: str, model: str, metrics: dict[str, float]) -> None:
        """Let a job end well: it has written its model folder and its metrics."""
        job = self.jobs[job_id]
        self.blobs.put(*BlobPath.parse(f"{job.request.model_path}/{MODEL_FILE}"), model)
        self.blobs.put(*BlobPath.parse(f"{job.request.model_path}/more/about.txt"), "trained by hand")
        self.blobs.put(*BlobPath.parse(job.request.evaluation_path), json.dumps(metrics))
        job.state = JobState.FINISHED

    def submit(self, training: AzureMlTraining, request: JobRequest) -> str:
        """Return the id of a job; nothing is sent."""
        del training
        with self.faults.call("submit"):
            subject = request.subject
            return f"{subject.route}-{subject.run_id}-{subject.attempt}"

    def start(self, training: AzureMlTraining, job_id: str, request: JobRequest) -> None:
        """Start a job; one of that id that runs already stays as it is."""
        del training
        with self.faults.call("start"):
            self.jobs.setdefault(job_id, FakeAzureMlJob(request))

    def status(self, training: AzureMlTraining, job_id: str) -> JobStatus:
        """Tell how a job is; its outputs are not named."""
        del training
        with self.faults.call("status"):
            if job_id not in self.jobs:
                raise NotFoundError(ServiceFault("job status", f"{URL}/{job_id}", 404, "NotFound"))
            job = self.jobs[job_id]
            return JobStatus(job.state, job.details, {}, job.state.value)

    def cancel(self, training: AzureMlTraining, job_id: str) -> None:
        """Cancel a job; one that has ended stays as it is."""
        del training
        with self.faults.call("cancel"):
            job = self.jobs.get(job_id)
            if job is not None and job.state is JobState.RUNNING:
                job.state = JobState.CANCELLED
