"""The ports: what the pipeline needs from the world, as protocols. Adapters and the tests' fakes implement them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from shared.blob_path import BlobPath
from shared.records.endpoint_record import EndpointRecord
from shared.records.golden_answers import Answers
from shared.records.heartbeats import Heartbeats, TickSource
from shared.records.history import HistoryEntry
from shared.records.run import Run
from shared.routes.route import Endpoint, Training


class Scored(NamedTuple):
    """An endpoint's answer: the names of the scored columns, and their cells row by row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def table(self) -> Answers:
        """Columns and rows in one table: two answers are equal only if both are."""
        return (self.columns, *self.rows)


class StoredRun(NamedTuple):
    """A run as read or written, with the ETags that fence the next write; None if this read did not give one."""

    run: Run
    run_etag: str | None
    active_etag: str | None


class StoredEndpoint(NamedTuple):
    """An endpoint's record as read or written; `etag` is None while there is no row yet."""

    record: EndpointRecord
    etag: str | None


class RunStore(Protocol):
    """The `runs` table."""

    def claim(self, run: Run) -> StoredRun:
        """Insert a new run, its active row (unless terminal) and its first history entry, all or nothing.

        Raises:
            AlreadyClaimedError: this route has a run of that id; nothing was written.
        """

    def save(self, before: StoredRun, run: Run) -> StoredRun:
        """Replace `before` by `run` (`run.revision` is one higher) and append a history entry, all or nothing.

        A terminal run loses its active row.

        Raises:
            StaleWriteError: the run was written since `before` was read; nothing was written.
        """

    def get(self, route: str, run_id: str) -> StoredRun | None:
        """Read one run."""

    def active(self, route: str) -> list[StoredRun]:
        """Read every run of the route that has no outcome yet, in one query."""

    def find(self, run_id: str) -> StoredRun | None:
        """Find a run by its id alone; if two share the id, return the one under a route."""

    def list_runs(self, route: str | None = None, limit: int = 100) -> list[StoredRun]:
        """Read the newest runs (by `landed_at`, newest first), of one route or of all.

        A run that is recorded both as unrouted and under a route is listed once, under the route.
        """

    def routes(self) -> list[str]:
        """Read the names under which runs are recorded: present and past routes, and the name for unrouted files."""

    def history(self, route: str, run_id: str) -> list[HistoryEntry]:
        """Read a run's history, oldest first."""

    def write_heartbeat(self, source: TickSource, now: datetime) -> None:
        """Record that a source of ticks lives; the latest writer counts."""

    def heartbeats(self) -> Heartbeats:
        """Read the last heartbeat of each source, in one request."""

    def await_heartbeat(self, now: datetime) -> None:
        """Record that the timer's first heartbeat is awaited since `now`; the first record stays."""

    def save_position(self, what: str, name: str) -> None:
        """Record where a pass over many items stopped: the name of the last item; "" if it reached the end."""

    def position(self, what: str) -> str:
        """Read where the last such pass stopped; "" if it reached the end, or there was none."""


class EndpointStore(Protocol):
    """The `endpoints` table."""

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one."""

    def save(self, before: StoredEndpoint, record: EndpointRecord) -> StoredEndpoint:
        """Replace `before` by `record`.

        Raises:
            StaleWriteError: the row was written since `before` was read; nothing was written.
        """


class BlobVersion(NamedTuple):
    """One version of a blob: its name and ETag (without quotes), and the properties that a listing gives."""

    container: str
    name: str
    etag: str
    size: int  # bytes
    modified_at: datetime
    md5: str = ""  # of the content, as hex; "" if the storage has none (large uploads)

    @property
    def path(self) -> BlobPath:
        """Where the blob is."""
        return BlobPath(self.container, self.name)


@dataclass(frozen=True)
class BlobLocation:
    """A link to a blob as the protocol writes it (protocol 1.6): base URL, container/path, SAS token with its `?`.

    The token is a secret: it may be sent, but never stored or logged.
    """

    base: str
    relative: str
    sas: str

    @property
    def url(self) -> str:
        """The whole link, a secret too: the three parts fit by plain concatenation."""
        return self.base + self.relative + self.sas

    def __repr__(self) -> str:
        """Show the location without its token."""
        return f"BlobLocation({self.base}{self.relative})"


class CopyState(StrEnum):
    """The state of a server-side copy."""

    DONE = "done"
    PENDING = "pending"


class BlobFiles(Protocol):
    """Blob Storage. The only content that passes through the app is that of small text files."""

    def version(self, container: str, name: str) -> BlobVersion | None:
        """Read the current version's properties; None if there is no such blob."""

    def versions(self, container: str) -> Iterator[BlobVersion]:
        """List every blob of a container; an absent container is empty."""

    def copy_version(self, source: BlobVersion, container: str, name: str) -> CopyState:
        """Copy exactly this version server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobChangedError: the source is no longer this version, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """

    def copy(self, source: str, target: str) -> CopyState:
        """Copy `container/path` to `container/path` server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobMissingError: the source does not exist, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """

    def read_text(self, path: str, limit_bytes: int) -> tuple[str, str]:
        """Read a small UTF-8 text at `container/path`; returns text and ETag.

        Raises:
            ConfigError: it does not exist, is larger than `limit_bytes`, or is not UTF-8.
        """

    def write_text(self, path: str, text: str) -> None:
        """Write a text at `container/path`, overwriting; an absent container is created."""

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a read-only link to the one blob at `container/path`, valid for `valid_s` seconds from now."""


class JobState(StrEnum):
    """The state of a job, translated from the service's StatusCode in the codec; UNKNOWN counts as still running."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    FAILED = "failed"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    UNKNOWN = "unknown"


class JobStatus(NamedTuple):
    """A job's status as the service reports it; `outputs` is empty until the job has finished."""

    state: JobState
    details: str  # the error of a failed job, extracted and shortened; "" otherwise
    outputs: dict[str, BlobLocation]
    code: str  # the StatusCode as it was sent
    notes: tuple[str, ...] = ()  # notes of a finished job on its training, one per line, redacted and shortened


class JobRequest(NamedTuple):
    """Where a job reads and writes: container/path each, in the app's own storage account.

    `valid_s` is how long from now it may do so, in seconds.
    """

    input_path: str
    model_path: str
    evaluation_path: str
    valid_s: int


class TrainingService(Protocol):
    """The Batch Execution Service of a route (protocol 1). Every call raises the service errors of `shared.errors`."""

    def submit(self, training: Training, request: JobRequest) -> str:
        """Submit a job and return its id; it does not run yet. Sent once, never repeated."""

    def start(self, training: Training, job_id: str) -> None:
        """Start a submitted job; idempotent."""

    def status(self, training: Training, job_id: str) -> JobStatus:
        """Get a job's status; the outputs of a finished job have fresh SAS tokens.

        Raises:
            NotFoundError: the service does not know the job.
        """

    def cancel(self, training: Training, job_id: str) -> None:
        """Cancel a job; a job that the service no longer knows counts as cancelled."""

    def read_output(self, location: BlobLocation, limit_bytes: int) -> str:
        """Read a small text output by its link."""


class Resource(NamedTuple):
    """An updatable resource of an endpoint, and the location of its model (container/path, no SAS)."""

    name: str
    relative: str


class ScoringService(Protocol):
    """The scoring endpoints of a route (protocol 2 and 3). Every call raises the service errors of `shared.errors`."""

    def patch(self, endpoint: Endpoint, location: BlobLocation) -> None:
        """Give the endpoint's resource another model. The service accepts it now and serves it some time later."""

    def resources(self, endpoint: Endpoint) -> list[Resource]:
        """Read the endpoint's updatable resources."""

    def score(self, endpoint: Endpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Score rows in one request and return the scored columns of each, in order."""


class Clock(Protocol):
    """The wall clock and the monotonic clock."""

    def now(self) -> datetime:
        """Return the present as aware UTC. It may jump."""

    def elapsed_s(self) -> float:
        """Return seconds of the monotonic clock; only differences are meaningful."""
