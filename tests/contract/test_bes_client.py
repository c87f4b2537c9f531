"""The client with the real studio and a real storage emulator, opened by key and under an identity."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from azure.storage.blob import BlobServiceClient

from shared.adapters.classic.bes_client import BesTrainingService, ClassicScoringService
from shared.adapters.http.http_client import HttpClient
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.errors import KeyRefusedError, RejectedError
from shared.gates.evaluation_report import read_evaluation
from shared.ports.training_service import JobRequest, JobState, JobStatus
from shared.routes.classic_services import ClassicTraining
from shared.routes.host_allowlist import AllowedHosts
from tests.contract.access import Access
from tests.route_parts import a_request, described_endpoint, described_training
from tests.studio.running import RunningStudio, census_csv, publish_census, running_studio, storage_host

ROWS = (("38", "45", "Exec", "north"), ("22", "20", "Sales", "?"))
COLUMNS = ("age", "hours", "occupation", "region")


@pytest.fixture(scope="module")
def studio(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio with the small census experiment, where new models serve at once."""
    data = tmp_path_factory.mktemp("studio") / "data"
    publish_census(tmp_path_factory.mktemp("experiment"), data)
    with running_studio(data, [storage_host(access.connection_string)]) as running:
        yield running


@pytest.fixture(scope="module")
def web(access: Access) -> Iterator[HttpClient]:
    """Give a transport."""
    del access  # whose certificate is trusted from here on
    web = HttpClient(AllowedHosts(["127.0.0.1:*"]), ca_bundle=os.environ.get("REQUESTS_CA_BUNDLE"))
    yield web
    web.close()


@pytest.fixture
def blobs(access: Access) -> Iterator[BlobStorageFiles]:
    """Give the storage that jobs read and write."""
    with closing(access.blobs()) as files:
        yield files


@pytest.fixture
def bes(web: HttpClient, blobs: BlobStorageFiles) -> BesTrainingService:
    """Give the client of training services."""
    return BesTrainingService(web, blobs)


@pytest.fixture
def scoring(web: HttpClient) -> ClassicScoringService:
    """Give the client of scoring endpoints."""
    return ClassicScoringService(web)


@pytest.fixture
def training(studio: RunningStudio) -> ClassicTraining:
    """Give the studio's training service as a route has it."""
    return described_training(studio.service())


@pytest.fixture
def request_in_storage(access: Access) -> JobRequest:
    """Give a job's places, with a training file in the first."""
    container = f"t{uuid.uuid4().hex[:12]}"
    with BlobServiceClient.from_connection_string(access.connection_string) as storage:
        storage.create_container(container)
        storage.get_blob_client(container, "a/input.csv").upload_blob(census_csv(600, 3, shift=1.5))
    folder = f"{container}/a"
    return a_request(folder)


def until_ended(bes: BesTrainingService, training: ClassicTraining, job_id: str) -> JobStatus:
    """Poll a job until it ended."""
    for _ in range(600):
        status = bes.status(training, job_id)
        if status.state not in {JobState.NOT_STARTED, JobState.RUNNING}:
            return status
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_a_job_from_submit_to_a_served_model(
    bes: BesTrainingService,
    scoring: ClassicScoringService,
    training: ClassicTraining,
    request_in_storage: JobRequest,
    studio: RunningStudio,
) -> None:
    """Submit, start, poll, read the evaluation, PATCH an endpoint, see it in its resources and in its answers."""
    job_id = bes.submit(training, request_in_storage)
    assert bes.status(training, job_id).state is JobState.NOT_STARTED
    bes.start(training, job_id, a_request())
    bes.start(training, job_id, a_request())  # a start whose answer was lost is sent again
    status = until_ended(bes, training, job_id)
    assert status.state is JobState.FINISHED
    report = read_evaluation(bes.read_output(status.outputs["output2"], 100_000))
    assert (report.value("AUC") or 0) > 0.7
    assert status.outputs["output1"].relative == request_in_storage.model_path

    staging = described_endpoint(studio.endpoint("staging"))
    before = scoring.score(staging, COLUMNS, ROWS).rows
    scoring.patch(staging, status.outputs["output1"])

    assert [(resource.name, resource.relative) for resource in scoring.resources(staging)] == [
        (staging.resource, request_in_storage.model_path)
    ]
    after = scoring.score(staging, COLUMNS, ROWS).rows
    assert len(after) == len(before) == len(ROWS)
    assert after != before
    bes.start(training, job_id, a_request())  # also long after


def test_our_own_link_to_a_kept_copy_is_served_as_well(
    bes: BesTrainingService,
    scoring: ClassicScoringService,
    training: ClassicTraining,
    request_in_storage: JobRequest,
    studio: RunningStudio,
    blobs: BlobStorageFiles,
) -> None:
    """A model copied server-side and given by the app's own link."""
    job_id = bes.submit(training, request_in_storage)
    bes.start(training, job_id, a_request())
    assert until_ended(bes, training, job_id).state is JobState.FINISHED
    kept = f"models/{uuid.uuid4().hex}/kept.ilearner"
    blobs.copy(request_in_storage.model_path, kept)
    production = described_endpoint(studio.endpoint("production"))

    scoring.patch(production, blobs.link(kept, 300))

    assert scoring.resources(production)[0].relative == kept


def test_a_job_without_its_input_fails_readably(
    bes: BesTrainingService, training: ClassicTraining, request_in_storage: JobRequest
) -> None:
    """The details name the blob, and no key."""
    job_id = bes.submit(training, request_in_storage._replace(input_path="nowhere/gone.csv"))
    bes.start(training, job_id, a_request())
    status = until_ended(bes, training, job_id)

    assert status.state is JobState.FAILED
    assert "gone.csv" in status.details
    assert "AccountKey=E" not in status.details


def test_the_default_endpoint_cannot_be_patched(
    scoring: ClassicScoringService, studio: RunningStudio, blobs: BlobStorageFiles
) -> None:
    """Only endpoints that were added are updatable (protocol 3.3)."""
    production = described_endpoint(studio.endpoint("production"))
    default = replace(production, patch_url=production.patch_url.rpartition("/")[0] + "/default")
    with pytest.raises((RejectedError, KeyRefusedError)):
        scoring.patch(default, blobs.link("models/none.ilearner", 60))
