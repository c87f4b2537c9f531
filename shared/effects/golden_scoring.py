"""Scores the golden rows on endpoints, and pins the version of them that a run is verified with."""

from shared.blob_path import BlobPath
from shared.effects.run_session import RunSession
from shared.errors import BlobChangedError
from shared.gates.golden_rows import MAX_BYTES, GoldenRows, read_golden_rows
from shared.lifecycle.job_paths import pinned_rows_path
from shared.lifecycle.run_parts import golden_answers_of
from shared.ports.blob_files import BlobVersion, CopyState
from shared.records.golden_answers import Answers
from shared.routes.route import Endpoint
from shared.services import Services


def read_golden(session: RunSession, path: str) -> GoldenRows:
    """Read golden rows at `container/path`.

    Raises:
        ConfigError: the file is missing, or cannot be used; every problem is listed.
    """
    return read_golden_rows(path, *session.services.blobs.read_text(path, MAX_BYTES))


def pin_golden(session: RunSession, golden: GoldenRows) -> str:
    """Pin the version that this run is verified with, since the file may be replaced meanwhile.

    Returns the pinned copy: container/path.

    Raises:
        BlobChangedError: the file changed since it was read; the step is taken again.
    """
    target = pinned_rows_path(session.route.name, session.route.golden, golden.etag)
    if session.services.pinned.get(target) is not None:
        return target  # this worker has checked the copy before
    pin_version(session, session.route.golden, golden.etag)
    session.services.pinned.put(target, golden)
    return target


def pin_version(session: RunSession, path: str, etag: str) -> str:
    """Pin the version of a file that was just read; return the pinned copy: container/path.

    Raises:
        BlobChangedError: the file changed since it was read; the step is taken again.
    """
    target = pinned_rows_path(session.route.name, path, etag)
    source = BlobVersion(*BlobPath.parse(path), etag, 0, session.now())
    if session.services.blobs.copy_version(source, *BlobPath.parse(target)) is not CopyState.DONE:
        raise BlobChangedError(f"The copy of {path} is not finished yet.")
    return target


def pinned_golden(session: RunSession) -> GoldenRows:
    """Return the golden rows that this run is verified with."""
    return golden_at(session.services, golden_answers_of(session.run).golden)


def golden_at(services: Services, path: str) -> GoldenRows:
    """Return pinned golden rows; a pinned copy never changes, so it is read once in a worker.

    Raises:
        ConfigError: the copy is gone.
    """
    rows = services.pinned.get(path)
    if rows is None:
        rows = read_golden_rows(path, *services.blobs.read_text(path, MAX_BYTES))
        services.pinned.put(path, rows)
    return rows


def answers_of(session: RunSession, endpoint: Endpoint, golden: GoldenRows) -> Answers:
    """Score the golden rows on an endpoint; return the answer's columns, then a row for each golden row."""
    return session.services.scoring.score(endpoint, golden.columns, golden.rows).table
