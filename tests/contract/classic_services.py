"""The training and the scoring service under contract: the fakes, and the client with a real studio behind it."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from azure.storage.blob import BlobServiceClient

from shared.adapters.classic.bes_client import BesTrainingService, ClassicScoringService
from shared.adapters.http.http_client import HttpClient
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.errors import NoAnswerError, ServiceFault, ThrottledError, UnavailableError
from shared.ports.blob_location import BlobLocation
from shared.ports.scoring_service import ScoringService
from shared.ports.training_service import JobRequest, JobState, JobStatus, TrainingService
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.host_allowlist import AllowedHosts
from tests.contract.faulty_gateway import FaultyGateway, Outage, faulty_gateway
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_scoring import FakeScoring
from tests.fakes.fake_training import FakeTraining
from tests.fakes.memory_blobs import MemoryBlobs
from tests.route_parts import a_request, a_training, an_endpoint, described_endpoint, described_training
from tests.studio.running import RunningStudio, census_csv, publish_census, running_studio, storage_host

COLUMNS = ("age", "hours", "occupation", "region")
GOLDEN_ROWS = (("38", "45", "Exec", "north"), ("22", "20", "Sales", "?"), ("61", "60", "Clerk", "south"))
TRAINING_ROWS = 120
MAX_JOB_S = 60
_TRAINING_OPERATIONS = ("submit", "start", "status", "cancel")
_SCORING_OPERATIONS = ("patch", "resources", "score")
_ERRORS = {
    Outage.UNAVAILABLE: UnavailableError(ServiceFault("any", "https://bes.example", 503)),
    Outage.THROTTLED: ThrottledError(ServiceFault("any", "https://bes.example", 429)),
    Outage.ANSWER_LOST: NoAnswerError(ServiceFault("any", "https://bes.example")),
}


class ClassicServices(Protocol):
    """Both services, what a route knows of them, and what happens outside the app.

    Attributes:
        training, production: the services as a route has them.
    """

    training: ClassicTraining
    production: ClassicEndpoint

    @property
    def training_service(self) -> TrainingService[ClassicTraining]:
        """The training service."""

    @property
    def scoring_service(self) -> ScoringService[ClassicEndpoint]:
        """The scoring service."""

    def put(self, name: str, text: str) -> str:
        """Write a blob into the account that jobs use; gives its container/path."""

    def link(self, path: str) -> BlobLocation:
        """Make a link to a blob of the account."""

    def elsewhere(self, location: BlobLocation) -> BlobLocation:
        """Return the same place as if it were in a storage account that is not the app's."""

    def end(self, job_id: str) -> JobStatus:
        """Let a started job run to its end: it fails if it has no input."""

    def take_effect(self) -> None:
        """Let accepted models come into service."""

    def during(self, outage: Outage) -> contextlib.AbstractContextManager[None]:
        """Let requests to the services fail for the time of a `with`."""


def new_request(services: ClassicServices, seed: int = 3) -> JobRequest:
    """Return the places of a job, with a training file in the first."""
    name = uuid4().hex
    source = services.put(f"{name}/input.csv", census_csv(TRAINING_ROWS, seed, shift=seed / 2))
    folder = source.rpartition("/")[0]
    return a_request(folder, source)


def trained(services: ClassicServices, seed: int = 3) -> tuple[str, JobRequest, JobStatus]:
    """Train a model; gives the job's id, where it wrote, and its last status."""
    request = new_request(services, seed)
    job_id = services.training_service.submit(services.training, request)
    services.training_service.start(services.training, job_id, a_request())
    return job_id, request, services.end(job_id)


class FakeServices:
    """The fakes."""

    def __init__(self) -> None:
        self._blobs, self._clock = MemoryBlobs(), FakeClock()
        self.training_service = FakeTraining(self._blobs)
        self.scoring_service = FakeScoring(self._blobs, self._clock)
        self.training, self.production = a_training(), an_endpoint()
        self.training_service.add(self.training)
        self.scoring_service.add(self.production, "seed").columns = COLUMNS
        self._numbers = count(1)

    def put(self, name: str, text: str) -> str:
        """Write a blob."""
        self._blobs.put("training", name, text)
        return f"training/{name}"

    def link(self, path: str) -> BlobLocation:
        """Make a link."""
        return self._blobs.link(path, 3600)

    def elsewhere(self, location: BlobLocation) -> BlobLocation:
        """Return the place in another account."""
        return replace(location, base="https://elsewhere.example/outputs/")

    def end(self, job_id: str) -> JobStatus:
        """Finish a job, or let it fail without its input."""
        source = self.training_service.jobs[job_id].request.input_path
        if self._blobs.text(source) is None:
            self.training_service.fail(job_id, f"Unable to access the blob {source}")
        else:
            self.training_service.finish(job_id, f"model {next(self._numbers)}", "Accuracy,AUC\n0.8,0.9\n")
        return self.training_service.status(self.training, job_id)

    def take_effect(self) -> None:
        """Let the time of propagation pass."""
        self._clock.advance(60)

    @contextlib.contextmanager
    def during(self, outage: Outage) -> Iterator[None]:
        """Arrange faults of every operation."""
        both = [
            (self.training_service.faults, _TRAINING_OPERATIONS),
            (self.scoring_service.faults, _SCORING_OPERATIONS),
        ]
        for faults, operations in both:
            for operation in operations:
                faults.fail_next(operation, _ERRORS[outage], after=outage is Outage.ANSWER_LOST)
        yield
        for faults, operations in both:
            for operation in operations:
                faults.forget(operation)


class StudioServices:
    """The client, a gateway that can fail, and a studio in a process of its own."""

    def __init__(self, studio: RunningStudio, gateway: FaultyGateway, connection_string: str, web: HttpClient) -> None:
        described = RunningStudio(gateway.base_url, studio.data, studio.process)
        self._gateway = gateway
        self._storage = BlobServiceClient.from_connection_string(connection_string)
        self._container = f"t{uuid4().hex[:12]}"
        self._storage.create_container(self._container).close()
        self._files = BlobStorageFiles.from_connection_string(connection_string)
        self.training_service = BesTrainingService(web, self._files)
        self.scoring_service = ClassicScoringService(web)
        self.training = described_training(described.service())
        self.production = described_endpoint(described.endpoint("production"))

    def put(self, name: str, text: str) -> str:
        """Write a blob."""
        self._storage.get_blob_client(self._container, name).upload_blob(text.encode())
        return f"{self._container}/{name}"

    def link(self, path: str) -> BlobLocation:
        """Make a link."""
        return self._files.link(path, 3600)

    def elsewhere(self, location: BlobLocation) -> BlobLocation:
        """Call the account by another host name: the client cannot know that it is the app's."""
        return replace(location, base=location.base.replace("127.0.0.1", "localhost"))

    def end(self, job_id: str) -> JobStatus:
        """Poll a job until it has ended."""
        deadline = time.monotonic() + MAX_JOB_S
        while time.monotonic() < deadline:
            status = self.training_service.status(self.training, job_id)
            if status.state not in {JobState.NOT_STARTED, JobState.RUNNING}:
                return status
            time.sleep(0.02)
        raise AssertionError("the job did not end")

    def take_effect(self) -> None:
        """Do nothing: this studio serves a model once it has accepted it."""

    @contextlib.contextmanager
    def during(self, outage: Outage) -> Iterator[None]:
        """Let the gateway fail."""
        self._gateway.outage = outage
        yield
        self._gateway.outage = None

    def close(self) -> None:
        """Close the connections to storage."""
        self._files.close()
        self._storage.close()


@contextlib.contextmanager
def studio_services(connection_string: str, folder: Path) -> Iterator[StudioServices]:
    """Run a studio with the small census experiment in an empty folder."""
    publish_census(folder, folder / "data")
    web = HttpClient(AllowedHosts(["127.0.0.1:*", "localhost:*"]), backoff_s=0.001)
    with contextlib.closing(web), running_studio(folder / "data", [storage_host(connection_string)]) as studio:
        port = int(studio.base_url.rpartition(":")[2].rstrip("/"))
        with faulty_gateway(port) as gateway:
            services = StudioServices(studio, gateway, connection_string, web)
            with contextlib.closing(services):
                yield services
