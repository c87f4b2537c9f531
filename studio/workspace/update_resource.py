"""Updates the models of endpoints: by PATCH from a location, by refresh from the default endpoint (protocol 3)."""

from collections.abc import Collection

from studio.errors import ModelFileError
from studio.limits import MAX_FILE_BYTES
from studio.models.model import Model
from studio.models.model_file import load_model
from studio.scoring.model_compatibility import incompatibilities
from studio.storage.blob_locations import BlobAddress, HostAllowList, resolve
from studio.storage.blobs import BlobStorage
from studio.wire.request_codec import MODEL_EXTENSIONS, ModelUpdate, check_extension, read_model_update
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.deployment_records import Location
from studio.workspace.endpoint_settings import read_overwrite
from studio.workspace.errors import (
    EndpointNotUpdatableError,
    IncompatibleModelError,
    InvalidModelError,
    ModelUnavailableError,
    UnknownResourceError,
    broken_rule,
)
from studio.workspace.registry import Registry
from studio.workspace.services import DEFAULT_ENDPOINT, Endpoint, Role


class ModelUpdates:
    """Checks models and deploys them to endpoints, where they serve after the activation delay."""

    def __init__(
        self,
        registry: Registry,
        deployed: DeployedModels,
        allowed: HostAllowList,
        storage: BlobStorage,
        *,
        activation_delay_s: float,
        ignored_endpoints: Collection[str],
    ) -> None:
        """A PATCH of one of the `ignored_endpoints` is answered and changes nothing."""
        self._registry = registry
        self._deployed = deployed
        self._allowed = allowed
        self._storage = storage
        self._activation_delay_s = activation_delay_s
        self._ignored_endpoints = frozenset(ignored_endpoints)

    def refresh(self, endpoint: Endpoint, body: bytes) -> bool:
        """Deploy the default endpoint's model to an endpoint; False if nothing changes.

        Without OverwriteResources the endpoint keeps its model, and nothing else of an endpoint depends on the
        experiment. Unlike a PATCH, a refresh may change the columns: its caller wants what was published.

        Raises:
            EndpointNotUpdatableError: the endpoint cannot be updated.
            InvalidBodyError: the body is wrong.
            SettingTypeError: OverwriteResources is neither a boolean nor its name.
            ModelUnavailableError: the default endpoint's model cannot be read back.
        """
        _updatable_resource(endpoint)
        if not read_overwrite(body):
            return False
        default = self._registry.named_endpoint(endpoint.service, DEFAULT_ENDPOINT)
        return self._deployed.copy_from(endpoint, default, self._activation_delay_s)

    def source(self, endpoint: Endpoint, body: bytes) -> BlobAddress:
        """Return the location of the model that the body of an UpdateResource names (protocol 3.3).

        Raises:
            EndpointNotUpdatableError: the endpoint cannot be updated.
            InvalidBodyError: the body is wrong.
            UnknownResourceError: it names another resource than the endpoint's.
            BlobExtensionError: the location's name does not end as a model's.
            StorageError: the location is not allowed.
        """
        return resolve(self._checked_update(endpoint, body).location, self._allowed)

    def update(self, endpoint: Endpoint, address: BlobAddress) -> None:
        """Fetch a model and deploy it to an endpoint.

        Raises:
            InvalidModelError: the blob is no sound model.
            IncompatibleModelError: the model does not fit the endpoint.
            ServiceNotFoundError: the endpoint was deleted meanwhile.
            StorageError: the model cannot be fetched.
        """
        data = self._storage.fetch(address, MAX_FILE_BYTES)
        try:
            model = load_model(data)
        except ModelFileError as error:
            text = f"Invalid blob specification for blob: {address.path}. {error}."
            raise InvalidModelError(text) from error
        self._check_fit(endpoint, model)
        if endpoint.name not in self._ignored_endpoints:
            location = Location(address.base_location, address.relative_location)
            self._deployed.deploy(endpoint, data, location, self._activation_delay_s, model)

    def _checked_update(self, endpoint: Endpoint, body: bytes) -> ModelUpdate:
        resource = _updatable_resource(endpoint)
        updates = read_model_update(body)
        unknown = sorted({update.resource for update in updates} - {resource})
        if unknown or len(updates) > 1:
            named = ", ".join(map(repr, unknown)) or "one twice"
            text = broken_rule("Resources", named)
            raise UnknownResourceError(f"{text} This endpoint has one resource: {resource!r}.")
        check_extension(updates[0].location, MODEL_EXTENSIONS, "resource")
        return updates[0]

    def _check_fit(self, endpoint: Endpoint, model: Model) -> None:
        """Refuse a model under which requests would fail that the present model answers."""
        try:
            served = self._deployed.scorer(endpoint).model
        except ModelUnavailableError:
            return  # the present model is damaged; any sound model is better
        problems = incompatibilities(served, model)
        if problems:
            text = f"The model does not fit the endpoint {endpoint.name!r}: {'; '.join(problems)}."
            raise IncompatibleModelError(text)


def _updatable_resource(endpoint: Endpoint) -> str:
    """Return the name of the endpoint's model.

    Raises:
        EndpointNotUpdatableError: the model may not be replaced.
    """
    resource = endpoint.service.resource
    if resource is None:
        raise EndpointNotUpdatableError(
            "Sorry, but this feature is not supported or available in this context."
            f" This Web Service has no updatable resources: {endpoint.service.title!r} trains;"
            " update an endpoint of its predictive service.",
        )
    if endpoint.role is Role.DEFAULT:
        raise EndpointNotUpdatableError(
            "The default endpoint is not updatable: it stays in sync with the experiment. Update an added endpoint.",
        )
    if endpoint.prevents_update:
        text = f"Endpoint {endpoint.name!r} is not updatable: its PreventUpdate is true."
        raise EndpointNotUpdatableError(text)
    return resource
