"""The threads that run jobs: whatever a job does, it ends with a reason, and the next one runs."""

import logging
import secrets
import time
from pathlib import Path
from typing import Any

import pytest

from studio.jobs.execution import Executed, JobExecution
from studio.jobs.job import Job, JobState
from studio.jobs.job_runner import JobRunner
from studio.jobs.job_store import JobStore
from studio.workspace.database import Database
from studio.workspace.registry import Registry
from tests.studio.jobs.accepted_jobs import accepted_job


class Execution(JobExecution):
    """Fails for an unknown reason the first time, and makes nothing afterwards."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def run(self, job_id: str, *_: Any) -> Executed:
        """Stand for a run."""
        self.runs.append(job_id)
        if len(self.runs) == 1:
            raise KeyError("oops")
        return Executed({}, ["a note"])


def ended(jobs: JobStore, job_id: str) -> Job:
    """Return a job once it has ended; the time limit of the test ends the waiting."""
    while True:
        job = jobs.get(job_id)
        assert job is not None
        if job.ended_at is not None:
            return job
        time.sleep(0.01)


def test_an_unknown_failure_ends_the_job_and_not_the_thread(own_data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The owner reads where to look, the log has the error with the job's id, and the only worker goes on."""
    with Database(own_data) as database, caplog.at_level(logging.ERROR):
        jobs, execution = JobStore(database), Execution()
        registry = Registry(database)
        endpoint = registry.endpoints(registry.services()[0])[0]
        ids = [secrets.token_hex(16) for _ in range(2)]
        runner = JobRunner(jobs, execution, 1)
        for job_id in ids:
            jobs.add(job_id, endpoint.id, accepted_job())
            assert jobs.enqueue(job_id)
        runner.start()
        try:
            first, second = (ended(jobs, job_id) for job_id in ids)
        finally:
            runner.stop()

    assert (first.state, second.state) == (JobState.FAILED, JobState.FINISHED)
    assert "the studio failed; its log says why under this job's id" in (first.details or "")
    assert second.details == "a note"
    assert first.accepted is None, "the credentials of a job go with its end"
    assert execution.runs == ids
    assert f"Job {ids[0]} failed" in caplog.text
    assert "KeyError: 'oops'" in caplog.text
