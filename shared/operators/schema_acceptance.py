"""An operator's acceptance: the form of a quarantined file becomes the next version of its route's schema.

The file is read to find out which columns and cells do not fit. What that leads to is said before anything is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.blob_path import BlobPath
from shared.effects.file_reading import check_file, route_facts
from shared.effects.route_schema import (
    SchemaInForce,
    learnt_label,
    put_in_force,
    schema_in_force,
)
from shared.errors import NotNowError, StaleWriteError, UnknownError
from shared.intake.acceptance import Misfit, MisfitReader, fitted
from shared.intake.block_check import Columns
from shared.intake.cells import ColumnReader
from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected, FileReport
from shared.intake.header_match import name_key
from shared.intake.learning import Learner
from shared.intake.problems import Code, Level, Problem
from shared.intake.schema_comparison import schema_change
from shared.intake.settings import ExtraColumns, IntakeSettings
from shared.intake.table_schema import Origin, TableSchema
from shared.lifecycle.job_paths import quarantined_path
from shared.operators.acceptance_consequences import (
    alike_runs,
    consequences,
    is_of_content,
    new_classes,
    serving_problem,
)
from shared.operators.operator_runs import find_run, route_of_run
from shared.operators.retry import check_retry, retry
from shared.ports.blob_files import BlobVersion
from shared.records.json_codec import Json
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Route
from shared.services import Services

MAX_LISTED = 5  # problems that a refusal names
MAX_BYTES = 500_000_000  # it is read two to four times, at some 7 MB/s in all, and a request may take 230 s
MAX_ROUNDS = 3  # a file that does not fit after so many has cells with two readings

# What another schema can mend; all else is wrong with the file.
_OF_COLUMNS = frozenset({Code.MISSING_LABEL, Code.EXTRA_LABEL, Code.INCORRECT_LABEL})
_OF_CELLS = frozenset({Code.TYPE_ERROR, Code.CONSTRAINT_ERROR, Code.AMBIGUOUS_VALUE})


class Acceptance(NamedTuple):
    """What an acceptance leads to, or led to.

    Attributes:
        version: the number of the schema.
        accepted: whether it is in force, and the run begins its next attempt.
        changes: how the schema differs from the version before, a sentence each.
        leads_to: what becomes of files that were accepted before, a sentence each.
        alike: the other runs that are quarantined for the same.
    """

    route: str
    run_id: str
    version: int
    accepted: bool
    changes: tuple[str, ...]
    leads_to: tuple[str, ...]
    alike: tuple[Run, ...]

    def to_json(self) -> Json:
        """Return it as JSON."""
        alike = [{"run_id": run.run_id, "blob": run.blob} for run in self.alike]
        return {**self._asdict(), "changes": list(self.changes), "leads_to": list(self.leads_to), "alike": alike}


def preview(services: Services, route_name: str, run_id: str) -> Acceptance:
    """Tell what the acceptance of a run's file would lead to; nothing is written.

    Raises:
        UnknownError: the route has no such run.
        NotNowError: the run is not quarantined, no schema can accept its file, or the serving side could not take the
            model; the text says what can be done.
    """
    return _plan(services, route_name, run_id, Origin(run_id, services.clock.now())).acceptance


def accept(services: Services, route_name: str, run_id: str, by: str, reason: str) -> Acceptance:
    """Put the form of a run's file in force as the next version of the schema, and begin the run's next attempt.

    Raises:
        UnknownError: the route has no such run.
        NotNowError: as `preview`; or the schema changed at the same moment.
    """
    plan = _plan(services, route_name, run_id, Origin(run_id, services.clock.now(), by, reason))
    if plan.schema is not None:
        try:
            put_in_force(services, plan.in_force, plan.schema)
        except StaleWriteError as error:
            raise NotNowError(f"{error}: look at what it leads to now, and accept again") from error
    retry(services, run_id, by, f"schema {plan.acceptance.version} accepts its file: {reason}")
    return plan.acceptance._replace(accepted=True)


class _Plan(NamedTuple):
    """What is to be put in force; `schema` is None if the file fits the schema in force already."""

    in_force: SchemaInForce
    schema: TableSchema | None
    acceptance: Acceptance


def _plan(services: Services, route_name: str, run_id: str, origin: Origin) -> _Plan:
    run = find_run(services, run_id).run
    if run.route != route_name:
        raise UnknownError(f"run {run_id} is of route {run.route}, not of {route_name}")
    route = route_of_run(services, run)
    settings = route.reading
    if settings is None:
        raise NotNowError(f"route {route_name} does not read its files: there is no schema to accept one by")
    if run.state is not RunState.QUARANTINED:
        raise NotNowError(f"run {run_id} is {run.state.value}: only the file of a quarantined run can be accepted")
    in_force = schema_in_force(services, route)
    if in_force.state is None:
        raise NotNowError(f"route {route_name} has no schema: routes.{route_name}.intake.schema is 'none'")
    check_retry(services, run)  # before a schema is put in force for a run that could not use it
    reading = _FileReading(services, route, run, settings)
    schema = reading.fitted_schema(in_force.schema, origin)
    before = in_force.schema or TableSchema(fields=())
    change = schema_change(before, schema)
    is_new = in_force.schema is None or bool(change.sentences)
    if not is_new and is_of_content(services, run):
        raise NotNowError(f"no schema changes what refuses the file of run {run_id}: {run.reason}")
    if is_new:
        refusal = serving_problem(route, schema, reading.facts.expected)
        if refusal:
            raise NotNowError(f"the form of run {run_id}'s file cannot be accepted: {refusal}")
    leads_to = (
        *new_classes(route, before, schema, reading.facts.expected.label),
        *consequences(services, route, change),
    )
    acceptance = Acceptance(
        route=route.name,
        run_id=run.run_id,
        version=in_force.number + 1 if is_new else in_force.number,
        accepted=False,
        changes=tuple(change.sentences) if is_new else (f"The file fits schema {in_force.number} as it is.",),
        leads_to=leads_to if is_new else (),
        alike=alike_runs(services, run),
    )
    return _Plan(in_force, schema if is_new else None, acceptance)


class _FileReading:
    """Reads a quarantined file as often as it takes to know the schema that it fits."""

    def __init__(self, services: Services, route: Route, run: Run, settings: IntakeSettings) -> None:
        self._services = services
        self._run = run
        keeps = settings.extra_columns is not ExtraColumns.DROP
        self._settings = replace(settings, extra_columns=ExtraColumns.KEEP) if keeps else settings
        self._original = _original(services, run)
        if self._original.size > MAX_BYTES:
            raise NotNowError(_too_large(route, run, self._original.size))
        champion = services.endpoints.get(route.name, route.serving.name).record.champion
        self.facts = route_facts(services, route, champion.classes if champion is not None else ())
        expected = self.facts.expected
        self._label = learnt_label(route, expected.label, expected.classes)

    def fitted_schema(self, current: TableSchema | None, origin: Origin) -> TableSchema:
        """Return the schema that the file fits, as near to the current one as can be.

        Raises:
            NotNowError: no schema can accept the file; its problems are listed.
        """
        learner = self._learner()
        learnt = learner.learnt(origin, keeps_values=self._settings.problem_values).schema
        schema = learnt if current is None else fitted(current, learnt, {}, learner.evidence)
        problems: Sequence[Problem] = ()
        for _ in range(MAX_ROUNDS):
            misfits: dict[str, Misfit] = {}
            report = self._read(replace(self.facts.expected, schema=schema, watch=_watch(misfits)))
            problems = _errors(report)
            if not problems:
                return schema
            if any(problem.code not in _OF_CELLS for problem in problems):
                break
            _add_repeated(misfits, problems)
            schema = fitted(schema, learnt, misfits, learner.evidence)
        raise self._refusal(problems)

    def _learner(self) -> Learner:
        """Read the file for what its cells alone say, whatever columns it has."""
        learners: list[Learner] = []

        def observe(check: FileCheck, columns: Columns) -> None:
            if not learners:
                # Without the golden rows: they say what the cells should be, and the person what they may be.
                learners.append(Learner(check.columns, self._label, self._settings.dialect))
            learners[0].add_rows(check.columns, columns)

        report = self._read(self.facts.expected, observe)
        problems = [problem for problem in _errors(report) if problem.code not in _OF_COLUMNS]
        if problems or not learners:
            raise self._refusal(problems or _errors(report))
        if self._label is not None and not learners[0].has(self._label.name):
            what = f"the file of run {self._run.run_id} has no column {self._label.name!r}"
            raise NotNowError(f"{what}, which is trained for: no schema can accept it")
        return learners[0]

    def _read(self, expected: Expected, observe: Callable[[FileCheck, Columns], None] | None = None) -> FileReport:
        blobs, name = self._services.blobs, self._run.blob
        checked = check_file(
            blobs, name, self._original, self._settings, expected, None, alive=lambda: None, observe=observe
        )
        return checked.report

    def _refusal(self, problems: Sequence[Problem]) -> NotNowError:
        listed = [_sentence(problem) for problem in problems[:MAX_LISTED]]
        more = f" and {len(problems) - MAX_LISTED} more" if len(problems) > MAX_LISTED else ""
        return NotNowError(
            f"no schema can accept the file of run {self._run.run_id}: correct the file and upload it again."
            f" {' '.join(listed)}{more}"
        )


def _too_large(route: Route, run: Run, size: int) -> str:
    schema = f"landfall schema {route.name}"
    return (
        f"the file of run {run.run_id} has {size:,} bytes, and more than {MAX_BYTES:,} cannot be read in one request:"
        f" edit what `{schema} --json` prints, put it in force with `{schema} --from FILE`, and retry the run"
    )


def _watch(misfits: dict[str, Misfit]) -> Callable[[ColumnReader], ColumnReader]:
    return lambda reader: MisfitReader(reader, misfits)


def _errors(report: FileReport) -> list[Problem]:
    return [problem for problem in report.problems if problem.level is Level.ERROR]


def _add_repeated(misfits: dict[str, Misfit], problems: Sequence[Problem]) -> None:
    """Note the columns whose values are not unique: no cell alone tells it."""
    by_key = {name_key(name) for name in misfits}
    for problem in problems:
        if problem.column is not None and name_key(problem.column) not in by_key:
            misfits[problem.column] = Misfit(constraints={"unique"})


def _sentence(problem: Problem) -> str:
    where = [f"line {problem.line}"] if problem.line is not None else []
    where += [f"column {problem.column}"] if problem.column else []
    return f"{', '.join(where)}: {problem.message}" if where else problem.message


def _original(services: Services, run: Run) -> BlobVersion:
    """Return the pinned original of a run, or its copy in quarantine.

    Raises:
        NotNowError: both are gone.
    """
    copies = [BlobPath.parse(run.original_blob)] if run.original_blob else []
    copies.append(BlobPath.parse(quarantined_path(run)))
    for path in copies:
        version = services.blobs.version(*path)
        if version is not None and version.size == run.size:
            return version
    raise NotNowError(f"the file of run {run.run_id} is no longer kept: upload it again; it gets a run of its own")
