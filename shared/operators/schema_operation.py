"""The operation `schema`: shows a version of a route's schema, puts a given one in force, or accepts a file's form."""

import json
from collections.abc import Mapping
from dataclasses import replace

from shared.effects.file_reading import route_facts
from shared.effects.route_schema import MAX_SCHEMA_BYTES, put_in_force, read_version, schema_in_force
from shared.errors import BadRequestError, ConfigError, NotNowError, StaleWriteError, UnknownError
from shared.intake.header_match import name_key
from shared.intake.schema_reader import parse_schema
from shared.intake.settings import SchemaSource
from shared.intake.table_schema import Origin, TableSchema, to_json
from shared.operators.schema_acceptance import accept, preview
from shared.records.json_codec import Json
from shared.routes.route import Route
from shared.services import Services


def perform(services: Services, request: Mapping[str, str]) -> Json:
    """Carry out a request with the members `route`, one of `version`, `from` and `accept`, `by` and `reason`.

    Raises:
        BadRequestError: members exclude each other, or a change has no name or reason.
        LandfallError: as the function of what is asked for.
    """
    chosen = [name for name in ("version", "accept") if request.get(name)]
    if "from" in request:  # an empty text too: it is what an empty file holds, and no request to show a schema
        chosen.append("from")
    route = request["route"]
    if len(chosen) > 1:
        raise BadRequestError(f"{' and '.join(chosen)} exclude each other")
    changes = "from" in chosen or ("accept" in chosen and request.get("reason"))
    missing = [name for name in ("by", "reason") if changes and not request.get(name)]
    if missing:
        raise BadRequestError("; ".join(f"{name} is missing" for name in missing))
    if "from" in chosen:
        return give_schema(services, route, request["from"], request["by"], request["reason"])
    if "accept" not in chosen:
        return show_schema(services, route, request.get("version", ""))
    if not changes:
        return preview(services, route, request["accept"]).to_json()
    return accept(services, route, request["accept"], request["by"], request["reason"]).to_json()


def show_schema(services: Services, route_name: str, version: str = "") -> Json:
    """Return a version of a route's schema, by default the one in force; null before the first.

    Raises:
        UnknownError: there is no such route or version.
        BadRequestError: the version is no number from 1.
        NotNowError: the route has no schema.
    """
    route = route_with_schema(services, route_name)
    in_force = services.runs.route_state(route.name).state.schema
    number = _number(version) if version else in_force
    if number > in_force:
        raise UnknownError(f"route {route.name} has no schema {number}; the newest is {in_force}")
    schema = read_version(services, route.name, number) if number else None
    return schema_json(route, number, in_force, schema)


def give_schema(services: Services, route_name: str, text: str, by: str, reason: str) -> Json:
    """Put a Table Schema in force that a person gives as JSON text.

    Raises:
        UnknownError: there is no such route.
        BadRequestError: it is none, says something that is not supported, or lacks a column that every file needs;
            every problem is listed.
        ConfigError: the golden rows or the holdout cannot be used.
        NotNowError: routes.toml names a file, which is the schema; or the schema changed at the same moment.
    """
    route = route_with_schema(services, route_name)
    source = route.reading.schema if route.reading is not None else SchemaSource.NONE
    if source not in set(SchemaSource):
        raise NotNowError(f"routes.{route.name}.intake.schema is {source!r}: upload the new schema there")
    if len(text.encode()) > MAX_SCHEMA_BYTES:
        raise BadRequestError(f"the schema has more than {MAX_SCHEMA_BYTES:,} bytes")
    try:
        schema = parse_schema(_bare(text), "given")
    except ConfigError as error:
        raise BadRequestError("\n".join(error.problems)) from error
    _check_columns(services, route, schema)
    # An edited copy of a learnt schema stays one: what it leaves open may still be decided by a file.
    run = schema.origin.run if schema.origin is not None else ""
    schema = replace(schema, origin=Origin(run, services.clock.now(), by, reason))
    try:
        given = put_in_force(services, schema_in_force(services, route), schema)
    except StaleWriteError as error:
        raise NotNowError(f"{error}: look at it and try again") from error
    return schema_json(route, given.number, given.number, schema)


def _check_columns(services: Services, route: Route, schema: TableSchema) -> None:
    """Check that a schema has the columns of the golden rows and the label: without them it would refuse every file.

    Raises:
        BadRequestError: it lacks some; all are named.
    """
    keys = {name_key(name) for name in schema.names}
    missing = [name for name in route_facts(services, route).expected.columns if name_key(name) not in keys]
    if missing:
        raise BadRequestError(
            f"the schema has no field {', '.join(map(repr, missing))}, which the golden rows ({route.golden}) or the"
            " label need: no file could fit it. Add each to the schema, or correct the golden rows first"
        )


def _bare(text: str) -> str:
    """Return the schema in an answer of this operation, which a person may have edited; any other text as it is."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return text
    is_answer = isinstance(document, dict) and "fields" not in document and isinstance(document.get("schema"), dict)
    return json.dumps(document["schema"]) if is_answer else text


def route_with_schema(services: Services, name: str) -> Route:
    """Return a route whose files are checked against a schema.

    Raises:
        UnknownError: there is no such route.
        NotNowError: its files are not read, or it wants no schema.
    """
    route = services.routes.routes.get(name)
    if route is None:
        raise UnknownError(f"there is no route {name!r}; there are: {', '.join(services.routes.routes)}")
    if route.reading is None:
        raise NotNowError(f"route {name} does not read its files: add [routes.{name}.intake] to routes.toml")
    if route.reading.schema == SchemaSource.NONE:
        raise NotNowError(f"route {name} has no schema: routes.{name}.intake.schema is 'none'")
    return route


def schema_json(route: Route, number: int, in_force: int, schema: TableSchema | None) -> Json:
    """Return the answer about a version of a route's schema."""
    return {
        "route": route.name,
        "version": number,
        "in_force": in_force,
        "schema": to_json(schema) if schema is not None else None,
    }


def _number(version: str) -> int:
    if not (version.isascii() and version.isdigit() and 0 < len(version) < 9 and int(version) > 0):
        raise BadRequestError(f"version must be a whole number from 1, not {version!r}")
    return int(version)
