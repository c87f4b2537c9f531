"""Checks of what a route's intake needs in storage: its schema, and a label that the golden rows do not contradict."""

from collections.abc import Iterator

from shared.effects.route_schema import MAX_SCHEMA_BYTES
from shared.errors import LandfallError
from shared.gates.golden_rows import GoldenRows, label_contradiction
from shared.intake.header_match import name_key
from shared.intake.schema_reader import parse_schema
from shared.intake.settings import SchemaSource
from shared.intake.table_schema import TableSchema
from shared.lifecycle.job_paths import schema_path
from shared.operators.check_finding import Finding, SetupCheck
from shared.operators.file_checks import existing, golden_rows
from shared.plurals import counted
from shared.ports.blob_files import BlobFiles
from shared.ports.intake_rows import IntakeRows
from shared.routes.route import Route


def intake_checks(blobs: BlobFiles, rows: IntakeRows, route: Route) -> Iterator[SetupCheck]:
    """Yield a check for each thing that a route's intake needs; a route that reads no files needs none."""
    if route.intake is None:
        return
    key = f"routes.{route.name}.intake"
    if route.intake.schema is not SchemaSource.NONE:
        yield SetupCheck(
            f"{key}.schema", f"correct the schema, or {key} in routes.toml", lambda: _schema(blobs, rows, route)
        )
    if route.intake.label is not None:
        yield SetupCheck(f"{key}.label", f"correct {key}.label in routes.toml", lambda: _label(blobs, route))


def _schema(blobs: BlobFiles, rows: IntakeRows, route: Route) -> Iterator[Finding]:
    subject = f"routes.{route.name}.intake.schema"
    path = _path_in_force(rows, route)
    if not path:
        yield Finding(subject, "no schema was learnt yet: the first file that passes teaches it")
        return
    finding = existing(blobs, subject, path, "every file waits for it")
    if finding.do:
        yield finding
        return
    text, _ = blobs.read_text(path, MAX_SCHEMA_BYTES)
    schema = parse_schema(text, path)
    yield finding._replace(result=f"{path} exists and has {counted(len(schema.fields), 'field')}")
    yield from _missing_fields(subject, path, schema, _needed_columns(blobs, route))


def _path_in_force(rows: IntakeRows, route: Route) -> str:
    """Return container/path of the schema that files are checked against; "" before the first was learnt."""
    source = route.intake.schema if route.intake is not None else SchemaSource.NONE
    if not isinstance(source, SchemaSource):
        return source
    number = rows.route_state(route.name).state.schema
    return schema_path(route.name, number) if number else ""


def _needed_columns(blobs: BlobFiles, route: Route) -> list[str]:
    label = route.intake.label if route.intake is not None else None
    golden = _readable_golden_rows(blobs, route)
    return [*(golden.columns if golden is not None else ()), *([label] if label is not None else [])]


def _missing_fields(subject: str, path: str, schema: TableSchema, columns: list[str]) -> Iterator[Finding]:
    """Find the columns that the model is asked with, and the schema does not allow."""
    names = {name_key(name) for name in schema.names}
    missing = sorted({column for column in columns if name_key(column) not in names})
    if missing:
        yield Finding(
            subject,
            f"{path} has no field {', '.join(map(repr, missing))}: the golden rows and the label need it",
            "add it to the schema, or correct the golden rows or the label",
        )


def _label(blobs: BlobFiles, route: Route) -> Iterator[Finding]:
    subject = f"routes.{route.name}.intake.label"
    label = route.intake.label if route.intake is not None else None
    golden = _readable_golden_rows(blobs, route)
    if label is None or golden is None:
        return
    contradiction = label_contradiction(golden, label, is_sent=_sends_label(route))
    if contradiction:
        yield Finding(subject, contradiction, f"name the column that is predicted, or remove it from {route.golden}")
    else:
        yield Finding(subject, f"the golden rows do not contradict {label!r}")


def _sends_label(route: Route) -> bool:
    return route.holdout is not None and route.holdout.label_sent is not None


def _readable_golden_rows(blobs: BlobFiles, route: Route) -> GoldenRows | None:
    """Return the golden rows; None if they cannot be read, which the check of the golden rows reports."""
    if not route.golden:  # routes.toml names none
        return None
    try:
        return golden_rows(blobs, route)
    except LandfallError:
        return None
