"""What the acceptance of a file's form leads to: for the serving side, for training sets, for other bad files."""

import json
from collections.abc import Iterator

from shared.errors import ConfigError
from shared.gates.known_metrics import Task, tasks_of
from shared.intake.file_report import Expected
from shared.intake.problems import Code
from shared.intake.schema_comparison import SchemaChange
from shared.intake.settings import BatchSettings, TrainingSetKind
from shared.intake.table_schema import TableSchema
from shared.intake.training_sets import choose
from shared.plurals import counted
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Route
from shared.services import Services

MAX_PROBLEMS_BYTES = 1024 * 1024
_OF_CONTENT = frozenset({Code.FEW_ROWS, Code.MOSTLY_MISSING, Code.ONE_CLASS, Code.LOST_CLASS})
MAX_RUNS = 1000  # of a route, the newest, among which runs with the same difference are looked for


def serving_problem(route: Route, schema: TableSchema, expected: Expected) -> str:
    """Return why the serving side could not take a model of a schema's columns, and what can be done; else "".

    The classic service refuses a model with other columns than the web service was published with. Those are the
    columns of the golden rows, which the service answers.
    """
    sent = set(expected.golden) - {expected.label}
    features = [name for name in schema.names if name != expected.label]
    more = [name for name in features if name not in sent]
    fewer = [name for name in expected.golden if name in sent and name not in features]
    if not more and not fewer:
        return ""
    parts = [f"the column {name!r} more" for name in more] + [f"no column {name!r}" for name in fewer]
    remedy = f"publish the predictive service of endpoint {route.serving.name} anew with these columns, and then give"
    remedy += f" the golden rows ({route.golden}) the same columns"
    if more and not fewer:
        remedy += f'; or set routes.{route.name}.intake.extra_columns = "drop", and retry the run'
    return (
        f"its models would have {', '.join(parts)}, and the service in use cannot take a model with other columns:"
        f" {remedy}"
    )


def new_classes(route: Route, before: TableSchema, after: TableSchema, label: str | None) -> Iterator[str]:
    """Yield what classes of the label that a schema gains lead to, a sentence each."""
    old, new = (schema.field(label) if label is not None else None for schema in (before, after))
    if old is None or new is None or old.constraints.enum is None or new.constraints.enum is None:
        return
    gained = [text for text in new.constraints.enum if text not in old.constraints.enum]
    if not gained:
        return
    binary = [gate.metric for gate in route.policy.gates if tasks_of(gate.metric) == (Task.BINARY,)]
    if binary or (route.holdout is not None and route.holdout.task is Task.BINARY):
        why = f"its gate on {binary[0]}" if binary else "its holdout"
        yield f"Route {route.name} is of models with two classes, as {why} says: their training may fail."
    if not route.classes_may_change:
        yield (
            f"A model that answers {counted(len(gained), 'new class', 'new classes')} is not promoted by itself, unless"
            f' routes.{route.name}.classes is "may-change".'
        )


def consequences(services: Services, route: Route, change: SchemaChange) -> Iterator[str]:
    """Yield what becomes of the files that were accepted before, a sentence each."""
    batch = route.batch
    if batch is None or batch.training_set in {TrainingSetKind.FILE, TrainingSetKind.BATCH}:
        yield "Files that were accepted before are not trained on again."
        return
    members, rows = _members(services, route, batch)
    if not members:
        yield "No file was accepted before."
        return
    files = f"{counted(members, 'file')} accepted before ({counted(rows, 'row')})"
    yield f"The next training set reads the {files} again, from the pinned originals."
    if change.added:
        yield f"In their rows {_listed(change.added)} is missing."
    if change.removed:
        yield f"Their cells of {_listed(change.removed)} are left out."
    if change.narrowed:
        yield (
            f"A file whose cells of {_listed(change.narrowed)} do not fit any more is left out of training sets, and"
            " counted."
        )


def alike_runs(services: Services, run: Run) -> tuple[Run, ...]:
    """Return the other quarantined runs of the route that have no other kind of problem than this one, newest first."""
    own = _kinds(services, run)
    others = [
        stored.run
        for stored in services.runs.list_runs(run.route, MAX_RUNS)
        if stored.run.state is RunState.QUARANTINED and stored.run.run_id != run.run_id and stored.run.problems
    ]
    kinds = services.map_concurrently(lambda candidate: _kinds(services, candidate), others)
    return tuple(
        candidate for candidate, its_own in zip(others, kinds, strict=True) if own and its_own and its_own <= own
    )


def is_of_content(services: Services, run: Run) -> bool:
    """Tell whether a run's file is refused for its rows as a training set alone, which no schema changes."""
    codes = {code for code, _ in _kinds(services, run)}
    return bool(codes) and codes <= _OF_CONTENT


def _kinds(services: Services, run: Run) -> frozenset[tuple[str, str | None]]:
    """Return the code and column of every problem that refused a run's file; none if they are no longer kept."""
    if not run.problems:
        return frozenset()
    try:
        document = json.loads(services.blobs.read_text(run.problems, MAX_PROBLEMS_BYTES)[0])
    except (ConfigError, ValueError):
        return frozenset()
    return frozenset(
        (problem["code"], problem["column"]) for problem in document["problems"] if problem["level"] == "error"
    )


def _members(services: Services, route: Route, batch: BatchSettings) -> tuple[int, int]:
    """Return how many files the next training set would have as it is, and their rows."""
    parts = choose(batch, services.runs.parts(route.name)).parts
    return len(parts), sum(part.rows for part in parts)


def _listed(names: tuple[str, ...]) -> str:
    return f"column {', '.join(map(repr, names))}"
