"""Checks of the files in storage that a route names: golden rows, the initial model, the holdout. They only read."""

from collections.abc import Iterator

from shared.blob_path import BlobPath
from shared.gates.golden_rows import MAX_BYTES, GoldenRows, read_golden_rows
from shared.gates.holdout import MAX_BYTES as MAX_HOLDOUT_BYTES
from shared.gates.holdout import read_holdout
from shared.operators.check_finding import Finding, SetupCheck
from shared.plurals import counted
from shared.ports.blob_files import BlobFiles
from shared.routes.route import Route


def file_checks(blobs: BlobFiles, route: Route) -> Iterator[SetupCheck]:
    """Yield a check for each file that a route needs."""
    key = f"routes.{route.name}"
    yield SetupCheck(
        f"{key}.golden", f"correct the file, or {key}.golden in routes.toml", lambda: _golden(blobs, route)
    )
    if route.serving.stores(route.initial_model):
        yield SetupCheck(
            f"{key}.initial_model",
            f"correct {key}.initial_model in routes.toml",
            lambda: _initial_model(blobs, route),
        )
    if route.holdout is not None:
        yield SetupCheck(f"{key}.holdout.data", f"correct the file, or {key}.holdout", lambda: _holdout(blobs, route))


def golden_rows(blobs: BlobFiles, route: Route) -> GoldenRows:
    """Read the golden rows of a route.

    Raises:
        ConfigError: they cannot be used; every problem is listed.
    """
    return read_golden_rows(route.golden, *blobs.read_text(route.golden, MAX_BYTES))


def existing(blobs: BlobFiles, subject: str, path: str, consequence: str) -> Finding:
    """Find whether a blob exists; `consequence`: what happens without it."""
    if blobs.version(*BlobPath.parse(path)) is None:
        remedy = f"upload it there, or correct {subject} in routes.toml"
        return Finding(subject, f"there is no blob {path}: {consequence}", remedy)
    return Finding(subject, f"{path} exists")


def _initial_model(blobs: BlobFiles, route: Route) -> Iterator[Finding]:
    subject = f"routes.{route.name}.initial_model"
    yield existing(blobs, subject, route.initial_model, "the first promotion cannot be rolled back")


def _golden(blobs: BlobFiles, route: Route) -> Iterator[Finding]:
    finding = existing(blobs, f"routes.{route.name}.golden", route.golden, "every run waits for it")
    if not finding.do:
        rows = golden_rows(blobs, route)
        finding = finding._replace(result=f"{route.golden} exists and has {counted(len(rows.rows), 'row')}")
    yield finding


def _holdout(blobs: BlobFiles, route: Route) -> Iterator[Finding]:
    holdout = route.holdout
    if holdout is None:
        return
    finding = existing(blobs, f"routes.{route.name}.holdout.data", holdout.data, "every run waits for it")
    if not finding.do:
        rows = read_holdout(holdout, *blobs.read_text(holdout.data, MAX_HOLDOUT_BYTES))
        finding = finding._replace(result=f"{holdout.data} exists and has {counted(len(rows.rows), 'row')}")
    yield finding
