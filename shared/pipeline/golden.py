"""Asks endpoints the golden rows, and pins the version of them that a run is verified with."""

import hashlib
import json
import re

from shared.errors import BlobChangedError
from shared.golden_rows import MOST_BYTES, GoldenRows, read_golden_rows
from shared.pipeline.desk import RunDesk
from shared.pipeline.services import TRAINING
from shared.ports import Answers, BlobVersion, CopyState
from shared.route import Endpoint


def read_golden(desk: RunDesk, path: str) -> GoldenRows:
    """Read golden rows at `container/path`.

    Raises:
        ConfigError: the file is missing, or cannot be used; every problem is listed.
    """
    return read_golden_rows(path, *desk.services.blobs.read_text(path, MOST_BYTES))


def pin_golden(desk: RunDesk, golden: GoldenRows) -> None:
    """Keep the version that this run is verified with: the file may be replaced while the run is on its way.

    Raises:
        BlobChangedError: the file changed since it was read; the step is taken again.
    """
    container, _, name = desk.route.golden.partition("/")
    source = BlobVersion(container, name, golden.etag, 0, desk.now())
    target = _pinned_path(desk, golden.etag)
    if desk.services.blobs.copy_version(source, *target.split("/", 1)) is not CopyState.DONE:
        raise BlobChangedError("the copy of the golden rows is not finished yet")
    desk.services.pinned.put(target, golden)


def pinned_golden(desk: RunDesk) -> GoldenRows:
    """Return the golden rows that this run is verified with."""
    path = _pinned_path(desk, str((desk.run.answers or {})["golden_etag"]))
    found = desk.services.pinned.get(path)
    if found is None:
        found = read_golden(desk, path)
        desk.services.pinned.put(path, found)
    return found


def ask(desk: RunDesk, endpoint: Endpoint, golden: GoldenRows) -> Answers:
    """Score the golden rows at an endpoint."""
    return desk.services.scoring.score(endpoint, golden.columns, golden.rows)


def digest(answers: Answers) -> str:
    """Return a hash of answers: equal answers, equal hash."""
    return hashlib.sha256(json.dumps(answers).encode()).hexdigest()


def as_answers(value: object) -> Answers:
    """Return answers as they were before they went through a JSON column."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"answers are a list of rows, not {type(value).__name__}")
    return tuple(tuple(str(cell) for cell in row) for row in value)


def _pinned_path(desk: RunDesk, etag: str) -> str:
    """Return where a version is pinned: named after it, so that a step taken again cannot mix two versions."""
    return f"{TRAINING}/{desk.run.job_folder}/golden-{re.sub(r'[^A-Za-z0-9]', '', etag)}.csv"
