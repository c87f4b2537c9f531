"""The help pages of each endpoint and its Swagger document: open to everybody, since they show nothing secret."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.api.auth import RUN_PREFIXES
from studio.api.management import SERVICES_PATHS
from studio.api.protocol_errors import translate
from studio.api.request_threads import in_thread
from studio.errors import RequestError
from studio.jobs.contract import INPUTS, OUTPUTS, job_outputs
from studio.json_values import Json
from studio.pages import help_parts
from studio.pages.code_samples import STORAGE_PLACEHOLDER, call_samples, job_samples
from studio.pages.error_help import JOBS, UPDATE
from studio.pages.help_parts import CONTENT_TYPE, errors, help_page, pretty, request, samples
from studio.pages.html import Markup, breakable, element, joined, link, page, table
from studio.pages.json_schemas import training_example
from studio.pages.scoring_page import ScoringPage
from studio.pages.swagger import scoring_document, training_document
from studio.responses import JsonResponse
from studio.wire.quirks import Quirks
from studio.wire.request_codec import result_reference
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.errors import EndpointNotFoundError
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind, Role
from studio.workspace.urls import Urls

_BASE = "/apihelp/workspaces/{workspace}/webservices/{service}/endpoints/{endpoint}"
# Clients look for the document below the run URL, the help page (as the R package does), or the management URL.
_DOCUMENTS = (
    *(f"/{prefix}/{{workspace}}/services/{{endpoint}}/swagger.json" for prefix in RUN_PREFIXES),
    f"{_BASE}/apidocument",
    *(f"{services}/{{service}}/endpoints/{{endpoint}}/apidocument" for services in SERVICES_PATHS),
)
_BASE_LOCATION = "https://YOUR-ACCOUNT.blob.core.windows.net/"
_NO_RESOURCES = (
    "Sorry, but this feature is not supported or available in this context."
    " This Web Service has no updatable resources. We apologize for the inconvenience and are working on improving"
    " this workflow."
)


class HelpPages:
    """The handlers of the help pages and of `swagger.json`."""

    def __init__(
        self, registry: Registry, deployed: DeployedModels, urls: Urls, quirks: Quirks, *, outputs_needed: bool
    ) -> None:
        """`outputs_needed`: a job must name a place for every output."""
        self._registry = registry
        self._deployed = deployed
        self._urls = urls
        self._quirks = quirks
        self._outputs_needed = outputs_needed
        self._scoring = ScoringPage(deployed, urls)

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [
            *(Route(path, self._swagger, methods=["GET"]) for path in _DOCUMENTS),
            Route(_BASE, self._page(self._main), methods=["GET"]),
            Route(_BASE + "/score", self._page(self._scoring.show), methods=["GET"]),
            Route(_BASE + "/score", self._submit_row, methods=["POST"]),
            Route(_BASE + "/jobs", self._page(self._jobs), methods=["GET"]),
            Route(_BASE + "/update", self._page(self._update), methods=["GET"]),
        ]

    def _endpoint(self, request: Request) -> Endpoint:
        places = request.path_params
        endpoint = self._registry.endpoint(places["workspace"], places["endpoint"])
        if places.get("service", endpoint.service.id) != endpoint.service.id:
            raise EndpointNotFoundError("This web service has no such endpoint.")
        return endpoint

    def _swagger(self, request: Request) -> Response:
        endpoint = self._endpoint(request)
        if endpoint.service.kind is Kind.TRAINING:
            needed = self._outputs_needed
            return JsonResponse(training_document(endpoint, self._urls, self._quirks, outputs_needed=needed))
        return JsonResponse(scoring_document(endpoint, self._urls, self._deployed.scorer(endpoint)))

    def _page(self, show: Callable[[Endpoint], Response]) -> Callable[[Request], Response]:
        return lambda request: self._shown(request, show)

    async def _submit_row(self, request: Request) -> Response:
        form = await request.body()
        return await in_thread(lambda: self._shown(request, lambda endpoint: self._scoring.submit(endpoint, form)))

    def _shown(self, request: Request, show: Callable[[Endpoint], Response]) -> Response:
        """Return the page of the request's endpoint, or a page with the error."""
        try:
            return show(self._endpoint(request))
        except RequestError as error:
            refusal = translate(error)
            back = [link(f"{self._urls.base_url}/", "Overview")]
            return page(HTTPStatus(refusal.status).phrase, back, element("p", str(refusal)), status=refusal.status)

    def _main(self, endpoint: Endpoint) -> Response:
        base, plan = self._urls.help(endpoint), endpoint.service.plan
        swagger = link(help_parts.swagger_url(endpoint, self._urls), "swagger.json")
        if endpoint.service.kind is Kind.TRAINING:
            purpose = joined("Trains models that predict ", element("b", plan.label), f" ({plan.task}).")
            pages = [[link(f"{base}/jobs", "Batch execution"), "Submit, start, watch and cancel jobs that train."]]
            columns: list[Markup] = []
        else:
            scorer = self._deployed.scorer(endpoint)
            purpose = joined("Predicts ", element("b", scorer.model.label), f" ({scorer.model.task}).")
            pages = [
                [link(f"{base}/score", "Request-response"), "Score rows; sample code, and a form to try it."],
            ]
            if not endpoint.prevents_update:
                update = link(f"{base}/update", "Update resource")
                pages.append([update, "Give the endpoint a newly trained model."])
            columns = [
                element("h2", "Columns"),
                help_parts.column_table(scorer.model),
                element("h2", "What is predicted"),
                help_parts.answer_table(scorer),
            ]
        pages.append([swagger, "The same for programs: a Swagger 2.0 document."])
        body = [
            element("p", purpose),
            help_parts.identity(endpoint, self._urls),
            table(["page", "what for"], pages),
            *columns,
        ]
        return help_page(endpoint, self._urls, "API help", body)

    def _jobs(self, endpoint: Endpoint) -> Response:
        service, jobs = endpoint.service, f"{self._urls.api(endpoint)}/jobs"
        if service.kind is not Kind.TRAINING:
            score = link(f"{self._urls.help(endpoint)}/score", "request-response")
            text = element("p", joined("This service only scores, by ", score, "."))
            return help_page(endpoint, self._urls, "jobs", [text])
        example = training_example(service.plan, self._quirks, STORAGE_PLACEHOLDER)
        version = "?api-version=2.0"
        states = "NotStarted, Running, Failed, Cancelled, Finished"
        body = [
            _operations(jobs, version),
            element("p", "A submitted job waits until it is started; a job that nobody starts is forgotten."),
            element("h2", "Submit"),
            request("POST", f"{jobs}{version}", CONTENT_TYPE, body=example),
            self._blobs(),
            element("h2", "Parameters"),
            help_parts.parameter_table(service.plan.parameters),
            element("h2", "Status"),
            request("GET", f"{jobs}/{{jobId}}{version}"),
            element("h3", "Answer, 200"),
            element("pre", pretty(_finished())),
            element("p", f"StatusCode is one of {states}. Results is null until the job is Finished."),
            element("p", "The link to a result is its BaseLocation, RelativeLocation and SasBlobToken put together."),
            errors(JOBS),
            samples(job_samples(jobs, example)),
        ]
        return help_page(endpoint, self._urls, "batch execution", body)

    def _blobs(self) -> Markup:
        """Return the table of the blobs that a job reads and writes."""
        model, evaluation = job_outputs(self._quirks)
        blobs = [
            [", ".join(INPUTS), "the CSV to train on, with a header row", ".csv"],
            [model, "the trained model", ".ilearner"],
            [evaluation, "its metrics on rows that were held back", ".csv"],
        ]
        return table(["name", "what it is", "extension"], blobs)

    def _update(self, endpoint: Endpoint) -> Response:
        resource = endpoint.service.resource
        if resource is None or endpoint.prevents_update:
            return help_page(endpoint, self._urls, "update resource", _no_update(endpoint))
        location = {
            "BaseLocation": _BASE_LOCATION,
            "RelativeLocation": "YOUR-CONTAINER/model.ilearner",
            "SasBlobToken": "YOUR-SAS-TOKEN",
        }
        example: Json = {"Resources": [{"Name": resource, "Location": location}]}
        url = self._urls.patch(endpoint)
        body = [
            element("h2", "Updatable resources"),
            table(["name", "kind"], [[element("b", resource), "Trained model"]]),
            element(
                "p", "The location is that of a finished job's model: its three parts, as the job's status has them."
            ),
            element("h2", "Request"),
            request("PATCH", url, CONTENT_TYPE, body=example),
            element(
                "p", "The answer is 200 without a body. The model is copied, and serves after the activation delay."
            ),
            errors(UPDATE),
            samples(call_samples("PATCH", url, example)),
        ]
        return help_page(endpoint, self._urls, "update resource", body)


def _operations(jobs: str, version: str) -> Markup:
    operations = [
        ["submit", "POST", breakable(f"{jobs}{version}"), "200, the job's id as a JSON string"],
        ["start", "POST", breakable(f"{jobs}/{{jobId}}/start{version}"), "204"],
        ["status and results", "GET", breakable(f"{jobs}/{{jobId}}{version}"), "200, see below"],
        ["cancel", "DELETE", breakable(f"{jobs}/{{jobId}}{version}"), "204"],
    ]
    return table(["operation", "method", "URL", "answer"], operations)


def _no_update(endpoint: Endpoint) -> list[Markup]:
    """Return why an endpoint cannot be updated."""
    if endpoint.service.resource is None:
        return [element("p", _NO_RESOURCES)]
    why = "Its settings prevent updates."
    if endpoint.role is Role.DEFAULT:
        why = "The default endpoint stays in sync with its experiment; an added one can be updated."
    return [element("p", _NO_RESOURCES), element("p", why)]


def _finished() -> Json:
    result = result_reference(_BASE_LOCATION, "YOUR-CONTAINER/…", "?sv=…&sr=b&sig=…&se=…&sp=r")
    return {"StatusCode": "Finished", "Results": dict.fromkeys(OUTPUTS, result), "Details": None}
