"""A job is accepted once: what was checked then is what runs, whatever is published or started anew in between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.jobs.acceptance import JobAcceptance
from studio.jobs.errors import JobParameterError, MissingOutputLocationError
from studio.jobs.job_store import JobStore
from studio.models.model_file import load_model
from studio.storage.blob_locations import BlobReference, HostAllowList
from studio.storage.blob_path import BlobPath
from studio.storage.default_output_storage import DefaultOutputStorage
from studio.wire.quirks import OUTPUTS_SWAPPED, Quirks
from studio.wire.request_codec import JobRequest
from studio.workspace.database import Database
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind
from tests.studio.caller import Storage, Trainer, download, job_body
from tests.studio.running import EXPERIMENT, census_csv, running_studio, storage_host

KEY = "b3Vycy1hbG9uZQ=="
OURS = DefaultOutputStorage.of_environment({"STUDIO_STORAGE": f"AccountName=ours;AccountKey={KEY}"})
ANY_HOST = HostAllowList(["*"])
SOURCE = BlobReference("c/in.csv", "AccountName=theirs;AccountKey=dGhlaXJz")


@pytest.fixture
def database(own_data: Path) -> Iterator[Database]:
    """Give the database of a published experiment."""
    with Database(own_data) as database:
        yield database


def training_endpoint(database: Database) -> Endpoint:
    """Return the endpoint that takes jobs."""
    registry = Registry(database)
    (training,) = [service for service in registry.services() if service.kind is Kind.TRAINING]
    return registry.endpoints(training)[0]


def request(**parameters: str) -> JobRequest:
    """Return a job that names no place for its outputs."""
    return JobRequest({"input1": SOURCE}, {}, {name.replace("_", " "): text for name, text in parameters.items()})


def test_a_request_is_resolved_once(database: Database) -> None:
    """The plan has the job's parameters, and every location is an address."""
    endpoint = training_endpoint(database)
    acceptance = JobAcceptance(JobStore(database), ANY_HOST, OURS, Quirks(frozenset({OUTPUTS_SWAPPED})))

    accepted = acceptance.accept("j", endpoint, request(Random_seed="11"))

    assert accepted.experiment == EXPERIMENT
    assert (accepted.plan.seed, accepted.plan.label) == (11, "income")
    assert (str(accepted.source.path), accepted.source.account_name) == ("c/in.csv", "theirs")
    assert (accepted.model_output, accepted.evaluation_output) == ("output2", "output1")
    assert list(accepted.outputs) == ["output1", "output2"]
    assert all(isinstance(place, BlobPath) for place in accepted.outputs.values())


def test_the_key_of_the_studios_own_storage_stands_in_no_job(database: Database) -> None:
    """The job's own credential does, until its end; the studio's stays in the environment."""
    acceptance = JobAcceptance(JobStore(database), ANY_HOST, OURS, Quirks())

    job_id = acceptance.submit(training_endpoint(database), request())

    (row,) = database.rows("SELECT accepted FROM jobs WHERE id = ?", job_id)
    assert "dGhlaXJz" in row["accepted"]
    assert KEY not in row["accepted"]


def test_what_is_not_sound_is_not_stored(database: Database) -> None:
    """A wrong parameter comes first, then an output without a place."""
    jobs = JobStore(database)
    acceptance = JobAcceptance(jobs, ANY_HOST, None, Quirks())

    with pytest.raises(JobParameterError, match=r"'Random seed' must be a whole number .*, not 'x'\.$"):
        acceptance.submit(training_endpoint(database), request(Random_seed="x"))
    with pytest.raises(MissingOutputLocationError, match="Missing overrides for: output1, output2"):
        acceptance.submit(training_endpoint(database), request())
    assert jobs.newest(5) == []


def log_of(data: Path, job_id: str) -> str:
    """Return a job's log."""
    with Database(data) as database:
        job = JobStore(database).get(job_id)
        assert job is not None
        return job.log


def test_a_job_keeps_the_plan_that_it_was_accepted_with(own_data: Path, storage: Storage, azurite: str) -> None:
    """A plan that is published before the job is started is for the jobs that are submitted later."""
    storage.put("in.csv", census_csv(400))
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        earlier = trainer.submit(job_body(storage))
        with Database(own_data) as database, database.transaction():
            database.execute("""UPDATE services SET plan = json_set(plan, '$.test_fraction', 0.5)""")
            database.bump_catalogue_version()
        later = trainer.submit(job_body(storage))
        for job_id in (earlier, later):
            trainer.start(job_id)
            assert trainer.ended(job_id)["StatusCode"] == "Finished"

    assert "trained on 300 rows, tested on 100\n" in log_of(own_data, earlier)
    assert "trained on 200 rows, tested on 200\n" in log_of(own_data, later)


def restarted(data: Path, storage: Storage, hosts: list[str], *options: str) -> dict[str, Any]:
    """Submit a job, and start it once the studio was started again with other options; returns its last status."""
    with running_studio(data, [storage_host(storage.connection_string)]) as studio:
        job_id = Trainer.of(studio).submit(job_body(storage))
    with running_studio(data, hosts, more=options) as studio:
        trainer = Trainer.of(studio)
        assert trainer.start(job_id).status_code == 204
        return trainer.ended(job_id)


def test_a_job_keeps_its_outputs_over_a_restart(own_data: Path, storage: Storage) -> None:
    """The model goes where the job was told that it goes, though another studio would swap the two."""
    hosts = [storage_host(storage.connection_string)]
    results = restarted(own_data, storage, hosts, "--quirk", OUTPUTS_SWAPPED)["Results"]

    assert load_model(download(results["output1"])).label == "income"
    assert download(results["output2"]).startswith(b"Accuracy")


def test_a_host_that_is_no_longer_allowed_is_not_asked(own_data: Path, storage: Storage) -> None:
    """The allow-list is the owner's: a job that was accepted under an older list does not get round it."""
    status = restarted(own_data, storage, ["elsewhere.example:443"])

    assert status["StatusCode"] == "Failed"
    assert "Module: Import Data;" in status["Details"]
    assert "is not on this studio's allow-list" in status["Details"]
