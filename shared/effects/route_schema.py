"""The schema of a route: numbered versions in storage, of which the route's row says which is in force.

Version n is written once, by whoever is first (`models/schemas/<route>/<n>.json`), and then put in force by a
conditional write of the row. A worker that dies between the two leaves a version that is not in force; the next one
that would write this number puts it in force instead.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from shared.errors import ConfigError, StaleWriteError
from shared.gates.known_metrics import Task, tasks_of
from shared.intake.field_learning import Label
from shared.intake.schema_reader import parse_schema
from shared.intake.settings import SchemaSource
from shared.intake.table_schema import FieldType, TableSchema, Undecided, to_json
from shared.lifecycle.job_paths import schema_path
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.intake_rows import StoredRouteState
from shared.routes.route import Route
from shared.services import Services

log = get_log("run")

MAX_SCHEMA_BYTES = 4 * 1024 * 1024


class SchemaInForce(NamedTuple):
    """The schema that a route's files are checked against.

    Attributes:
        number: 0 while there is none.
        schema: None while there is none, or if the route wants none.
        state: the row that names it, which the next version replaces; None if the route wants none.
    """

    number: int
    schema: TableSchema | None
    state: StoredRouteState | None


NO_SCHEMA = SchemaInForce(0, None, None)


def schema_in_force(services: Services, route: Route) -> SchemaInForce:
    """Read the schema in force; the file that routes.toml names is taken as the next version whenever it changed.

    Raises:
        ConfigError: the file is missing or no schema that is supported; every problem is listed.
        StaleWriteError: the schema changed at the same moment.
    """
    settings = route.reading
    if settings is None or settings.schema == SchemaSource.NONE:
        return NO_SCHEMA
    state = services.runs.route_state(route.name)
    number = state.state.schema
    present = read_version(services, route.name, number) if number else None
    in_force = SchemaInForce(number, present, state)
    if settings.schema == SchemaSource.LEARN:
        return in_force
    text, etag = services.blobs.read_text(settings.schema, MAX_SCHEMA_BYTES)
    if etag == state.state.schema_file:
        return in_force
    schema = parse_schema(text, settings.schema)
    if schema == present:
        marked = services.runs.save_route_state(state, replace(state.state, schema_file=etag))
        return SchemaInForce(number, present, marked)
    return put_in_force(services, in_force, schema, file_etag=etag)


def read_version(services: Services, route: str, number: int) -> TableSchema:
    """Read one version of a route's schema.

    Raises:
        ConfigError: there is none of that number, or it cannot be read.
    """
    path = schema_path(route, number)
    return parse_schema(services.blobs.read_text(path, MAX_SCHEMA_BYTES)[0], path)


def versions_taught_by(services: Services, route: str, run_ids: Collection[str]) -> list[str]:
    """Return the first version that the file of one of these runs taught, and all that followed: container/path each.

    Their notes may hold its values, for a version keeps the notes of the one before.
    """
    last = services.runs.route_state(route).state.schema
    for number in range(1, last + 1):
        with suppress(ConfigError):  # nobody can tell whose values are in a version that cannot be read
            origin = read_version(services, route, number).origin
            if origin is None or origin.run not in run_ids:
                continue
        return [schema_path(route, taught) for taught in range(number, last + 1)]
    return []


def columns_since(services: Services, route: str, in_force: SchemaInForce, number: int) -> tuple[str, ...]:
    """Return the columns of the schema in force that version `number` did not have: a file of then may lack them.

    Raises:
        ConfigError: there is no such version, or it cannot be read.
    """
    if in_force.schema is None or number == in_force.number:
        return ()
    names = read_version(services, route, number).names
    return tuple(name for name in in_force.schema.names if name not in names)


def put_in_force(
    services: Services, before: SchemaInForce, schema: TableSchema, file_etag: str | None = None
) -> SchemaInForce:
    """Write the version that follows `before`, and put it in force. Repeating is harmless.

    `file_etag`: the version of the file in routes.toml that the schema was read from.

    Raises:
        StaleWriteError: another worker's version has this number; it is in force now. Read the file again.
    """
    if before.state is None:
        raise ValueError("a route without a schema gets none")
    route, number = before.state.state.route, before.number + 1
    path = schema_path(route, number)
    text = json.dumps(to_json(schema), ensure_ascii=False, indent=2) + "\n"
    is_ours = services.blobs.create_text(path, text) or services.blobs.read_text(path, MAX_SCHEMA_BYTES)[0] == text
    stored = _name_version(services, before.state, number, file_etag if is_ours else None)
    if not is_ours or stored.state.schema != number:
        raise StaleWriteError(f"another worker wrote schema {number} of route {route} at the same moment")
    log.info("route %s: schema %d is in force", route, number, extra=log_fields(LogAction.SCHEMA_IN_FORCE, route=route))
    return SchemaInForce(number, schema, stored)


def _name_version(services: Services, before: StoredRouteState, number: int, file_etag: str | None) -> StoredRouteState:
    """Have a route's row name a version, unless it names it or a later one already."""
    stored = before
    while stored.state.schema < number:
        state = replace(stored.state, schema=number, schema_file=file_etag or stored.state.schema_file)
        try:
            return services.runs.save_route_state(stored, state)
        except StaleWriteError:
            stored = services.runs.route_state(before.state.route)
    return stored


def learnt_label(route: Route, label: str | None, classes: Sequence[str]) -> Label | None:
    """Return the column that a route trains for as a `Learner` wants it; whether it has classes, the task tells.

    `classes`: in the champion's spelling.
    """
    return None if label is None else Label(label, tuple(classes), _is_classified(route))


def class_counts(
    route: Route, label: str | None, schema: TableSchema | None, rows_by_label: Mapping[str, int]
) -> dict[str, int]:
    """Return the rows of a file by class; empty where the label is a number to be predicted.

    The task of the route tells; where it does not, the schema does. Numbers repeat by chance alone: none of them is
    lost if the next file lacks it.
    """
    has_classes = _is_classified(route)
    field = schema.field(label) if schema is not None and label is not None else None
    if has_classes is None and field is not None:
        is_of_classes = field.constraints.enum is not None or field.notes.undecided is Undecided.CLASSES
        has_classes = is_of_classes or field.type not in {FieldType.NUMBER, FieldType.INTEGER}
    return {} if has_classes is False else dict(rows_by_label)


def _is_classified(route: Route) -> bool | None:
    """Tell whether a route's label has classes; None if nothing says it."""
    if route.holdout is not None:
        tasks = {route.holdout.task}
    else:
        tasks = {task for gate in route.policy.gates for task in tasks_of(gate.metric)}
    return None if not tasks else Task.REGRESSION not in tasks
