"""A Batch Execution Service in memory: the test decides when a job finishes or fails, and with which outputs."""

from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock

from shared.blob_path import BlobPath
from shared.errors import KeyRefusedError, NotFoundError, ServiceFault, UnusableAnswerError
from shared.ports.blob_location import BlobLocation
from shared.ports.training_service import JobRequest, JobState, JobStatus
from shared.routes.route import Training
from tests.fakes.fake_keys import check_keys
from tests.fakes.faults import Faults
from tests.fakes.memory_blobs import MemoryBlobs
from tests.route_parts import jobs_url

_ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELLED})


@dataclass
class FakeJob:
    """One job. `starts` counts how often it began to run: more than one job started for one attempt breaks I2."""

    job_id: str
    jobs_url: str
    request: JobRequest
    model_output: str
    evaluation_output: str
    state: JobState = JobState.NOT_STARTED
    code: str = "NotStarted"
    starts: int = 0
    start_calls: int = 0
    details: str = ""
    notes: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)  # output name -> container/path


class FakeTraining:
    """`TrainingService` in memory.

    Services are known by their `jobs_url` and must be added first. Outputs are written to `blobs` where the submitted
    request says. `faults` arranges failures of the operations `submit`, `start`, `status`, `cancel` and `read_output`,
    before or after their effect.
    """

    def __init__(self, blobs: MemoryBlobs) -> None:
        self.faults = Faults()
        self.jobs: dict[str, FakeJob] = {}
        self.ignored_starts = 0  # how many of the next starts are answered well and have no effect
        self.outputs_base = ""  # URL under which jobs list their outputs, if that is not the app's own account
        self._published: dict[str, Training] = {}
        self._blobs = blobs
        self._numbers = count(1)
        self._lock = Lock()
        self._refused_tokens: set[str] = set()
        self._tokens: set[str] = set()

    def add(self, training: Training) -> None:
        """Publish a training service at the URL and with the keys that the route has."""
        self._published[jobs_url(training)] = training

    @property
    def started(self) -> list[FakeJob]:
        """Every job that was ever started, in order of submission."""
        return [job for job in self.jobs.values() if job.starts]

    def gave(self, token: str) -> bool:
        """Tell whether a token came with the status of a job."""
        return token in self._tokens

    def finish(self, job_id: str, model: str, evaluation: str) -> None:
        """Let a started job end well: the model's text is its identity, the evaluation is a CSV."""
        job = self._started(job_id)
        outputs = {job.model_output: job.request.model_path, job.evaluation_output: job.request.evaluation_path}
        for path, text in zip(outputs.values(), (model, evaluation), strict=True):
            self._blobs.put(*BlobPath.parse(path), text)
        job.outputs = outputs
        job.state, job.code = JobState.FINISHED, "Finished"

    def fail(self, job_id: str, details: str) -> None:
        """Let a started job fail."""
        job = self._started(job_id)
        job.state, job.code, job.details = JobState.FAILED, "Failed", details

    def say(self, job_id: str, state: JobState, code: str) -> None:
        """Let the service say any state of a job, also one it cannot be in."""
        self.jobs[job_id].state, self.jobs[job_id].code = state, code

    def forget(self, job_id: str) -> None:
        """Let the service drop a job, as one does with those that are never started."""
        del self.jobs[job_id]

    def expire_links(self) -> None:
        """Let every link that came with a job's status be refused from now on."""
        self._refused_tokens |= self._tokens

    def submit(self, training: Training, request: JobRequest) -> str:
        """Submit a job and return its id; it does not run yet."""
        with self.faults.call("submit"), self._lock:
            self._admit("submit job", training)
            job_id = f"job-{next(self._numbers)}"
            outputs = (training.model_output, training.evaluation_output)
            self.jobs[job_id] = FakeJob(job_id, jobs_url(training), request, *outputs)
        return job_id

    def start(self, training: Training, job_id: str, request: JobRequest) -> None:
        """Start a submitted job; a job that is already started counts as started now."""
        del request
        with self.faults.call("start"), self._lock:
            job = self._job("start job", training, job_id)
            job.start_calls += 1
            if self.ignored_starts:
                self.ignored_starts -= 1
                return
            if job.state is JobState.NOT_STARTED:
                job.starts += 1
                job.state, job.code = JobState.RUNNING, "Running"

    def status(self, training: Training, job_id: str) -> JobStatus:
        """Ask how a job is; a finished one comes with fresh SAS tokens."""
        with self.faults.call("status"), self._lock:
            job = self._job("job status", training, job_id)
            outputs = {name: self._link(path) for name, path in job.outputs.items()}
            return JobStatus(job.state, job.details, outputs, job.code, job.notes)

    def cancel(self, training: Training, job_id: str) -> None:
        """Cancel a job; one that is unknown or has ended counts as cancelled."""
        with self.faults.call("cancel"), self._lock:
            self._admit("cancel job", training)
            job = self.jobs.get(job_id)
            if job is not None and job.jobs_url == jobs_url(training) and job.state not in _ENDED:
                job.state, job.code = JobState.CANCELLED, "Cancelled"

    def read_output(self, location: BlobLocation, limit_bytes: int) -> str:
        """Read a small text output. Its SAS counts only outside the app's own account."""
        fault = ServiceFault("read output", location.base + location.relative)
        with self.faults.call("read_output"):
            foreign = location.base != self._blobs.base
            if foreign and (location.sas not in self._tokens or location.sas in self._refused_tokens):
                raise KeyRefusedError(replace(fault, status=403))
            text = self._blobs.text(location.relative)
            if text is None:
                raise NotFoundError(replace(fault, status=404))
            if len(text.encode()) > limit_bytes:
                raise UnusableAnswerError(replace(fault, message=f"more than {limit_bytes} bytes"))
            return text

    def _link(self, path: str) -> BlobLocation:
        link = self._blobs.make_link(path, 3600)
        self._tokens.add(link.sas)
        return replace(link, base=self.outputs_base or link.base)

    def _admit(self, operation: str, training: Training) -> None:
        """Check URL and keys, as the service does before it looks at anything else."""
        published = self._published.get(jobs_url(training))
        if published is None:
            details = (("WebServiceNotFound", "Web service not found"),)
            raise NotFoundError(ServiceFault(operation, jobs_url(training), 404, "NotFound", "", details))
        check_keys(operation, jobs_url(training), training, published)

    def _job(self, operation: str, training: Training, job_id: str) -> FakeJob:
        self._admit(operation, training)
        job = self.jobs.get(job_id)
        if job is None or job.jobs_url != jobs_url(training):
            details = (("JobNotFound", f"This endpoint has no job {job_id}"),)
            raise NotFoundError(ServiceFault(operation, f"{jobs_url(training)}/{job_id}", 404, "NotFound", "", details))
        return job

    def _started(self, job_id: str) -> FakeJob:
        job = self.jobs[job_id]
        if not job.starts:
            raise AssertionError(f"{job_id} was never started, so it cannot end")
        return job
