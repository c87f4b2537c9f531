"""The queue of jobs in the database: first in, first out, so many of an endpoint at once."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.jobs.errors import JobNotFoundError
from studio.jobs.job import JobState, Outcome
from studio.jobs.job_store import JobLimits, JobStore
from studio.workspace.database import Database
from studio.workspace.errors import ServiceNotFoundError
from studio.workspace.registry import Registry
from studio.workspace.services import Kind
from tests.studio.jobs.accepted_jobs import accepted_job


def endpoints_of(database: Database) -> list[str]:
    """Return two endpoints' ids."""
    registry = Registry(database)
    (predictive,) = [service for service in registry.services() if service.kind is Kind.PREDICTIVE]
    return [endpoint.id for endpoint in registry.endpoints(predictive)][:2]


def added(store: JobStore, endpoint: str) -> str:
    """Add a job that nobody has started; returns its id."""
    job_id = secrets.token_hex(16)
    store.add(job_id, endpoint, accepted_job())
    return job_id


def queued(store: JobStore, endpoint: str, count: int) -> list[str]:
    """Submit and start jobs."""
    jobs = [added(store, endpoint) for _ in range(count)]
    assert all(store.enqueue(job) for job in jobs)
    return jobs


def test_a_full_endpoint_waits_and_holds_up_nobody_else(own_data: Path) -> None:
    """At the limit the endpoint's jobs stay NotStarted; another endpoint's run; an end lets the next one in."""
    with Database(own_data) as database:
        store = JobStore(database, JobLimits(running_per_endpoint=2))
        full, free = endpoints_of(database)
        first = queued(store, full, 4)
        (second,) = queued(store, free, 1)
        taken = [store.take_next() for _ in range(4)]
        assert [job.id for job in taken if job] == [*first[:2], second]
        waiting = store.get(first[2])
        assert waiting is not None
        assert (waiting.state, waiting.queued) == (JobState.NOT_STARTED, True)
        store.end(first[1], JobState.FINISHED)
        following = store.take_next()
        assert following is not None
        assert following.id == first[2]
        assert store.take_next() is None


def test_an_interrupted_job_keeps_its_place(own_data: Path) -> None:
    """After a restart it runs before those that were queued behind it."""
    with Database(own_data) as database:
        store = JobStore(database)
        jobs = queued(store, endpoints_of(database)[0], 2)
        store.take_next()
        store.requeue_interrupted()
        again = store.take_next()
        assert again is not None
        assert (again.id, again.runs) == (jobs[0], 2)


def test_a_job_that_nobody_starts_is_forgotten_after_the_time_that_was_set(own_data: Path) -> None:
    """It is unknown afterwards; one that was started stays."""
    with Database(own_data) as database:
        store = JobStore(database, JobLimits(unstarted_s=60))
        endpoint = endpoints_of(database)[0]
        (started,) = queued(store, endpoint, 1)
        idle = added(store, endpoint)
        store.drop_unstarted(datetime.now(UTC) + timedelta(seconds=59))
        assert store.of_endpoint(endpoint, idle).state is JobState.NOT_STARTED
        store.drop_unstarted(datetime.now(UTC) + timedelta(seconds=61))
        with pytest.raises(JobNotFoundError):
            store.of_endpoint(endpoint, idle)
        assert store.of_endpoint(endpoint, started).queued


def test_a_job_of_a_deleted_endpoint_is_not_taken(own_data: Path) -> None:
    """A submit that meets the deletion of its endpoint is answered by 404, and leaves nothing behind."""
    with Database(own_data) as database:
        store = JobStore(database)
        endpoint = endpoints_of(database)[0]
        (before,) = queued(store, endpoint, 1)
        database.execute("DELETE FROM endpoints WHERE id = ?", endpoint)
        with pytest.raises(ServiceNotFoundError, match="Web service not found"):
            added(store, endpoint)
        assert store.get(before) is None
        assert store.newest(5) == []


def test_a_log_grows_by_lines_with_their_time(own_data: Path) -> None:
    """Each step stands there in order; times are UTC."""
    with Database(own_data) as database:
        store = JobStore(database)
        (job,) = queued(store, endpoints_of(database)[0], 1)
        store.append_log(job, "Import Data: c/in.csv")
        store.append_log(job, "Train Model")
        (newest,) = store.newest(5)
        lines = newest.log.splitlines()
        assert [line.partition(" ")[2] for line in lines] == ["Import Data: c/in.csv", "Train Model"]
        assert datetime.fromisoformat(lines[0].partition(" ")[0]).tzinfo is not None


def test_what_jobs_made_is_kept_by_job(own_data: Path) -> None:
    """The last of a job that ran twice; nothing of one that made nothing or is gone, and it goes with its job."""
    with Database(own_data) as database:
        store = JobStore(database)
        endpoint = endpoints_of(database)[0]
        made, waits = queued(store, endpoint, 2)
        for number in ("1", "2"):
            store.keep_outcome(made, Outcome(f"AUC\n0.{number}\n", number * 64))
        store.keep_outcome("gone", Outcome("AUC\n0.9\n", "f" * 64))
        assert store.outcomes(store.newest(5)) == {made: Outcome("AUC\n0.2\n", "2" * 64)}
        assert store.outcomes([]) == {}
        assert waits in {job.id for job in store.newest(5)}
        database.execute("DELETE FROM endpoints WHERE id = ?", endpoint)
        assert database.rows("SELECT * FROM job_outcomes") == []
