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
    (predictive,) = [one for one in registry.services() if one.kind is Kind.PREDICTIVE]
    return [endpoint.id for endpoint in registry.endpoints(predictive)][:2]


def added(table: JobStore, endpoint: str) -> str:
    """Add a job that nobody has started; returns its id."""
    job_id = secrets.token_hex(16)
    table.add(job_id, endpoint, accepted_job())
    return job_id


def queued(table: JobStore, endpoint: str, count: int) -> list[str]:
    """Submit and start jobs."""
    jobs = [added(table, endpoint) for _ in range(count)]
    assert all(table.enqueue(job) for job in jobs)
    return jobs


def test_a_full_endpoint_waits_and_holds_up_nobody_else(own_data: Path) -> None:
    """At the limit the endpoint's jobs stay NotStarted; another endpoint's run; an end lets the next one in."""
    with Database(own_data) as database:
        table = JobStore(database, JobLimits(running_per_endpoint=2))
        one, other = endpoints_of(database)
        first = queued(table, one, 4)
        (second,) = queued(table, other, 1)
        taken = [table.take_next() for _ in range(4)]
        assert [job.id for job in taken if job] == [*first[:2], second]
        waiting = table.get(first[2])
        assert waiting is not None
        assert (waiting.state, waiting.queued) == (JobState.NOT_STARTED, True)
        table.end(first[1], JobState.FINISHED)
        following = table.take_next()
        assert following is not None
        assert following.id == first[2]
        assert table.take_next() is None


def test_an_interrupted_job_keeps_its_place(own_data: Path) -> None:
    """After a restart it runs before those that were queued behind it."""
    with Database(own_data) as database:
        table = JobStore(database)
        jobs = queued(table, endpoints_of(database)[0], 2)
        table.take_next()
        table.requeue_interrupted()
        again = table.take_next()
        assert again is not None
        assert (again.id, again.runs) == (jobs[0], 2)


def test_a_job_that_nobody_starts_is_forgotten_after_the_time_that_was_set(own_data: Path) -> None:
    """It is unknown afterwards; one that was started stays."""
    with Database(own_data) as database:
        table = JobStore(database, JobLimits(unstarted_s=60))
        endpoint = endpoints_of(database)[0]
        (started,) = queued(table, endpoint, 1)
        idle = added(table, endpoint)
        table.drop_unstarted(datetime.now(UTC) + timedelta(seconds=59))
        assert table.of_endpoint(endpoint, idle).state is JobState.NOT_STARTED
        table.drop_unstarted(datetime.now(UTC) + timedelta(seconds=61))
        with pytest.raises(JobNotFoundError):
            table.of_endpoint(endpoint, idle)
        assert table.of_endpoint(endpoint, started).queued


def test_a_job_of_a_deleted_endpoint_is_not_taken(own_data: Path) -> None:
    """A submit that meets the deletion of its endpoint is answered by 404, and leaves nothing behind."""
    with Database(own_data) as database:
        table = JobStore(database)
        endpoint = endpoints_of(database)[0]
        (before,) = queued(table, endpoint, 1)
        database.execute("DELETE FROM endpoints WHERE id = ?", endpoint)
        with pytest.raises(ServiceNotFoundError, match="Web service not found"):
            added(table, endpoint)
        assert table.get(before) is None
        assert table.newest(5) == []


def test_a_log_grows_by_lines_with_their_time(own_data: Path) -> None:
    """Each step stands there in order; times are UTC."""
    with Database(own_data) as database:
        table = JobStore(database)
        (job,) = queued(table, endpoints_of(database)[0], 1)
        table.append_log(job, "Import Data: c/in.csv")
        table.append_log(job, "Train Model")
        (newest,) = table.newest(5)
        lines = newest.log.splitlines()
        assert [line.partition(" ")[2] for line in lines] == ["Import Data: c/in.csv", "Train Model"]
        assert datetime.fromisoformat(lines[0].partition(" ")[0]).tzinfo is not None


def test_what_jobs_made_is_kept_by_job(own_data: Path) -> None:
    """The last of a job that ran twice; nothing of one that made nothing or is gone, and it goes with its job."""
    with Database(own_data) as database:
        table = JobStore(database)
        endpoint = endpoints_of(database)[0]
        made, waits = queued(table, endpoint, 2)
        for number in ("1", "2"):
            table.keep_outcome(made, Outcome(f"AUC\n0.{number}\n", number * 64))
        table.keep_outcome("gone", Outcome("AUC\n0.9\n", "f" * 64))
        assert table.outcomes(table.newest(5)) == {made: Outcome("AUC\n0.2\n", "2" * 64)}
        assert table.outcomes([]) == {}
        assert waits in {job.id for job in table.newest(5)}
        database.execute("DELETE FROM endpoints WHERE id = ?", endpoint)
        assert database.rows("SELECT * FROM job_outcomes") == []
