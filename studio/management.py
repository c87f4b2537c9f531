"""Endpoint management over HTTP: services, endpoints and UpdateResource (protocol 3)."""

from collections.abc import Collection

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from studio import storage
from studio.errors import ModelFileError, ServiceError, bad_argument, invalid_operation
from studio.json_values import Json
from studio.locations import AllowList, resolve
from studio.model import Model
from studio.model_file import FILE_LIMIT, load_model
from studio.registry import DEFAULT_ENDPOINT, Endpoint, Registry, Role, Service, bearer_key, same_key
from studio.serving import Location, ModelShelf
from studio.wire import MODEL_EXTENSIONS, ModelUpdate, check_extension, read_model_update, result_reference

SERVICES_PATH = "/management/workspaces/{workspace}/webservices"


class Management:
    """The handlers of the management URLs; none of them takes an api-version (protocol 3.1)."""

    def __init__(
        self,
        registry: Registry,
        shelf: ModelShelf,
        allowed: AllowList,
        *,
        workspace: tuple[str, str],
        base_url: str,
        activation_delay_s: float,
        ignored_endpoints: Collection[str],
    ) -> None:
        """Take the workspace as (id, token); PATCHes of `ignored_endpoints` are answered and change nothing."""
        self._registry = registry
        self._shelf = shelf
        self._allowed = allowed
        self._workspace_id, self._workspace_token = workspace
        self._base_url = base_url
        self._activation_delay_s = activation_delay_s
        self._ignored_endpoints = frozenset(ignored_endpoints)

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        service = SERVICES_PATH + "/{service}"
        endpoint = service + "/endpoints/{name}"
        return [
            Route(SERVICES_PATH, self._list_services, methods=["GET"]),
            Route(service, self._get_service, methods=["GET"]),
            Route(service + "/endpoints", self._list_endpoints, methods=["GET"]),
            Route(endpoint, self._get_endpoint, methods=["GET"]),
            Route(endpoint, self._update_resource, methods=["PATCH"]),
        ]

    def _admit(self, request: Request, endpoint: Endpoint | None = None) -> None:
        """Let the workspace's token pass, and for one endpoint also its own keys."""
        header = request.headers.get("authorization")
        if same_key(bearer_key(header), self._workspace_token) or (endpoint and endpoint.admits(header)):
            return
        raise ServiceError("Unauthorized", "ManagementRequestUnauthorized", "Unauthorized")

    def _service(self, request: Request) -> Service:
        return self._registry.service(request.path_params["workspace"], request.path_params["service"])

    def _endpoint(self, request: Request) -> Endpoint:
        endpoint = self._registry.named_endpoint(self._service(request), request.path_params["name"])
        self._admit(request, endpoint)
        return endpoint

    async def _list_services(self, request: Request) -> Response:
        self._registry.check_workspace(request.path_params["workspace"])
        self._admit(request)
        services = await run_in_threadpool(self._registry.services)
        return JSONResponse([self._service_body(service) for service in services])

    async def _get_service(self, request: Request) -> Response:
        service = self._service(request)
        self._admit(request)
        return JSONResponse(self._service_body(service))

    async def _list_endpoints(self, request: Request) -> Response:
        service = self._service(request)
        self._admit(request)
        endpoints = self._registry.endpoints(service)
        return JSONResponse([self._endpoint_body(endpoint) for endpoint in endpoints])

    async def _get_endpoint(self, request: Request) -> Response:
        return JSONResponse(self._endpoint_body(self._endpoint(request)))

    def _service_body(self, service: Service) -> Json:
        return {
            "Id": service.id,
            "Name": service.title,
            "Description": None,
            "CreationTime": service.created_at,
            "WorkspaceId": self._workspace_id,
            "DefaultEndpointName": DEFAULT_ENDPOINT,
            "EndpointCount": len(self._registry.endpoints(service)),
        }

    def _endpoint_body(self, endpoint: Endpoint) -> Json:
        service, workspace = endpoint.service, f"workspaces/{self._workspace_id}"
        return {
            "Name": endpoint.name,
            "Description": f"{service.title}, {endpoint.role}",
            "CreationTime": endpoint.created_at,
            "WorkspaceId": self._workspace_id,
            "WebServiceId": service.id,
            "HelpLocation": f"{self._base_url}/apihelp/{workspace}/webservices/{service.id}/endpoints/{endpoint.id}",
            "PrimaryKey": endpoint.primary_key,
            "SecondaryKey": endpoint.secondary_key,
            "ApiLocation": f"{self._base_url}/{workspace}/services/{endpoint.id}",
            "PreventUpdate": endpoint.role is Role.DEFAULT,
            "MaxConcurrentCalls": None,
            "DiagnosticsTraceLevel": "None",
            "ThrottleLevel": "Low",
            "Version": None,
            "SampleDataEnabled": False,
            "ExperimentLocation": None,
            "Resources": self._resources(endpoint),
        }

    def _resources(self, endpoint: Endpoint) -> list[Json]:
        location = self._shelf.location(endpoint)
        if endpoint.service.resource is None or location is None:
            return []
        reference = result_reference(location.base_location, location.relative_location, None)
        del reference["ConnectionString"]
        return [{"Name": endpoint.service.resource, "Kind": "Trained model", "Location": reference}]

    async def _update_resource(self, request: Request) -> Response:
        body = await request.body()
        await run_in_threadpool(lambda: self._update(self._endpoint(request), body))
        return Response(status_code=200)

    def _update(self, endpoint: Endpoint, body: bytes) -> None:
        update = self._checked_update(endpoint, body)
        address = resolve(update.location, self._allowed)
        data = storage.fetch(address, FILE_LIMIT)
        try:
            model = load_model(data)
        except ModelFileError as error:
            text = f"Invalid blob specification for blob: {address.relative_location}. {error}."
            raise bad_argument("InvalidBlob", text) from error
        self._check_fit(endpoint, model)
        if endpoint.name not in self._ignored_endpoints:
            location = Location(address.base_location, address.relative_location)
            self._shelf.give(endpoint, data, location, self._activation_delay_s)

    def _checked_update(self, endpoint: Endpoint, body: bytes) -> ModelUpdate:
        resource = endpoint.service.resource
        if resource is None:
            raise invalid_operation(
                "UnsupportedOperation",
                "Sorry, but this feature is not supported or available in this context."
                f" This Web Service has no updatable resources: {endpoint.service.title!r} trains;"
                " update an endpoint of its predictive service.",
            )
        if endpoint.role is Role.DEFAULT:
            raise invalid_operation(
                "UnsupportedOperation",
                "The default endpoint is not updatable: it stays in sync with the experiment."
                " Update an added endpoint.",
            )
        updates = read_model_update(body)
        unknown = sorted({update.resource for update in updates} - {resource})
        if unknown or len(updates) > 1:
            named = ", ".join(map(repr, unknown)) or "one twice"
            text = (
                f"The parameter value supplied does not satisfy the parameter rule on the parameter Resources: {named}."
            )
            raise bad_argument("BadParameterValue", f"{text} This endpoint has one resource: {resource!r}.")
        check_extension(updates[0].location, MODEL_EXTENSIONS)
        return updates[0]

    def _check_fit(self, endpoint: Endpoint, model: Model) -> None:
        """Refuse a model with other columns: every caller's request would fail from then on."""
        try:
            served = self._shelf.scorer(endpoint).model
        except ServiceError:
            return  # the endpoint's model is damaged; any sound one is better
        ours, theirs = ({column.name for column in one.columns} for one in (served, model))
        problems = []
        if model.label != served.label:
            problems.append(f"it predicts {model.label!r}, not {served.label!r}")
        if ours != theirs:
            problems.append(f"missing columns: {sorted(ours - theirs)}; other columns: {sorted(theirs - ours)}")
        if problems:
            text = f"The model does not fit the endpoint {endpoint.name!r}: {'; '.join(problems)}."
            raise invalid_operation("IncompatibleModel", text)
