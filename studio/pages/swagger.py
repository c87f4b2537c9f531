"""The Swagger 2.0 document of an endpoint, from the columns of its model or the contract of its jobs.

Paths, operation ids and the definitions `ExecutionRequest`, `input1Item` and `output1Item` have the names that clients
of the original expect. As there, a path includes its query, and the body is the only parameter of `execute`. The object
form of a scoring request is under `paths`, the array form under `x-ms-paths`.
"""

from urllib.parse import urlsplit

from studio.api.auth import API_VERSION
from studio.json_values import Json
from studio.pages.json_schemas import error_schema, reference, scoring_schemas, training_schemas
from studio.scoring.scorer import Scorer
from studio.wire.quirks import Quirks
from studio.workspace.services import Endpoint
from studio.workspace.urls import Urls

_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_ERRORS = {
    "400": "The request is invalid; the details say where.",
    "401": "The key is missing or wrong.",
    "404": "There is no such workspace, service or job.",
    "409": "A column has the name of one that the answer adds.",
    "500": "The service failed.",
    "503": "Too many requests at once: wait, then retry.",
}
_ANYWHERE = ("400", "401", "404", "500", "503")
_SCORING = tuple(_ERRORS)
_QUERY = f"?api-version={API_VERSION}"
_JOB = {"name": "jobId", "in": "path", "required": True, **_ID}


def scoring_document(endpoint: Endpoint, urls: Urls, scorer: Scorer) -> Json:
    """Return the document of an endpoint that scores with the model."""
    detailed = {"name": "details", "in": "query", "type": "boolean", "description": "Whether to add ColumnTypes."}
    execute = _post("execute", "Scores rows, each an object", [_body("ExecutionRequest")])
    execute["responses"] = _responses(
        "200", "The rows with their predictions.", reference("ExecutionResponse"), _SCORING
    )
    table = _post("executeTable", "Scores rows, as a table", [_body("TableRequest"), detailed])
    table["responses"] = _responses("200", "The table with its predictions.", reference("TableResponse"), _SCORING)
    document = _document(
        endpoint, urls, {f"/execute{_QUERY}&format=swagger": {"post": execute}}, scoring_schemas(scorer)
    )
    return document | {"x-ms-paths": {f"/execute{_QUERY}": {"post": table}}}


def training_document(endpoint: Endpoint, urls: Urls, quirks: Quirks, *, outputs_needed: bool) -> Json:
    """Return the document of an endpoint that trains; `outputs_needed`: no output has a default location."""
    submit = _post("submitjob", "Submits a job; it must be started", [_body("BatchRequest")])
    submit["responses"] = _responses("200", "The job's id.", _ID)
    start = _post("startjob", "Starts a job", [_JOB])
    start["responses"] = _responses("204", "The job is queued.")
    status: Json = {
        "operationId": "getjobstatus",
        "summary": "Returns a job's state and results",
        "parameters": [_JOB],
    }
    status["responses"] = _responses("200", "The job.", reference("BatchStatus"))
    cancel: Json = {"operationId": "canceljob", "summary": "Cancels a job", "parameters": [_JOB]}
    cancel["responses"] = _responses("204", "The job is cancelled, or had already ended.")
    paths = {
        f"/jobs{_QUERY}": {"post": submit},
        f"/jobs/{{jobId}}/start{_QUERY}": {"post": start},
        f"/jobs/{{jobId}}{_QUERY}": {"get": status, "delete": cancel},
    }
    return _document(
        endpoint, urls, paths, training_schemas(endpoint.service.plan, quirks, outputs_needed=outputs_needed)
    )


def _document(endpoint: Endpoint, urls: Urls, paths: Json, definitions: Json) -> Json:
    address = urlsplit(urls.api(endpoint))
    itself = {
        "operationId": "getSwaggerDocument",
        "summary": "Returns this document",
        "security": [],
        "responses": _responses("200", "This document.", {"type": "object"}, ("404", "500", "503")),
    }
    return {
        "swagger": "2.0",
        "info": {
            "title": endpoint.service.title,
            "version": API_VERSION,
            "description": f"Endpoint {endpoint.name!r}. How to call it, with samples: {urls.help(endpoint)}",
        },
        "host": address.netloc,
        "basePath": address.path,
        "schemes": [address.scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {
            "apiKey": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Bearer ` and one of the endpoint's two keys.",
            }
        },
        "security": [{"apiKey": []}],
        "paths": {"/swagger.json": {"get": itself}, **paths},
        "definitions": definitions | {"ErrorResponse": error_schema()},
    }


def _post(name: str, summary: str, parameters: list[Json]) -> Json:
    return {"operationId": name, "summary": summary, "parameters": parameters}


def _body(definition: str) -> Json:
    return {"name": "body", "in": "body", "required": True, "schema": reference(definition)}


def _responses(code: str, text: str, schema: Json | None = None, errors: tuple[str, ...] = _ANYWHERE) -> Json:
    good: Json = {"description": text} | ({"schema": schema} if schema else {})
    failed = {status: {"description": _ERRORS[status], "schema": reference("ErrorResponse")} for status in errors}
    return {code: good, **failed}
