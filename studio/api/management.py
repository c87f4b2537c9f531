"""Endpoint management over HTTP: services, endpoints, their settings and their models (protocol 3)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.api.fetch_limits import FetchLimiter
from studio.api.protocol_errors import UNAUTHORIZED, protocol_error
from studio.api.request_threads import in_thread
from studio.jobs.job_runner import JobRunner
from studio.json_values import Json
from studio.responses import JsonResponse
from studio.storage.blob_locations import BlobAddress
from studio.wire.charsets import to_utf8
from studio.wire.request_codec import result_reference
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.endpoint_changes import EndpointChanges
from studio.workspace.errors import EndpointNotFoundError
from studio.workspace.keys import bearer_key, same_key
from studio.workspace.registry import Registry
from studio.workspace.services import DEFAULT_ENDPOINT, Endpoint, Service
from studio.workspace.update_resource import ModelUpdates
from studio.workspace.urls import Urls

# The original had a separate host for these. Clients that know one base URL find them beside the run side too.
SERVICES_PATHS = ("/management/workspaces/{workspace}/webservices", "/workspaces/{workspace}/webservices")


class Management:
    """The handlers of the management URLs; none of them takes an api-version (protocol 3.1)."""

    def __init__(
        self,
        registry: Registry,
        deployed: DeployedModels,
        *,
        changes: EndpointChanges,
        updates: ModelUpdates,
        runner: JobRunner,
        urls: Urls,
    ) -> None:
        self._registry = registry
        self._deployed = deployed
        self._changes = changes
        self._updates = updates
        self._runner = runner
        self._urls = urls
        self._fetches = FetchLimiter()

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [route for services in SERVICES_PATHS for route in self._routes_below(services)]

    def _routes_below(self, services: str) -> list[Route]:
        service = services + "/{service}"
        endpoint = service + "/endpoints/{name}"
        return [
            Route(services, self._list_services, methods=["GET"]),
            Route(service, self._get_service, methods=["GET"]),
            Route(service, self._delete_service, methods=["DELETE"]),
            Route(service + "/endpoints", self._list_endpoints, methods=["GET"]),
            Route(endpoint, self._get_endpoint, methods=["GET"]),
            Route(endpoint, self._put_endpoint, methods=["PUT"]),
            Route(endpoint, self._update_resource, methods=["PATCH"]),
            Route(endpoint, self._delete_endpoint, methods=["DELETE"]),
            Route(endpoint + "/refresh", self._refresh, methods=["POST"]),
        ]

    def _authorize(self, request: Request, endpoint: Endpoint | None = None) -> None:
        """Check that the request has the workspace's token or, for an endpoint, one of its keys."""
        header = request.headers.get("authorization")
        if same_key(bearer_key(header), self._registry.workspace_token) or (endpoint and endpoint.accepts(header)):
            return
        raise protocol_error(UNAUTHORIZED, "ManagementRequestUnauthorized", "Unauthorized")

    def _service(self, request: Request) -> Service:
        return self._registry.service(request.path_params["workspace"], request.path_params["service"])

    def _endpoint(self, request: Request) -> Endpoint:
        service = self._service(request)
        try:
            endpoint = self._registry.named_endpoint(service, request.path_params["name"])
        except EndpointNotFoundError:
            self._authorize(request)  # the error names the other endpoints, which are not for everybody
            raise
        self._authorize(request, endpoint)
        return endpoint

    def _own_service(self, request: Request) -> Service:
        """Return the service of a URL, after checking the workspace's token."""
        service = self._service(request)
        self._authorize(request)
        return service

    async def _list_services(self, request: Request) -> Response:
        self._registry.check_workspace(request.path_params["workspace"])
        self._authorize(request)
        return JsonResponse([self._service_body(service) for service in self._registry.services()])

    async def _get_service(self, request: Request) -> Response:
        return JsonResponse(self._service_body(self._own_service(request)))

    async def _delete_service(self, request: Request) -> Response:
        def delete() -> None:
            self._changes.delete_service(self._own_service(request))
            self._runner.stop_deleted()

        await in_thread(delete)
        return Response(status_code=204)

    async def _list_endpoints(self, request: Request) -> Response:
        endpoints = self._registry.endpoints(self._own_service(request))
        return JsonResponse([self._endpoint_body(endpoint) for endpoint in endpoints])

    async def _get_endpoint(self, request: Request) -> Response:
        return JsonResponse(self._endpoint_body(self._endpoint(request)))

    async def _put_endpoint(self, request: Request) -> Response:
        body = await request.body()

        def put() -> Json:
            endpoint = self._changes.put(
                self._own_service(request), request.path_params["name"], to_utf8(body, request.headers.raw)
            )
            return self._endpoint_body(endpoint)

        return JsonResponse(await in_thread(put))

    async def _delete_endpoint(self, request: Request) -> Response:
        def delete() -> None:
            self._changes.delete_endpoint(self._own_service(request), request.path_params["name"])
            self._runner.stop_deleted()

        await in_thread(delete)
        return Response(status_code=204)

    async def _update_resource(self, request: Request) -> Response:
        body = await request.body()

        def source() -> tuple[Endpoint, BlobAddress]:
            endpoint = self._endpoint(request)
            return endpoint, self._updates.source(endpoint, to_utf8(body, request.headers.raw))

        endpoint, address = await in_thread(source)
        with self._fetches.slot(endpoint.id, address.host):
            await in_thread(lambda: self._updates.update(endpoint, address), self._fetches.threads)
        return Response(status_code=200)

    async def _refresh(self, request: Request) -> Response:
        body = await request.body()
        changed = await in_thread(
            lambda: self._updates.refresh(self._endpoint(request), to_utf8(body, request.headers.raw))
        )
        return Response(status_code=200 if changed else 304)

    def _service_body(self, service: Service) -> Json:
        return {
            "Id": service.id,
            "Name": service.title,
            "Description": None,
            "CreationTime": service.created_at,
            "WorkspaceId": self._urls.workspace_id,
            "DefaultEndpointName": DEFAULT_ENDPOINT,
            "EndpointCount": len(self._registry.endpoints(service)),
        }

    def _endpoint_body(self, endpoint: Endpoint) -> Json:
        settings = endpoint.settings
        return {
            "Name": endpoint.name,
            "Description": settings.description,
            "CreationTime": endpoint.created_at,
            "WorkspaceId": self._urls.workspace_id,
            "WebServiceId": endpoint.service.id,
            "HelpLocation": self._urls.help(endpoint),
            "PrimaryKey": endpoint.primary_key,
            "SecondaryKey": endpoint.secondary_key,
            "ApiLocation": self._urls.api(endpoint),
            "PreventUpdate": endpoint.prevents_update,
            "MaxConcurrentCalls": settings.max_concurrent_calls,
            "DiagnosticsTraceLevel": "None",
            "ThrottleLevel": settings.throttle_level,
            "Version": None,
            "SampleDataEnabled": False,
            "ExperimentLocation": None,
            "Resources": self._resources(endpoint),
        }

    def _resources(self, endpoint: Endpoint) -> list[Json]:
        location = self._deployed.location(endpoint)
        if endpoint.service.resource is None or location is None:
            return []
        reference = result_reference(location.base_location, location.relative_location, None)
        del reference["ConnectionString"]
        return [{"Name": endpoint.service.resource, "Kind": "Trained model", "Location": reference}]
