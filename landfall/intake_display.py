"""What the intake did with a run's file, for people: what was read, changed and left out, problems, set and drift."""

from collections.abc import Iterator
from typing import Any

from shared.plurals import counted
from shared.records.drift import DriftRecord
from shared.records.intake_record import IntakeRecord, LeftOut
from shared.records.json_codec import Json
from shared.records.run import Run

MAX_COLUMNS = 10  # of a drift that are shown; the JSON has all

type Fact = tuple[str, str]  # its title and its text, which may hold foreign texts


def intake_facts(run: Run, members: list[Json] | None = None) -> Iterator[Fact]:
    """Yield the facts of a run's intake, batch, training set and drift; `members`: the files of its batch."""
    if run.intake is not None:
        yield from _reading(run.intake)
    if run.problems:
        yield "problems", run.problems
    if run.forgotten:
        yield "forgotten", run.forgotten
    if run.batch_run_id:
        yield "batch", f"trained with run {run.batch_run_id}"
    if run.batch is not None:
        yield "batch", f"{counted(run.batch.size, 'file')}, which this run trains for"
        for member in members or ():
            yield "", _member(member)
    if run.training_set is not None:
        rows = f"{counted(run.training_set.rows, 'row')}, " if run.training_set.rows is not None else ""
        yield "trains on", f"{rows}kind {run.training_set.kind}: {run.training_set.manifest}"
    if run.drift is not None:
        yield from _drift(run.drift)


def problem_lines(document: Json) -> Iterator[str]:
    """Yield a line for each problem in the content of problems.json, and one for those that it does not list."""
    for problem in document["problems"]:
        places = [f"{name} {problem[name]}" for name in ("line", "column") if problem[name] is not None]
        where = f"{', '.join(places)}: " if places else ""
        value = f" The cell: {problem['value']!r}." if problem["value"] is not None else ""
        yield f"{problem['level']}  {where}{problem['message']}{value} ({problem['code']})"
    if document["more"]:
        yield f"{counted(document['more'], 'more problem')}, not listed"


def _reading(intake: IntakeRecord) -> Iterator[Fact]:
    schema = f", schema {intake.schema}" if intake.schema is not None else ""
    delimiter = f", delimiter {intake.delimiter!r}" if intake.delimiter else ""
    encoding = f", encoding {intake.encoding}" if intake.encoding else ""  # none of an empty file, or of no CSV
    yield "read", f"{counted(intake.rows, 'clean row')}{encoding}{delimiter}{schema}"
    for change in intake.changes:
        first = f", the first at line {change.line}" if change.line else ""
        yield "changed", f"{change.code}: {counted(change.times, 'time')}{first}"
    left_out = list(_left_out(intake.left_out))
    if left_out:
        yield "left out", ", ".join(left_out)


def _left_out(left_out: LeftOut) -> Iterator[str]:
    for number, thing, things in (
        (left_out.holdout, "row of the holdout", "rows of the holdout"),
        (left_out.unlabelled, "row without a label", "rows without a label"),
        (left_out.repeated_header, "repeated header", "repeated headers"),
        (left_out.blank, "empty line", "empty lines"),
        (left_out.unfit_file, "file that no longer fits the schema", "files that no longer fit the schema"),
        (left_out.duplicate_file, "file with the bytes of another", "files with the bytes of others"),
    ):
        if number:
            yield counted(number, thing, things)


def _member(member: dict[str, Any]) -> str:
    rows = f", {counted(member['rows'], 'row')}" if member["rows"] is not None else ""
    return f"{member['blob']}, version {member['etag']}{rows}"


def _drift(drift: DriftRecord) -> Iterator[Fact]:
    reference = f"the set of run {drift.reference}" if drift.reference is not None else "no set, as there is none"
    trained = "" if drift.trained else "; not trained"
    yield "drift", f"{drift.measure}, approximately, against {reference}{trained}"
    by_value = sorted(drift.columns, key=lambda column: -column.value)
    for column in by_value[:MAX_COLUMNS]:
        counts = f"{counted(column.rows, 'row')} against {column.reference_rows:,}"
        yield "", f"{column.column} ({column.kind}): {column.value:.4g}, {counts}"
    if len(by_value) > MAX_COLUMNS:
        yield "", f"{counted(len(by_value) - MAX_COLUMNS, 'more column')}, which drifted less"
    for skipped in drift.skipped:
        yield "", f"{skipped.column} was not measured: {skipped.why}"
