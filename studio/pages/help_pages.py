"""The help pages of each endpoint and its Swagger document: open to everybody, since they show nothing secret."""

import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.api.auth import RUN_PREFIXES, admit
from studio.api.management import SERVICES_PATHS
from studio.api.protocol_errors import ProtocolError, translate
from studio.api.request_threads import in_thread
from studio.errors import RequestError
from studio.jobs.contract import INPUTS, OUTPUTS, job_outputs
from studio.json_values import Json
from studio.pages import help_parts
from studio.pages.code_samples import STORAGE_PLACEHOLDER, call_samples, job_samples
from studio.pages.error_help import JOBS, SCORING, UPDATE
from studio.pages.help_parts import FIELD, KEY_FIELD, errors, pretty, request, samples
from studio.pages.html import breakable, element, joined, link, page, table
from studio.pages.json_schemas import scoring_example, training_example
from studio.pages.sample_row import sample_row
from studio.pages.swagger import scoring_document, training_document
from studio.responses import JSON_TYPE, JsonResponse
from studio.scoring.request_columns import added_columns
from studio.scoring.scorer import Scorer
from studio.wire.errors import InvalidBodyError
from studio.wire.quirks import Quirks
from studio.wire.scoring_codec import INPUT, OUTPUT, scoring_response
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
_FORM_LIMIT = 2**20  # bytes of a form's body
_CONTENT = f"Content-Type: {JSON_TYPE}"
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
        """Take whether jobs must name a place for every output."""
        self._registry = registry
        self._deployed = deployed
        self._urls = urls
        self._quirks = quirks
        self._outputs_needed = outputs_needed

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [
            *(Route(path, self._swagger, methods=["GET"]) for path in _DOCUMENTS),
            Route(_BASE, self._page(self._main), methods=["GET"]),
            Route(_BASE + "/score", self._page(self._score), methods=["GET"]),
            Route(_BASE + "/score", self._try, methods=["POST"]),
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
        def handle(request: Request) -> Response:
            try:
                return show(self._endpoint(request))
            except RequestError as error:
                return self._failure(translate(error))

        return handle

    def _failure(self, error: ProtocolError) -> Response:
        back = [link(f"{self._urls.base_url}/", "Overview")]
        return page(HTTPStatus(error.status).phrase, back, element("p", str(error)), status=error.status)

    def _titled(self, endpoint: Endpoint, what: str, *body: str, status: int = 200) -> Response:
        title = f"{endpoint.service.title}: {what}"
        return page(title, help_parts.navigation(endpoint, self._urls), *body, status=status)

    def _main(self, endpoint: Endpoint) -> Response:
        base, plan = self._urls.help(endpoint), endpoint.service.plan
        swagger = link(help_parts.swagger_url(endpoint, self._urls), "swagger.json")
        if endpoint.service.kind is Kind.TRAINING:
            does = joined("Trains models that predict ", element("b", plan.label), f" ({plan.task}).")
            pages = [[link(f"{base}/jobs", "Batch execution"), "Submit, start, watch and cancel jobs that train."]]
            columns: list[str] = []
        else:
            scorer = self._deployed.scorer(endpoint)
            does = joined("Predicts ", element("b", scorer.model.label), f" ({scorer.model.task}).")
            pages = [
                [link(f"{base}/score", "Request-response"), "Score rows; sample code, and a form to try it."],
            ]
            if not endpoint.prevents_update:
                update = link(f"{base}/update", "Update resource")
                pages.append([update, "Give the endpoint a newly trained model."])
            columns = [element("h2", "Columns"), help_parts.column_table(scorer.model)]
            columns += [element("h2", "What is predicted"), help_parts.answer_table(scorer)]
        pages.append([swagger, "The same for programs: a Swagger 2.0 document."])
        return self._titled(
            *(endpoint, "API help", element("p", does), help_parts.identity(endpoint, self._urls)),
            *(table(["page", "what for"], pages), *columns),
        )

    def _score(self, endpoint: Endpoint) -> Response:
        if endpoint.service.kind is Kind.TRAINING:
            jobs = link(f"{self._urls.help(endpoint)}/jobs", "batch jobs")
            text = joined("This service only trains, by ", jobs, "; its predictive service scores.")
            return self._titled(endpoint, "request-response", element("p", text))
        scorer = self._deployed.scorer(endpoint)
        return self._score_page(endpoint, scorer, sample_row(scorer.model))

    def _score_page(
        self, endpoint: Endpoint, scorer: Scorer, cells: dict[str, str], result: str = "", status: int = 200
    ) -> Response:
        model = scorer.model
        url = f"{self._urls.api(endpoint)}/execute?api-version=2.0"
        rows, as_table = scoring_example(model), scoring_example(model, table=True)
        query = [
            ["api-version", "2.0, always"],
            ["details", "true adds ColumnTypes to the answer of the table form"],
            ["format", "swagger takes and gives rows as objects; without it they are a table"],
        ]
        return self._titled(
            *(endpoint, "request-response", help_parts.trial_form(model, cells, result)),
            *(element("h2", "Request"), request("POST", f"{url}&details=true", _CONTENT, body=as_table)),
            *(table(["query", "what"], query), element("h3", "Answer, 200"), element("pre", _scored(scorer, as_table))),
            *(element("h3", "Rows as objects"), request("POST", f"{url}&format=swagger", _CONTENT, body=rows)),
            *(element("h3", "Answer, 200"), element("pre", _scored(scorer, rows, swagger=True))),
            *(element("h2", "Columns"), help_parts.column_table(model)),
            *(element("h2", "What is predicted"), help_parts.answer_table(scorer)),
            *(errors(SCORING), samples(call_samples("POST", f"{url}&details=true", as_table))),
            status=status,
        )

    async def _try(self, request: Request) -> Response:
        body = await request.body()
        return await in_thread(lambda: self._tried(request, body))

    def _tried(self, request: Request, body: bytes) -> Response:
        try:
            endpoint = self._endpoint(request)
            if endpoint.service.kind is Kind.TRAINING:
                return self._score(endpoint)
            scorer = self._deployed.scorer(endpoint)
            fields = _form(body)
        except RequestError as error:
            return self._failure(translate(error))
        cells = {name: fields.get(FIELD + name, "") for name in sample_row(scorer.model)}
        try:
            admit(endpoint, f"Bearer {fields.get(KEY_FIELD, '')}")
            row: Json = {"ColumnNames": list(cells), "Values": [list(cells.values())]}
            request_body = json.dumps({"Inputs": {INPUT: row}}).encode()
            value = scoring_response(scorer, request_body, swagger=False, details=True)["Results"][OUTPUT]["value"]
        except (RequestError, ProtocolError) as error:
            refusal = translate(error) if isinstance(error, RequestError) else error
            result = help_parts.trial_problem(f"{refusal} ({', '.join(detail.code for detail in refusal.details)})")
            return self._score_page(endpoint, scorer, cells, result, refusal.status)
        result = help_parts.trial_answer(value["ColumnNames"], value["Values"][0], len(added_columns(scorer.model)))
        return self._score_page(endpoint, scorer, cells, result)

    def _jobs(self, endpoint: Endpoint) -> Response:
        service, jobs = endpoint.service, f"{self._urls.api(endpoint)}/jobs"
        if service.kind is not Kind.TRAINING:
            score = link(f"{self._urls.help(endpoint)}/score", "request-response")
            return self._titled(endpoint, "jobs", element("p", joined("This service only scores, by ", score, ".")))
        body = training_example(service.plan, self._quirks, STORAGE_PLACEHOLDER)
        model, evaluation = job_outputs(self._quirks)
        version = "?api-version=2.0"
        operations = [
            ["submit", "POST", breakable(f"{jobs}{version}"), "200, the job's id as a JSON string"],
            ["start", "POST", breakable(f"{jobs}/{{jobId}}/start{version}"), "204"],
            ["status and results", "GET", breakable(f"{jobs}/{{jobId}}{version}"), "200, see below"],
            ["cancel", "DELETE", breakable(f"{jobs}/{{jobId}}{version}"), "204"],
        ]
        places = [
            [", ".join(INPUTS), "the CSV to train on, with a header row", ".csv"],
            [model, "the trained model", ".ilearner"],
            [evaluation, "its metrics on rows that were held back", ".csv"],
        ]
        states = "NotStarted, Running, Failed, Cancelled, Finished"
        return self._titled(
            *(endpoint, "batch execution", table(["operation", "method", "URL", "answer"], operations)),
            element("p", "A submitted job waits until it is started; one that nobody starts is forgotten."),
            *(element("h2", "Submit"), request("POST", f"{jobs}{version}", _CONTENT, body=body)),
            table(["name", "what it is", "extension"], places),
            *(element("h2", "Parameters"), help_parts.parameter_table(service.plan.parameters)),
            *(element("h2", "Status"), request("GET", f"{jobs}/{{jobId}}{version}"), element("h3", "Answer, 200")),
            element("pre", pretty(_finished())),
            element("p", f"StatusCode is one of {states}. Results is null until the job is Finished; a link is its"),
            element("p", "BaseLocation, RelativeLocation and SasBlobToken, one after the other."),
            *(errors(JOBS), samples(job_samples(jobs, body))),
        )

    def _update(self, endpoint: Endpoint) -> Response:
        resource = endpoint.service.resource
        if resource is None or endpoint.prevents_update:
            why = "Its settings prevent updates."
            if endpoint.role is Role.DEFAULT:
                why = "The default endpoint stays in sync with its experiment; an added one can be updated."
            return self._titled(
                endpoint, "update resource", element("p", _NO_RESOURCES), element("p", why if resource else "")
            )
        location = {"BaseLocation": "https://YOUR-ACCOUNT.blob.core.windows.net/"} | {
            "RelativeLocation": "YOUR-CONTAINER/model.ilearner",
            "SasBlobToken": "YOUR-SAS-TOKEN",
        }
        body: Json = {"Resources": [{"Name": resource, "Location": location}]}
        url = self._urls.patch(endpoint)
        return self._titled(
            *(endpoint, "update resource", element("h2", "Updatable resources")),
            table(["name", "kind"], [[element("b", resource), "Trained model"]]),
            element("p", "The location is that of a finished job's model, its three parts as the job gave them."),
            *(element("h2", "Request"), request("PATCH", url, _CONTENT, body=body)),
            element(
                "p", "The answer is 200 without a body. The model is copied; it serves after the activation delay."
            ),
            *(errors(UPDATE), samples(call_samples("PATCH", url, body))),
        )


def _form(body: bytes) -> dict[str, str]:
    if len(body) > _FORM_LIMIT:
        raise InvalidBodyError(f"The form is longer than {_FORM_LIMIT} bytes.")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _scored(scorer: Scorer, body: Json, *, swagger: bool = False) -> str:
    return pretty(scoring_response(scorer, json.dumps(body).encode(), swagger=swagger, details=True))


def _finished() -> Json:
    result = {"ConnectionString": None, "RelativeLocation": "YOUR-CONTAINER/…"} | {
        "BaseLocation": "https://YOUR-ACCOUNT.blob.core.windows.net/",
        "SasBlobToken": "?sv=…&sr=b&sig=…&se=…&sp=r",
    }
    return {"StatusCode": "Finished", "Results": dict.fromkeys(OUTPUTS, result), "Details": None}
