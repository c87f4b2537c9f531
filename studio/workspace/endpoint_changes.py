"""Adds, changes and deletes endpoints and services, with their models and jobs."""

from dataclasses import astuple

from studio.workspace.database import Database
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.endpoint_settings import EndpointSettings, read_settings
from studio.workspace.errors import DefaultEndpointInUseError
from studio.workspace.keys import KeySlot, new_key
from studio.workspace.publishing import seed_model_path
from studio.workspace.registry import Registry
from studio.workspace.services import DEFAULT_ENDPOINT, Endpoint, Kind, Role, Service

_ROTATIONS = {
    KeySlot.PRIMARY: "UPDATE endpoints SET primary_key = ? WHERE id = ?",
    KeySlot.SECONDARY: "UPDATE endpoints SET secondary_key = ? WHERE id = ?",
}


class EndpointChanges:
    """The changes that the owner of the workspace may make; each is one transaction."""

    def __init__(self, database: Database, registry: Registry, deployed: DeployedModels) -> None:
        self._database = database
        self._registry = registry
        self._deployed = deployed

    def put(self, service: Service, name: str, body: bytes) -> Endpoint:
        """Add the endpoint of that name, or change its settings, as the body of AddEndpoint says (protocol 3.2).

        A new endpoint of a predictive service begins with the model that the default endpoint serves.

        Raises:
            InvalidBodyError: the body is no JSON object.
            SettingsError: names every problem of the name and the settings.
            ServiceNotFoundError: the service was deleted meanwhile.
        """
        with self._database.transaction():
            endpoints = {endpoint.name: endpoint for endpoint in self._registry.endpoints(service)}
            endpoint = endpoints.get(name)
            settings = read_settings(
                body,
                endpoint.settings if endpoint else EndpointSettings(),
                service_id=service.id,
                name=name,
                follows_experiment=endpoint is not None and endpoint.role is Role.DEFAULT,
            )
            if endpoint is not None:
                self._database.execute(
                    # The columns are in the order of EndpointSettings.
                    "UPDATE endpoints SET (description, throttle_level, max_concurrent_calls, prevent_update)"
                    " = (?, ?, ?, ?) WHERE id = ?",
                    *astuple(settings),
                    endpoint.id,
                )
            else:
                endpoint_id = self._registry.add_endpoint(service, name, Role.SERVE, settings)
                if service.kind is Kind.PREDICTIVE:
                    self._deployed.inherit(endpoint_id, endpoints[DEFAULT_ENDPOINT])
            self._database.bump_catalogue_version()
        return self._registry.named_endpoint(service, name)

    def delete_endpoint(self, service: Service, name: str) -> None:
        """Delete an endpoint with its jobs and models. With its last endpoint, a service is deleted as well.

        Raises:
            EndpointNotFoundError: no endpoint of the service has this name.
            DefaultEndpointInUseError: it is the default endpoint, and there are others (protocol 3.2).
        """
        with self._database.transaction():
            endpoint = self._registry.named_endpoint(service, name)
            others = [each.name for each in self._registry.endpoints(service) if each.id != endpoint.id]
            if endpoint.role is Role.DEFAULT and others:
                text = (
                    "As you have added additional endpoints to the web service, you cannot delete the default endpoint."
                )
                text = f"{text} Delete the others first: {', '.join(others)}; or delete the service."
                raise DefaultEndpointInUseError(text)
            if others:
                self._database.execute("DELETE FROM endpoints WHERE id = ?", endpoint.id)
                self._database.bump_catalogue_version()
            else:
                self._delete_rows(service)
        self._clean_up(service, is_gone=not others)

    def delete_service(self, service: Service) -> None:
        """Delete a service with its endpoints; the experiment's other service stays as it is.

        Publishing the experiment again creates the missing service, with new ids and keys.
        """
        with self._database.transaction():
            self._delete_rows(service)
        self._clean_up(service, is_gone=True)

    def _delete_rows(self, service: Service) -> None:
        self._database.execute("DELETE FROM services WHERE id = ?", service.id)
        self._database.bump_catalogue_version()

    def _clean_up(self, service: Service, *, is_gone: bool) -> None:
        """Remove the unused files, and the credentials of the deleted jobs from the write-ahead log."""
        if is_gone and service.kind is Kind.PREDICTIVE:
            seed_model_path(self._database, service).unlink(missing_ok=True)
        self._deployed.remove_unused_files()
        self._database.truncate_wal()

    def rotate_key(self, endpoint: Endpoint, slot: KeySlot) -> None:
        """Replace one of an endpoint's two keys; the old key is refused from then on."""
        with self._database.transaction():
            self._database.execute(_ROTATIONS[slot], new_key(), endpoint.id)
            self._database.bump_catalogue_version()
        self._database.truncate_wal()

    def rotate_workspace_token(self) -> None:
        """Replace the workspace's token; the old token is refused from then on."""
        with self._database.transaction():
            self._database.execute("UPDATE meta SET value = ? WHERE name = 'workspace_token'", new_key())
            self._database.bump_catalogue_version()
        self._database.truncate_wal()
