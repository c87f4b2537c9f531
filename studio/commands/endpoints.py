"""The commands about endpoints: list, keys, add-endpoint. They also work beside a running studio."""
# ruff: noqa: T201 (a command prints)

import argparse
import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from studio.errors import StudioError
from studio.json_values import Json
from studio.words import counted, utc_text
from studio.workspace.database import FILE_NAME, Database
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.deployment_records import Deployment
from studio.workspace.endpoint_changes import EndpointChanges
from studio.workspace.keys import KeySlot
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind, Service
from studio.workspace.urls import Urls

WORKSPACE = "workspace"


def add_endpoint_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> tuple[argparse.ArgumentParser, ...]:
    """Add the commands to a parser; returns the parsers of their options."""
    listing = commands.add_parser("list", help="list services and endpoints, and the model that each serves")
    listing.set_defaults(run=_list)

    keys = commands.add_parser("keys", help="print the keys, or rotate one; the old key is refused from then on")
    keys.set_defaults(run=_keys)
    keys.add_argument("--rotate", choices=[*KeySlot, WORKSPACE], help="the key to replace")
    keys.add_argument("--endpoint", metavar="NAME", help="only this endpoint (needs --service)")

    adding = commands.add_parser("add-endpoint", help="add an endpoint to a service, and print where to update it")
    adding.set_defaults(run=_add)
    adding.add_argument("name", help="1 to 24 lower-case letters or digits")
    adding.add_argument("--description", help="what it is for")
    adding.add_argument("--max-concurrent-calls", type=int, metavar="N", help="1 to 200 (default: 20)")
    for command in (keys, adding):
        command.add_argument(
            "--service", metavar="EXPERIMENT", required=command is adding, help="the experiment's name"
        )
        command.add_argument("--training", action="store_true", help="its training service, not its predictive one")
    for command in (listing, keys, adding):
        command.add_argument("--json", action="store_true", help="print JSON")
    return listing, keys, adding


@contextlib.contextmanager
def _existing(folder: Path) -> Iterator[Database]:
    """Open the database of an existing studio: a misspelt path must not create a new one."""
    if not (folder / FILE_NAME).is_file():
        raise StudioError(f"{folder}: there is no studio in this folder. Publish an experiment into it first.")
    with Database(folder) as database:
        yield database


def _service(registry: Registry, options: argparse.Namespace) -> Service:
    kind = Kind.TRAINING if options.training else Kind.PREDICTIVE
    named = {service.experiment: service for service in registry.services() if service.kind is kind}
    if options.service not in named:
        present = ", ".join(map(repr, named)) or "none"
        raise StudioError(
            f"No experiment {options.service!r} has a {kind} service here. Those that have one: {present}."
        )
    return named[options.service]


def _endpoint(registry: Registry, service: Service, name: str) -> Endpoint:
    named = {endpoint.name: endpoint for endpoint in registry.endpoints(service)}
    if name not in named:
        raise StudioError(f"{service.title!r} has no endpoint {name!r}. It has: {', '.join(named)}.")
    return named[name]


def _list(options: argparse.Namespace) -> int:
    with _existing(options.data) as database:
        registry, deployed = Registry(database), DeployedModels(database)
        services: list[Json] = [
            {
                "id": service.id,
                "name": service.title,
                "experiment": service.experiment,
                "kind": service.kind,
                "created_at": service.created_at,
                "endpoints": [_row(deployed, endpoint) for endpoint in registry.endpoints(service)],
            }
            for service in registry.services()
        ]
    if options.json:
        print(json.dumps({"services": services}, indent=2))
        return 0
    for service in services:
        print(f"{service['name']}  ({service['kind']}, {service['id']})")
        for row in service["endpoints"]:
            print(f"  {row['name']:<24}  {_serving_text(row)}".rstrip())
    return 0


def _row(deployed: DeployedModels, endpoint: Endpoint) -> Json:
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "role": endpoint.role,
        "description": endpoint.settings.description,
        "max_concurrent_calls": endpoint.settings.max_concurrent_calls,
        "throttle_level": endpoint.settings.throttle_level,
        "prevents_update": endpoint.prevents_update,
        "created_at": endpoint.created_at,
        "model": _model(deployed.serving(endpoint)),
        "waiting": _model(deployed.waiting(endpoint)),
    }


def _model(deployment: Deployment | None) -> Json | None:
    if deployment is None:
        return None
    location = deployment.location.base_location + deployment.location.relative_location
    return {
        "location": location,
        "sha256": deployment.sha256,
        "since": deployment.since.isoformat(timespec="milliseconds"),
    }


def _serving_text(row: Json) -> str:
    if row["model"] is None:
        return ""
    calls = counted(row["max_concurrent_calls"], "call at once", "calls at once")
    text = f"{calls:>18}  {row['model']['location']} since {_moment(row['model'])}"
    waiting = row["waiting"]
    return f"{text}, then {waiting['location']} from {_moment(waiting)}" if waiting else text


def _moment(model: Json) -> str:
    return utc_text(datetime.fromisoformat(model["since"]))


def _keys(options: argparse.Namespace) -> int:
    rotates_endpoint = options.rotate in list(KeySlot)
    if (options.endpoint or options.training) and options.service is None:
        raise StudioError("--endpoint and --training need --service, the experiment's name.")
    if rotates_endpoint and options.endpoint is None:
        raise StudioError(f"--rotate {options.rotate} needs --endpoint and --service, which say whose key it is.")
    if options.rotate == WORKSPACE and options.service is not None:
        raise StudioError("--rotate workspace replaces the workspace's token. Leave --service out.")
    with _existing(options.data) as database:
        registry = Registry(database)
        changes = EndpointChanges(database, registry, DeployedModels(database))
        if options.rotate == WORKSPACE:
            changes.rotate_workspace_token()
        elif rotates_endpoint:
            endpoint = _endpoint(registry, _service(registry, options), options.endpoint)
            changes.rotate_key(endpoint, KeySlot(options.rotate))
        endpoints = _chosen(registry, options)
        token = registry.workspace_token if options.service is None else None
        workspace = {} if token is None else {"workspace": {"id": database.workspace_id, "token": token}}
    if options.json:
        print(json.dumps({**workspace, "endpoints": [_key_row(endpoint) for endpoint in endpoints]}, indent=2))
        return 0
    if token is not None:
        print(f"workspace {database.workspace_id}\n  token      {token}")
    for endpoint in endpoints:
        print(f"{endpoint.service.title}, {endpoint.name}")
        print(f"  primary    {endpoint.primary_key}\n  secondary  {endpoint.secondary_key}")
    return 0


def _chosen(registry: Registry, options: argparse.Namespace) -> list[Endpoint]:
    """Return the endpoints that the options name; all of them without --service."""
    if options.service is None:
        return registry.all_endpoints()
    service = _service(registry, options)
    if options.endpoint is None:
        return registry.endpoints(service)
    return [_endpoint(registry, service, options.endpoint)]


def _key_row(endpoint: Endpoint) -> Json:
    return {
        "experiment": endpoint.service.experiment,
        "kind": endpoint.service.kind,
        "name": endpoint.name,
        "id": endpoint.id,
        "primary": endpoint.primary_key,
        "secondary": endpoint.secondary_key,
    }


def _add(options: argparse.Namespace) -> int:
    body = {"Description": options.description, "MaxConcurrentCalls": options.max_concurrent_calls}
    with _existing(options.data) as database:
        registry = Registry(database)
        service = _service(registry, options)
        if any(endpoint.name == options.name for endpoint in registry.endpoints(service)):
            raise StudioError(f"{service.title!r} already has an endpoint {options.name!r}. Choose another name.")
        changes = EndpointChanges(database, registry, DeployedModels(database))
        endpoint = changes.put(service, options.name, json.dumps(body).encode())
        urls = Urls(options.base_url.rstrip("/"), database.workspace_id)
    answer = {
        "name": endpoint.name,
        "service": service.title,
        "patch_url": urls.patch(endpoint),
        "help_location": urls.help(endpoint),
        "api_location": urls.api(endpoint),
    }
    if options.json:
        print(json.dumps(answer, indent=2))
        return 0
    print(f"Endpoint {endpoint.name!r} of {service.title!r} is added.")
    print(f"PATCH URL:     {answer['patch_url']}\nHelp location: {answer['help_location']}")
    return 0
