"""The published services and their endpoints, found by the ids and names that stand in URLs."""

import re
import secrets
import sqlite3
from dataclasses import astuple, dataclass

from studio.json_values import timestamp
from studio.training.training_plan import TrainingPlan
from studio.workspace.database import CATALOGUE_VERSION_QUERY, Database, other_version
from studio.workspace.endpoint_settings import EndpointSettings
from studio.workspace.errors import EndpointNotFoundError, ServiceIdError, ServiceNotFoundError, WorkspaceNotFoundError
from studio.workspace.keys import bearer_key, key_digest, new_key
from studio.workspace.services import Endpoint, Kind, Role, Service

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class _Catalogue:
    """All services and endpoints as they were in one version of the catalogue."""

    version: str
    workspace_token: str
    services: dict[str, Service]
    endpoints: dict[str, Endpoint]
    key_digests: frozenset[bytes]  # of all keys, and of the token


class Registry:
    """Services and endpoints. They are kept in memory, and read again when any process has changed one."""

    def __init__(self, database: Database) -> None:
        """Read the services that a database holds.

        Raises:
            SetupError: another version of the studio wrote the database.
        """
        self._database = database
        self._catalogue = self._read()

    def _read(self) -> _Catalogue:
        version, token, service_rows, endpoint_rows = self._database.snapshot(
            CATALOGUE_VERSION_QUERY,
            "SELECT value FROM meta WHERE name = 'workspace_token'",
            "SELECT * FROM services ORDER BY created_at, rowid",
            "SELECT * FROM endpoints ORDER BY created_at, name",
        )
        try:
            services = {row["id"]: Service.of_row(row) for row in service_rows}
        except ValueError as error:
            raise other_version(self._database.folder) from error
        endpoints = {row["id"]: Endpoint.of_row(row, services[row["service_id"]]) for row in endpoint_rows}
        keys = [token[0]["value"]]
        for endpoint in endpoints.values():
            keys += endpoint.primary_key, endpoint.secondary_key
        digests = frozenset(map(key_digest, keys))
        return _Catalogue(version[0]["value"], token[0]["value"], services, endpoints, digests)

    def _current(self) -> _Catalogue:
        # The catalogue is replaced, never changed: several threads may read it again at the same time.
        catalogue = self._catalogue
        if catalogue.version != self._database.catalogue_version():
            catalogue = self._catalogue = self._read()
        return catalogue

    @property
    def catalogue_version(self) -> str:
        """The version of the catalogue that the last lookup read."""
        return self._catalogue.version

    @property
    def workspace_token(self) -> str:
        """The key of the management API."""
        return self._current().workspace_token

    def knows_key(self, authorization: str | None) -> bool:
        """Tell whether an Authorization header carries the workspace's token or a key of any endpoint."""
        return key_digest(bearer_key(authorization)) in self._current().key_digests

    @property
    def workspace_id(self) -> str:
        """The id of the one workspace; the later kind of URL calls it a subscription (protocol 1.1)."""
        return self._database.workspace_id

    def services(self) -> list[Service]:
        """Return all services."""
        return list(self._current().services.values())

    def endpoints(self, service: Service) -> list[Endpoint]:
        """Return a service's endpoints."""
        return [endpoint for endpoint in self._current().endpoints.values() if endpoint.service.id == service.id]

    def all_endpoints(self) -> list[Endpoint]:
        """Return the endpoints of all services, service by service."""
        return [endpoint for service in self.services() for endpoint in self.endpoints(service)]

    def endpoint(self, workspace_id: str, endpoint_id: str) -> Endpoint:
        """Find the endpoint of a run URL, whose id is the endpoint's and not the service's (protocol, surprise 2).

        Raises:
            WorkspaceNotFoundError: the URL names another workspace.
            ServiceNotFoundError: there is no endpoint of this id.
        """
        self.check_workspace(workspace_id)
        return self.endpoint_by_id(endpoint_id)

    def endpoint_by_id(self, endpoint_id: str) -> Endpoint:
        """Find an endpoint.

        Raises:
            ServiceNotFoundError: no endpoint has this id.
        """
        endpoint = self._current().endpoints.get(endpoint_id)
        if endpoint is None:
            raise ServiceNotFoundError
        return endpoint

    def service(self, workspace_id: str, service_id: str) -> Service:
        """Find the service of a management URL.

        Raises:
            WorkspaceNotFoundError: the URL names another workspace.
            ServiceIdError: the id is malformed.
            ServiceNotFoundError: there is no service of this id.
        """
        self.check_workspace(workspace_id)
        if not _ID.fullmatch(service_id):
            text = f"Invalid web service id provided: {service_id!r} is not a guid of 32 hexadecimal digits."
            raise ServiceIdError(text)
        service = self._current().services.get(service_id)
        if service is None:
            raise ServiceNotFoundError
        return service

    def named_endpoint(self, service: Service, name: str) -> Endpoint:
        """Find an endpoint of a service by its name.

        Raises:
            EndpointNotFoundError: no endpoint of the service has this name.
        """
        endpoints = {endpoint.name: endpoint for endpoint in self.endpoints(service)}
        if name not in endpoints:
            text = f"There is no endpoint {name!r}; there are: {', '.join(endpoints)}."
            raise EndpointNotFoundError(text)
        return endpoints[name]

    def check_workspace(self, workspace_id: str) -> None:
        """Check that a URL names this workspace.

        Raises:
            WorkspaceNotFoundError: it names another.
        """
        if workspace_id != self._database.workspace_id:
            raise WorkspaceNotFoundError

    def publish(self, experiment: str, kind: Kind, plan: TrainingPlan, roles: dict[str, Role]) -> Service:
        """Record a service with its endpoints, or a new plan for an existing service.

        An existing service keeps its ids, keys and endpoints: added ones stay, deleted ones stay deleted.
        """
        query = "SELECT * FROM services WHERE experiment = ? AND kind = ?"
        with self._database.transaction():
            is_new = not self._database.rows(query, experiment, kind)
            self._database.execute(
                "INSERT INTO services VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (experiment, kind) DO UPDATE SET plan = excluded.plan",
                secrets.token_hex(16),
                experiment,
                kind,
                plan.to_json(),
                timestamp(),
            )
            service = Service.of_row(self._database.rows(query, experiment, kind)[0])
            for name, role in roles.items() if is_new else ():
                self.add_endpoint(service, name, role, EndpointSettings())
            self._database.bump_catalogue_version()
        return service

    def add_endpoint(self, service: Service, name: str, role: Role, settings: EndpointSettings) -> str:
        """Record a new endpoint, with new keys; returns its id.

        Raises:
            ServiceNotFoundError: the service was deleted meanwhile.
        """
        endpoint_id = secrets.token_hex(16)
        try:
            with self._database.transaction():
                self._database.execute(
                    # The last four columns are in the order of EndpointSettings.
                    "INSERT INTO endpoints (id, service_id, name, role, primary_key, secondary_key, created_at,"
                    " description, throttle_level, max_concurrent_calls, prevent_update)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    endpoint_id,
                    service.id,
                    name,
                    role,
                    new_key(),
                    new_key(),
                    timestamp(),
                    *astuple(settings),
                )
                self._database.bump_catalogue_version()
        except sqlite3.IntegrityError as error:
            raise ServiceNotFoundError from error
        return endpoint_id
