"""Reads the snapshots: the resources that a deployment makes, as the Bicep compiler evaluates them.

What only Azure knows (endpoints, ids of principals, keys) stays an expression in brackets, such as
`[reference('…/userAssignedIdentities/id-landfall-…', '2024-11-30').principalId]`.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.sources import SNAPSHOTS

ROLES = "Microsoft.Authorization/roleAssignments"
# The deployments with `separateDataAccount`.
APART = {"data-account", "everything", "open-data-account", "private-network"}

_REFERENCE = re.compile(r"reference\('([^']+)', '[^']+'(?:, 'full')?\)\.([\w.]+)")
_SCOPE = re.compile(r"^\[extensionResourceId\('([^']+)',")


@dataclass(frozen=True)
class Resource:
    """A resource of a deployment. `name` is the last part of its name: a child's is without those of its parents."""

    type: str
    id: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its own name."""
        return str(self.body["name"]) if self.type == ROLES else str(self.body["name"]).rsplit("/", maxsplit=1)[-1]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its `properties`."""
        members: Mapping[str, Any] = self.body.get("properties") or {}
        return members

    def has(self, path: str) -> bool:
        """Return whether it has a value at a dotted path."""
        value: Any = self.body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value not in (None, "", {}, [])


@dataclass(frozen=True)
class Deployment:
    """Everything that one deployment makes, and the outputs that azd stores."""

    name: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    def of(self, type_: str) -> list[Resource]:
        """Return the resources of a type."""
        return [resource for resource in self.resources if resource.type == type_]

    def get(self, type_: str, name: str | None = None) -> Resource:
        """Return the only resource of a type, or the only one of a type with a name."""
        (resource,) = (resource for resource in self.of(type_) if name in {None, resource.name})
        return resource

    def names(self, type_: str) -> list[str]:
        """Return the names of the resources of a type, sorted."""
        return sorted(resource.name for resource in self.of(type_))

    def app_settings(self) -> Mapping[str, str]:
        """Return the settings of the function app."""
        return self.get("Microsoft.Web/sites/config", "appsettings").properties

    def roles(self) -> list[tuple[str, str, str]]:
        """Return each role assignment: principal, id of the role, scope; principal and scope as in `named`."""
        return [
            (
                named(str(assignment.properties["principalId"])),
                str(assignment.properties["roleDefinitionId"]).rsplit("/", maxsplit=1)[-1],
                named(scope_of(assignment)),
            )
            for assignment in self.of(ROLES)
        ]


def scope_of(extension: Resource) -> str:
    """Return the resource id that a role assignment is for."""
    match = _SCOPE.match(extension.id)
    return match[1] if match else extension.id.partition("/providers/Microsoft.Authorization/")[0]


def named(value: str) -> str:
    """Return the last part of a resource id or of the resource that an expression reads; other values as they are."""
    match = _REFERENCE.search(value)
    return (match[1] if match else value).rsplit("/", maxsplit=1)[-1]


def referenced(value: str) -> tuple[str, str]:
    """Return the resource that an expression reads, by its name, and the property, such as `primaryEndpoints.blob`."""
    match = _REFERENCE.search(value)
    assert match, value
    return match[1].rsplit("/", maxsplit=1)[-1], match[2]


def deployment_names() -> list[str]:
    """Return the names of all snapshots."""
    return sorted(path.name.removesuffix(".snapshot.json") for path in SNAPSHOTS.glob("*.snapshot.json"))


@functools.cache
def deployment(name: str) -> Deployment:
    """Read a snapshot, such as `smallest` or `everything`."""
    document = json.loads((SNAPSHOTS / f"{name}.snapshot.json").read_text(encoding="utf-8"))
    assert document["diagnostics"] == []
    resources = (Resource(body["type"], body["id"], body) for body in document["predictedResources"])
    return Deployment(name, tuple(resources), document["outputs"])


def deployments() -> list[Deployment]:
    """Read all snapshots of the whole deployment, without that of the event subscription."""
    return [made for made in map(deployment, deployment_names()) if made.of("Microsoft.Resources/resourceGroups")]
