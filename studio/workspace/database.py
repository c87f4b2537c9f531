"""The studio's state: workspace, services, endpoints and jobs, in one SQLite file that only its owner can read."""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from studio.errors import SetupError
from studio.workspace.keys import new_key

FILE_NAME = "studio.sqlite"
CATALOGUE_VERSION_QUERY = "SELECT value FROM meta WHERE name = 'catalogue_version'"
_SCHEMA_VERSION = 3  # raised with every change of the tables
_SCHEMA = f"""
PRAGMA user_version = {_SCHEMA_VERSION};
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS services (
    id TEXT PRIMARY KEY, experiment TEXT NOT NULL, kind TEXT NOT NULL, plan TEXT NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (experiment, kind));
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, service_id TEXT NOT NULL REFERENCES services ON DELETE CASCADE, name TEXT NOT NULL,
    role TEXT NOT NULL, primary_key TEXT NOT NULL, secondary_key TEXT NOT NULL, created_at TEXT NOT NULL,
    description TEXT, throttle_level TEXT NOT NULL, max_concurrent_calls INTEGER NOT NULL,
    prevent_update INTEGER NOT NULL,
    UNIQUE (service_id, name));
CREATE TABLE IF NOT EXISTS endpoint_models (
    number INTEGER PRIMARY KEY AUTOINCREMENT, endpoint_id TEXT NOT NULL REFERENCES endpoints ON DELETE CASCADE,
    file TEXT NOT NULL, base_location TEXT NOT NULL, relative_location TEXT NOT NULL, activate_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, endpoint_id TEXT NOT NULL REFERENCES endpoints ON DELETE CASCADE, state TEXT NOT NULL,
    queue_number INTEGER, runs INTEGER NOT NULL DEFAULT 0, accepted TEXT, results TEXT, details TEXT,
    log TEXT NOT NULL DEFAULT '', submitted_at TEXT NOT NULL, started_at TEXT, ended_at TEXT);
CREATE TABLE IF NOT EXISTS job_outcomes (
    job_id TEXT PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, evaluation TEXT NOT NULL, model_sha256 TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_of_endpoint ON jobs (endpoint_id, state);
CREATE INDEX IF NOT EXISTS jobs_queued ON jobs (queue_number) WHERE queue_number IS NOT NULL;
"""


class Database:
    """One connection that writes, used by one thread of the process at a time, and one that only reads.

    The reader never waits for a writer. The catalogue is all services, endpoints, keys and models. Each change of it
    raises its version. A process that caches the catalogue compares versions before each use, so it notices at once
    what another process has changed.
    """

    def __init__(self, folder: Path) -> None:
        """Open, and make on first use, the database in `folder`.

        Raises:
            SetupError: another version of the studio wrote it, or the folder cannot be used.
        """
        self.folder = private_folder(folder)
        path = folder / FILE_NAME
        # The file is created with its mode first: SQLite gives its side files the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._connection = _connect(path)
        self._check_version()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA foreign_keys = ON")  # no job or model outlives its endpoint
        self._connection.execute("PRAGMA secure_delete = ON")  # deleted credentials leave the file as well
        self._connection.executescript(_SCHEMA)
        self.workspace_id = self._meta("workspace_id", secrets.token_hex(16))
        self._meta("workspace_token", new_key())
        self._meta("catalogue_version", "1")
        self._reader_lock = threading.Lock()
        self._reader = _connect(path)
        self._reader.execute("PRAGMA query_only = ON")

    def _check_version(self) -> None:
        """Refuse the tables of another version of the studio; a new file has none."""
        has_tables = self.rows("SELECT name FROM sqlite_master WHERE name = 'services'")
        if has_tables and self.rows("PRAGMA user_version")[0]["user_version"] != _SCHEMA_VERSION:
            self._connection.close()
            raise other_version(self.folder)

    def _meta(self, name: str, default: str) -> str:
        self.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", name, default)
        return str(self.rows("SELECT value FROM meta WHERE name = ?", name)[0]["value"])

    def catalogue_version(self) -> str:
        """Return the current version of the catalogue: of services, endpoints, keys and models."""
        with self._reader_lock:
            return str(self._reader.execute(CATALOGUE_VERSION_QUERY).fetchall()[0]["value"])

    def bump_catalogue_version(self) -> None:
        """Make every process read the catalogue again once this transaction is committed."""
        self.execute("UPDATE meta SET value = value + 1 WHERE name = 'catalogue_version'")

    def snapshot(self, *queries: str) -> list[list[sqlite3.Row]]:
        """Return the rows of each query, as they were committed at one moment."""
        with self._reader_lock:
            self._reader.execute("BEGIN")
            try:
                return [self._reader.execute(query).fetchall() for query in queries]
            finally:
                self._reader.execute("COMMIT")

    def execute(self, statement: str, *values: Any) -> int:
        """Run one statement; returns the number of rows it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query; within a transaction, with its own changes."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the statements of the `with` take effect together or not at all. A nested one joins the outer one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def truncate_wal(self) -> None:
        """Empty the write-ahead log, which still holds overwritten values."""
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close both connections."""
        with self._lock, self._reader_lock:
            self._reader.close()
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def other_version(folder: Path) -> SetupError:
    """Return the error for a data folder that another version of the studio wrote."""
    return SetupError(
        f"The data folder {folder} was written by another version of the studio."
        " Use another folder or remove this one, then publish the experiments again."
    )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
    connection.row_factory = sqlite3.Row
    return connection


def private_folder(folder: Path) -> Path:
    """Create `folder` if it is missing, for its owner only; a folder with other files in it keeps its mode.

    Raises:
        SetupError: it belongs to somebody else, or cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (folder / FILE_NAME).exists() or not any(folder.iterdir()):
            folder.chmod(0o700)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be used by user {os.getuid()}: {error.strerror}."
            " Give the folder to that user, or name one that the user may create."
        ) from error
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; it appears complete or not at all."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
