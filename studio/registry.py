"""The published services and their endpoints: found by the ids and names that stand in URLs, and who may use them."""

import hmac
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from studio.errors import ServiceError
from studio.plan import TrainingPlan
from studio.state import Database, new_key

DEFAULT_ENDPOINT = "default"


class Kind(StrEnum):
    """The two web services of an experiment."""

    TRAINING = "training"
    PREDICTIVE = "predictive"


class Role(StrEnum):
    """What an endpoint is for."""

    DEFAULT = "default"  # stays in sync with the experiment; cannot be updated
    SERVE = "serve"
    STAGING = "staging"


@dataclass(frozen=True)
class Service:
    """A published web service."""

    id: str
    experiment: str
    kind: Kind
    plan: TrainingPlan
    created_at: str

    @property
    def title(self) -> str:
        """Its name in the management API."""
        return self.experiment if self.kind is Kind.TRAINING else f"{self.experiment} [predictive exp.]"

    @property
    def resource(self) -> str | None:
        """The name of the trained model that endpoints of it can be given; none for a training service."""
        return f"{self.experiment} [trained model]" if self.kind is Kind.PREDICTIVE else None


@dataclass(frozen=True)
class Endpoint:
    """A door to a service, with its own keys."""

    id: str
    service: Service
    name: str
    role: Role
    primary_key: str
    secondary_key: str
    created_at: str

    def admits(self, authorization: str | None) -> bool:
        """Tell whether the header carries one of the endpoint's keys."""
        key = bearer_key(authorization)
        # Both are compared, so that the time tells nothing about which of them was nearer.
        primary, secondary = same_key(key, self.primary_key), same_key(key, self.secondary_key)
        return primary or secondary


def bearer_key(authorization: str | None) -> str:
    """Return the key of an Authorization header; the scheme's case does not matter (protocol 1.2)."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def same_key(given: str, key: str) -> bool:
    """Compare two keys in constant time."""
    return hmac.compare_digest(given.encode(), key.encode())


class Registry:
    """Services and endpoints, kept in memory and read again when something unknown is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._services: dict[str, Service] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._load()

    def _load(self) -> None:
        self._services = {row["id"]: _service(row) for row in self._database.rows("SELECT * FROM services")}
        rows = self._database.rows("SELECT * FROM endpoints ORDER BY created_at, name")
        self._endpoints = {row["id"]: _endpoint(row, self._services[row["service_id"]]) for row in rows}

    def services(self) -> list[Service]:
        """Return all services, as they are now."""
        self._load()
        return list(self._services.values())

    def endpoints(self, service: Service) -> list[Endpoint]:
        """Return a service's endpoints."""
        return [endpoint for endpoint in self._endpoints.values() if endpoint.service.id == service.id]

    def all_endpoints(self) -> list[Endpoint]:
        """Return the endpoints of all services."""
        return list(self._endpoints.values())

    def endpoint(self, workspace_id: str, endpoint_id: str) -> Endpoint:
        """Find the endpoint of a run URL, whose id is the endpoint's and not the service's (protocol, surprise 2).

        Raises:
            ServiceError: 404.
        """
        self.check_workspace(workspace_id)
        return self.endpoint_by_id(endpoint_id)

    def endpoint_by_id(self, endpoint_id: str) -> Endpoint:
        """Find an endpoint.

        Raises:
            ServiceError: 404.
        """
        if endpoint_id not in self._endpoints:
            self._load()  # it may have been published while the studio runs
        if endpoint_id not in self._endpoints:
            raise _service_not_found()
        return self._endpoints[endpoint_id]

    def service(self, workspace_id: str, service_id: str) -> Service:
        """Find the service of a management URL.

        Raises:
            ServiceError: 404.
        """
        self.check_workspace(workspace_id)
        if service_id not in self._services:
            self._load()
        if service_id not in self._services:
            raise _service_not_found()
        return self._services[service_id]

    def named_endpoint(self, service: Service, name: str) -> Endpoint:
        """Find an endpoint of a service by its name.

        Raises:
            ServiceError: 404.
        """
        for endpoint in self.endpoints(service):
            if endpoint.name == name:
                return endpoint
        names = ", ".join(endpoint.name for endpoint in self.endpoints(service))
        raise ServiceError("NotFound", "WebServiceNotFound", f"There is no endpoint {name!r}; there are: {names}.")

    def check_workspace(self, workspace_id: str) -> None:
        """Refuse URLs of another workspace.

        Raises:
            ServiceError: 404.
        """
        if workspace_id != self._database.workspace_id:
            text = "Workspace not found. Verify the workspace Id is correct and try again."
            raise ServiceError("NotFound", "WorkspaceNotFound", text)

    def publish(self, experiment: str, kind: Kind, plan: TrainingPlan, roles: dict[str, Role]) -> Service:
        """Record a service and its endpoints; what is already there keeps its ids and keys."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO services VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET plan = excluded.plan",
                *(secrets.token_hex(16), experiment, kind, plan.to_json(), now),
            )
            query = "SELECT * FROM services WHERE experiment = ? AND kind = ?"
            service = _service(self._database.rows(query, experiment, kind)[0])
            for name, role in roles.items():
                self._database.execute(
                    "INSERT OR IGNORE INTO endpoints VALUES (?, ?, ?, ?, ?, ?, ?)",
                    *(secrets.token_hex(16), service.id, name, role, new_key(), new_key(), now),
                )
        self._load()
        return service


def _service_not_found() -> ServiceError:
    text = "Web service not found. Verify the web service Id is correct and try again."
    return ServiceError("NotFound", "WebServiceNotFound", text)


def _service(row: sqlite3.Row) -> Service:
    plan = TrainingPlan.of_json(row["plan"])
    return Service(row["id"], row["experiment"], Kind(row["kind"]), plan, row["created_at"])


def _endpoint(row: sqlite3.Row, service: Service) -> Endpoint:
    keys = (row["primary_key"], row["secondary_key"])
    return Endpoint(row["id"], service, row["name"], Role(row["role"]), *keys, row["created_at"])
