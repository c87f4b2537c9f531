"""The jobs in the database. Each change of state is one conditional write, so only one thread can make it."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from studio.jobs.accepted_job import AcceptedJob
from studio.jobs.errors import JobNotFoundError
from studio.jobs.job import Job, JobState, Outcome, Result
from studio.training.training_progress import Progress
from studio.workspace.database import Database
from studio.workspace.errors import ServiceNotFoundError

# The original drops an unstarted job "after a few minutes" (protocol, surprise 3). The studio keeps it for a day, so
# a caller who was away for a night still finds it; afterwards the job is unknown.
UNSTARTED_S = 86_400.0
RUNNING_PER_ENDPOINT = 40  # the original's limit; further jobs wait, first in, first out (protocol 1.10)


@dataclass(frozen=True)
class JobLimits:
    """How many jobs of an endpoint run at once, and how long a job that nobody starts is kept."""

    running_per_endpoint: int = RUNNING_PER_ENDPOINT
    unstarted_s: float = UNSTARTED_S


class JobStore:
    """All jobs of all endpoints."""

    def __init__(self, database: Database, limits: JobLimits = JobLimits()) -> None:
        self._database = database
        self._limits = limits
        self._progress_of: dict[str, Callable[[], Progress | None]] = {}  # by job; in memory: each tree changes it

    @contextmanager
    def tracking_progress(self, job_id: str, progress: Callable[[], Progress | None]) -> Iterator[None]:
        """During the `with`, show the progress in the job that `get` and the like return."""
        self._progress_of[job_id] = progress
        try:
            yield
        finally:
            del self._progress_of[job_id]

    def add(self, job_id: str, endpoint_id: str, accepted: AcceptedJob) -> None:
        """Record a new job, not started.

        Raises:
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        self.drop_unstarted(datetime.now(UTC))
        values = (job_id, endpoint_id, JobState.NOT_STARTED, accepted.to_json(), datetime.now(UTC).isoformat())
        try:
            self._database.execute(
                "INSERT INTO jobs (id, endpoint_id, state, accepted, submitted_at) VALUES (?, ?, ?, ?, ?)", *values
            )
        except sqlite3.IntegrityError as error:
            raise ServiceNotFoundError from error

    def drop_unstarted(self, now: datetime) -> None:
        """Delete the jobs that nobody started in time, with their credentials."""
        statement = "DELETE FROM jobs WHERE state = ? AND queue_number IS NULL AND submitted_at < ?"
        oldest = now - timedelta(seconds=self._limits.unstarted_s)
        if self._database.execute(statement, JobState.NOT_STARTED, oldest.isoformat()):
            self._database.truncate_wal()

    def get(self, job_id: str) -> Job | None:
        """Return a job; None if no job has that id."""
        rows = self._database.rows("SELECT * FROM jobs WHERE id = ?", job_id)
        return self._job(rows[0]) if rows else None

    def of_endpoint(self, endpoint_id: str, job_id: str) -> Job:
        """Return a job that was submitted to the endpoint.

        Raises:
            JobNotFoundError: the endpoint has no such job.
        """
        self.drop_unstarted(datetime.now(UTC))
        job = self.get(job_id)
        if job is None or job.endpoint_id != endpoint_id:
            raise JobNotFoundError(f"This endpoint has no job {job_id}.")
        return job

    def enqueue(self, job_id: str) -> bool:
        """Put an unstarted job into the queue; False if it was started before or has ended."""
        statement = (
            "UPDATE jobs SET queue_number = (SELECT COALESCE(MAX(queue_number), 0) + 1 FROM jobs)"
            " WHERE id = ? AND state = ? AND queue_number IS NULL"
        )
        return self._database.execute(statement, job_id, JobState.NOT_STARTED) == 1

    def take_next(self) -> Job | None:
        """Take the first job in the queue whose endpoint has a free place, and make it run; None if there is none."""
        query = (
            "SELECT id FROM jobs AS queued WHERE queue_number IS NOT NULL AND state = ? AND"
            " (SELECT COUNT(*) FROM jobs WHERE endpoint_id = queued.endpoint_id AND state = ?) < ?"
            " ORDER BY queue_number LIMIT 1"
        )
        statement = "UPDATE jobs SET state = ?, runs = runs + 1, started_at = ? WHERE id = ?"
        with self._database.transaction():
            states = (JobState.NOT_STARTED, JobState.RUNNING)
            rows = self._database.rows(query, *states, self._limits.running_per_endpoint)
            if not rows:
                return None
            self._database.execute(statement, JobState.RUNNING, datetime.now(UTC).isoformat(), rows[0]["id"])
        return self.get(rows[0]["id"])

    def append_log(self, job_id: str, *lines: str) -> None:
        """Add lines to a job's log."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = "".join(f"{now} {line}\n" for line in lines)
        self._database.execute("UPDATE jobs SET log = log || ? WHERE id = ?", text, job_id)

    def end(
        self,
        job_id: str,
        state: JobState,
        *,
        results: Mapping[str, Result] | None = None,
        details: str | None = None,
    ) -> bool:
        """End a job and delete its credentials; False if it had ended before."""
        stored = "{}" if results is None else json.dumps({name: asdict(result) for name, result in results.items()})
        statement = (
            "UPDATE jobs SET state = ?, results = ?, details = ?, ended_at = ?, accepted = NULL, queue_number = NULL"
            " WHERE id = ? AND state IN (?, ?)"
        )
        values = (state, stored, details, datetime.now(UTC).isoformat(), job_id)
        ended = self._database.execute(statement, *values, JobState.NOT_STARTED, JobState.RUNNING) == 1
        self._database.truncate_wal()
        return ended

    def is_running(self, job_id: str) -> bool:
        """Tell whether a job still runs; one that was cancelled or deleted does not."""
        job = self.get(job_id)
        return job is not None and job.state is JobState.RUNNING

    def requeue_interrupted(self) -> None:
        """Put running jobs back into the queue at their old places; to be called at the start of the studio."""
        statement = "UPDATE jobs SET state = ? WHERE state = ?"
        self._database.execute(statement, JobState.NOT_STARTED, JobState.RUNNING)

    def newest(self, limit: int) -> list[Job]:
        """Return the jobs that were submitted last, newest first."""
        rows = self._database.rows("SELECT * FROM jobs ORDER BY submitted_at DESC, rowid DESC LIMIT ?", limit)
        return [self._job(row) for row in rows]

    def keep_outcome(self, job_id: str, outcome: Outcome) -> None:
        """Keep what a job made, for its page; nothing is kept of a job that was deleted meanwhile."""
        statement = "INSERT OR REPLACE INTO job_outcomes SELECT id, ?, ? FROM jobs WHERE id = ?"
        self._database.execute(statement, outcome.evaluation, outcome.model_sha256, job_id)

    def outcomes(self, jobs: Sequence[Job]) -> dict[str, Outcome]:
        """Return by job id what the jobs have made; a job that has made nothing yet is left out."""
        rows = self._database.rows(
            "SELECT * FROM job_outcomes WHERE job_id IN (SELECT value FROM json_each(?))",
            json.dumps([job.id for job in jobs]),
        )
        return {row["job_id"]: Outcome(row["evaluation"], row["model_sha256"]) for row in rows}

    def _job(self, row: sqlite3.Row) -> Job:
        job = _job(row)
        progress = self._progress_of.get(job.id)
        return job if progress is None else replace(job, progress=progress())


def _job(row: sqlite3.Row) -> Job:
    results = json.loads(row["results"] or "{}")
    return Job(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        state=JobState(row["state"]),
        queued=row["queue_number"] is not None,
        runs=row["runs"],
        accepted=None if row["accepted"] is None else AcceptedJob.of_json(row["accepted"]),
        results={name: Result(**result) for name, result in results.items()},
        details=row["details"],
        log=row["log"],
        submitted_at=row["submitted_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )
