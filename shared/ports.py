"""What the pipeline needs from the world, as protocols. Adapters and the tests' fakes implement them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.blob_path import BlobPath
from shared.records.endpoint_record import EndpointRecord
from shared.records.history import HistoryEntry
from shared.records.run import Run
from shared.routes.route import Endpoint, Training

type Answers = tuple[tuple[str, ...], ...]  # per row: the scored columns, as text, in the service's order


@dataclass(frozen=True)
class Scored:
    """What an endpoint answered: the columns that it added, by name, and their cells, row by row."""

    columns: tuple[str, ...]
    rows: Answers

    @property
    def table(self) -> Answers:
        """Columns and rows in one: what two models answer is the same only if both are."""
        return (self.columns, *self.rows)


@dataclass(frozen=True)
class StoredRun:
    """A run as read or written, with what fences the next write (None: not known from this read)."""

    run: Run
    run_etag: str | None
    active_etag: str | None


@dataclass(frozen=True)
class StoredEndpoint:
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
            StaleWriteError: somebody wrote the run since `before` was read; nothing was written.
        """

    def get(self, route: str, run_id: str) -> StoredRun | None:
        """Read one run."""

    def active(self, route: str) -> list[StoredRun]:
        """Read every run of the route that has no outcome yet, in one query."""

    def find(self, run_id: str) -> StoredRun | None:
        """Find a run whose route is not known; where two share the id, the one under a route."""

    def list_runs(self, route: str | None = None, limit: int = 100) -> list[StoredRun]:
        """Read the newest runs (by `landed_at`, newest first), of one route or of all.

        One that is recorded as unrouted and stands under a route as well is the latter alone.
        """

    def routes(self) -> list[str]:
        """Read the names under which runs are recorded: routes, also those of before, and that of unrouted files."""

    def history(self, route: str, run_id: str) -> list[HistoryEntry]:
        """Read a run's history, oldest first."""

    def write_heartbeat(self, now: datetime) -> None:
        """Write down that the poller lives."""

    def last_heartbeat(self) -> datetime | None:
        """Read when the poller last wrote that it lives; None if it never did."""

    def save_position(self, what: str, name: str) -> None:
        """Write down how far a pass over many things came: the name of the last one; "" if it came to the end."""

    def position(self, what: str) -> str:
        """Read how far the last such pass came; "" if it came to the end, or there was none."""


class EndpointStore(Protocol):
    """The `endpoints` table."""

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one."""

    def save(self, before: StoredEndpoint, record: EndpointRecord) -> StoredEndpoint:
        """Replace `before` by `record`.

        Raises:
            StaleWriteError: somebody wrote the row since `before` was read; nothing was written.
        """


@dataclass(frozen=True)
class BlobVersion:
    """One version of a blob: its name and ETag (without quotes), and what a listing tells about it."""

    container: str
    name: str
    etag: str
    size: int  # bytes
    modified_at: datetime
    md5: str = ""  # of its content, as hex; "" if the storage does not know it (large uploads)

    @property
    def path(self) -> BlobPath:
        """Where the blob is."""
        return BlobPath(self.container, self.name)


@dataclass(frozen=True)
class BlobLocation:
    """A readable place as the protocol writes it (protocol 1.6): base URL, container/path, SAS token with its `?`.

    The token is a secret: it may be sent, never stored or logged.
    """

    base: str
    relative: str
    sas: str

    def __repr__(self) -> str:
        """Show the place without its token."""
        return f"BlobLocation({self.base}{self.relative})"


class CopyState(StrEnum):
    """How far a server-side copy is."""

    DONE = "done"
    PENDING = "pending"


class BlobFiles(Protocol):
    """Blob Storage, by container and name. No content passes through, except small text files."""

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
        """Read a small UTF-8 text at `container/path`; gives text and ETag.

        Raises:
            ConfigError: it does not exist, is larger than `limit_bytes`, or is not UTF-8.
        """

    def write_text(self, path: str, text: str) -> None:
        """Write a text at `container/path`, over whatever is there; an absent container is made."""

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a read-only location of the one blob at `container/path`, valid for `valid_s` seconds from now."""


class JobState(StrEnum):
    """The service's status of a job, translated once in the codec; UNKNOWN is "still running"."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    FAILED = "failed"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JobStatus:
    """One answer of the service about a job. `outputs` is empty until it finished."""

    state: JobState
    details: str  # what a failed job says, extracted and capped; "" otherwise
    outputs: dict[str, BlobLocation]
    code: str  # the StatusCode as it was sent
    notes: tuple[str, ...] = ()  # what a finished job says of its training, a line each, redacted and capped


@dataclass(frozen=True)
class JobRequest:
    """Where a job reads and writes: container/path each, in the app's own storage account.

    `valid_s` is for how many seconds from now it may do so.
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
        """Start a submitted job; a job that is already started counts as started now."""

    def status(self, training: Training, job_id: str) -> JobStatus:
        """Ask how a job is; a finished one comes with fresh SAS tokens.

        Raises:
            NotFoundError: the service does not know the job.
        """

    def cancel(self, training: Training, job_id: str) -> None:
        """Cancel a job; one that the service no longer knows counts as cancelled."""

    def read_output(self, location: BlobLocation, limit_bytes: int) -> str:
        """Read a small text output by its SAS."""


@dataclass(frozen=True)
class Resource:
    """An updatable resource of an endpoint, and the location it was last given (container/path, no SAS)."""

    name: str
    relative: str


class ScoringService(Protocol):
    """The scoring endpoints of a route (protocol 2 and 3). Every call raises the service errors of `shared.errors`."""

    def patch(self, endpoint: Endpoint, location: BlobLocation) -> None:
        """Give the endpoint's resource another model. Accepted is not served: it takes effect some time later."""

    def resources(self, endpoint: Endpoint) -> list[Resource]:
        """Read the endpoint's updatable resources."""

    def score(self, endpoint: Endpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Score rows in one request and return the scored columns of each, in order."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the present as aware UTC. It may jump."""

    def elapsed_s(self) -> float:
        """Return seconds of a clock that never jumps, from an unknown start: only differences mean anything."""
