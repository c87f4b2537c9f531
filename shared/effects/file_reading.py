"""Reads a pinned original once: checks it while it streams, and writes its clean rows as the blob of a part.

What a file is checked against is read anew for each file: the schema in force, the golden rows, the holdout, the
classes of the champion. Nothing here writes a row.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from shared.csv_text import read_csv
from shared.effects.route_schema import SchemaInForce
from shared.errors import ConfigError
from shared.gates.golden_rows import MAX_BYTES as MAX_GOLDEN_BYTES
from shared.gates.golden_rows import GoldenRows, label_contradiction, read_golden_rows
from shared.gates.holdout import MAX_BYTES as MAX_HOLDOUT_BYTES
from shared.gates.holdout import Holdout, read_holdout
from shared.intake.block_check import Columns
from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected, FileReport, HoldoutTable
from shared.intake.settings import IntakeSettings
from shared.ports.blob_files import BlobFiles, BlobVersion
from shared.routes.route import Route
from shared.services import Services


class CheckedFile(NamedTuple):
    """A file that was read.

    Attributes:
        path, etag, size: the blob of its clean rows (container/path), its version, bytes; "" and 0 where the file was
            refused, or its bytes do not change.
    """

    report: FileReport
    path: str = ""
    etag: str = ""
    size: int = 0


class RouteFacts(NamedTuple):
    """What a route's files are checked against beside its schema.

    Attributes:
        expected: without a schema.
        holdout_etag: the version of the holdout; "" without one.
    """

    expected: Expected
    holdout_etag: str

    def against(self, in_force: SchemaInForce) -> Expected:
        """Return what files are checked against with a schema."""
        return replace(self.expected, schema=in_force.schema, schema_number=in_force.number or None)


class _RefusedError(Exception):
    """Ends the writing of a part whose file is refused: nothing appears in storage."""

    def __init__(self, report: FileReport) -> None:
        super().__init__()
        self.report = report


def label_of(route: Route) -> str | None:
    """Return the column that a route trains for; None if routes.toml does not say it."""
    if route.reading is not None and route.reading.label is not None:
        return route.reading.label
    return route.holdout.label if route.holdout is not None else None


def route_facts(services: Services, route: Route, classes: tuple[str, ...] = ()) -> RouteFacts:
    """Read what a route's files are checked against; `classes` are the labels as the champion spells them.

    Raises:
        ConfigError: the golden rows or the holdout cannot be used, or the golden rows contradict the label; every
            problem is listed.
    """
    golden = read_golden_rows(route.golden, *services.blobs.read_text(route.golden, MAX_GOLDEN_BYTES))
    _check_label(route, golden)
    table, holdout_etag = (None, "") if route.holdout is None else _holdout(services.blobs, route.holdout)
    label = label_of(route)
    columns = golden.columns if label is None or label in golden.columns else (*golden.columns, label)
    expected = Expected(columns=columns, label=label, classes=classes, golden=_by_column(golden), holdout=table)
    return RouteFacts(expected, holdout_etag)


def _check_label(route: Route, golden: GoldenRows) -> None:
    """Check that the column to train for is none with which the model is asked: any file would fit, and train nonsense.

    Raises:
        ConfigError: it is one.
    """
    label = label_of(route)
    is_sent = route.holdout is not None and route.holdout.label_sent is not None
    contradiction = label_contradiction(golden, label, is_sent=is_sent) if label is not None else ""
    if contradiction:
        remedy = f"Name the column that is predicted, or remove it from {route.golden}."
        raise ConfigError([f"routes.{route.name}.intake.label: {contradiction}. {remedy}"])


def check_file(  # noqa: PLR0917 - the parts of one reading
    blobs: BlobFiles,
    name: str,
    original: BlobVersion,
    settings: IntakeSettings,
    expected: Expected,
    target: str | None,
    *,
    alive: Callable[[], None],
    observe: Callable[[FileCheck, Columns], None] | None = None,
) -> CheckedFile:
    """Read a file from its first to its last byte, in bounded memory, and write its clean rows at `target`.

    Args:
        blobs: where it is.
        name: of the file as it landed.
        original: its pinned copy; exactly this version is read.
        settings: how it is read.
        expected: what it is checked against.
        target: container/path; None: nothing is written.
        alive: called between two pieces of the file, and before the blob at `target` appears; it may renew a lease, or
            raise.
        observe: gets the clean columns of some rows at a time.

    Raises:
        BlobChangedError, BlobMissingError: the original is no longer this version.
        LandfallError: storage does not answer, or `alive` stops the reading; nothing was written.
    """

    def observed(columns: Columns) -> None:
        if observe is not None:
            observe(check, columns)

    check: FileCheck
    check = FileCheck(name, settings, expected, observe=None if observe is None else observed)
    rows = _clean_rows(blobs, original, check, alive)
    if target is not None and settings.normalise:
        return _written(blobs, target, rows, check, alive)
    for _ in rows:
        pass
    return CheckedFile(check.finish()[1])


def _written(
    blobs: BlobFiles, target: str, rows: Iterator[bytes], check: FileCheck, alive: Callable[[], None]
) -> CheckedFile:
    """Write the clean rows of a file; nothing appears in storage if the file is refused."""
    try:
        with blobs.writer(target) as writer:
            for some in rows:
                if some:
                    writer.write(some)
            last, report = check.finish()
            _end_if_refused(report)
            if last:
                writer.write(last)
            alive()  # a worker that was paused writes over nothing that its successor has recorded
    except _RefusedError as refusal:
        return CheckedFile(refusal.report)
    return CheckedFile(report, target, writer.etag, writer.size)


def _end_if_refused(report: FileReport) -> None:
    if report.refused:
        raise _RefusedError(report)


def _clean_rows(
    blobs: BlobFiles, original: BlobVersion, check: FileCheck, alive: Callable[[], None]
) -> Iterator[bytes]:
    for chunk in blobs.read_chunks(str(original.path), original.etag) if original.size else ():
        alive()
        yield check.feed(chunk)
        if check.stopped:
            return


def _holdout(blobs: BlobFiles, holdout: Holdout) -> tuple[HoldoutTable, str]:
    text, etag = blobs.read_text(holdout.data, MAX_HOLDOUT_BYTES)
    read_holdout(holdout, text, etag)  # refuses one that cannot be used
    table = read_csv(text)
    return HoldoutTable(table.columns, table.rows), etag


def _by_column(golden: GoldenRows) -> dict[str, tuple[str, ...]]:
    return {name: tuple(row[at] for row in golden.rows) for at, name in enumerate(golden.columns)}
