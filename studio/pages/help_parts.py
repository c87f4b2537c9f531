"""The parts of the help pages: column tables, requests, samples, and the form that scores a row."""

import json
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from studio.json_values import Json
from studio.models.model import Model
from studio.pages.code_samples import KEY_PLACEHOLDER, Sample
from studio.pages.error_help import ERROR_SHAPE, Rows, error_table
from studio.pages.html import Markup, definition_list, element, joined, link, page, table
from studio.pages.json_schemas import LISTED_CATEGORIES, cell_description
from studio.responses import JSON_TYPE
from studio.scoring.request_columns import added_columns
from studio.scoring.scorer import Scorer
from studio.tables.model_column import Column
from studio.training.parameters import value_schema
from studio.training.training_plan import Parameter
from studio.workspace.services import Endpoint, Kind
from studio.workspace.urls import Urls

FIELD = "cell "  # begins the name of a form's field; the column's name follows
KEY_FIELD = "key"
CONTENT_TYPE = f"Content-Type: {JSON_TYPE}"
_AUTHORIZATION = f"Authorization: Bearer {KEY_PLACEHOLDER}"


def navigation(endpoint: Endpoint, urls: Urls) -> list[str]:
    """Return the links to the overview and to the help pages that an endpoint has."""
    base = urls.help(endpoint)
    pages = {"Overview": f"{urls.base_url}/", "Help": base}
    if endpoint.service.kind is Kind.TRAINING:
        pages["Jobs"] = f"{base}/jobs"
    else:
        pages["Request-response"] = f"{base}/score"
        if not endpoint.prevents_update:
            pages["Update"] = f"{base}/update"
    return [
        *(link(address, name) for name, address in pages.items()),
        link(swagger_url(endpoint, urls), "swagger.json"),
    ]


def help_page(endpoint: Endpoint, urls: Urls, title: str, body: Sequence[str], status: int = 200) -> Response:
    """Return a help page of an endpoint, with the links to its other pages."""
    return page(f"{endpoint.service.title}: {title}", navigation(endpoint, urls), *body, status=status)


def swagger_url(endpoint: Endpoint, urls: Urls) -> str:
    """Return where an endpoint's Swagger document is (protocol 1.1)."""
    return f"{urls.api(endpoint)}/swagger.json"


def identity(endpoint: Endpoint, urls: Urls) -> Markup:
    """Return the names and ids of an endpoint."""
    return definition_list(
        {
            "Web service": endpoint.service.title,
            "Endpoint": endpoint.name,
            "Workspace id": urls.workspace_id,
            "Web service id": endpoint.service.id,
            "Endpoint id": endpoint.id,
        }
    )


def column_table(model: Model) -> Markup:
    """Return the table of a request's columns."""
    rows = [[element("b", column.name), column.kind, column.type, cell_description(column)] for column in model.columns]
    return table(["column", "kind", "type", "what it holds"], rows)


def answer_table(scorer: Scorer) -> Markup:
    """Return the table of the columns that an answer adds."""
    return table(["column", "type"], [[element("b", name), kind] for name, kind in added_columns(scorer.model)])


def request(method: str, url: str, *headers: str, body: Json | None = None) -> Markup:
    """Return a request as it is sent."""
    lines = [f"{method} {url}", _AUTHORIZATION, *headers]
    return element("pre", "\n".join(lines) + ("" if body is None else f"\n\n{pretty(body)}"))


def pretty(value: Json) -> str:
    """Return indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def samples(programs: Sequence[Sample]) -> Markup:
    """Return sample programs; the first is open."""
    shown = (
        element(
            "details",
            element("summary", program.language),
            element("pre", program.code, id=f"code-snippet-{program.name}"),
            open=program is programs[0],
        )
        for program in programs
    )
    return joined(element("h2", "Sample code"), *shown)


def errors(rows: Rows) -> Markup:
    """Return the errors of an operation, and their shape."""
    return joined(element("h2", "Errors"), element("pre", ERROR_SHAPE), error_table(rows))


def parameter_table(parameters: Sequence[Parameter]) -> Markup:
    """Return the table of a training service's parameters."""
    if not parameters:
        return element("p", "This service has no parameters.")
    rows = []
    for parameter in parameters:
        schema = value_schema(parameter.sets)
        bounds = f"{schema['minimum']:g} to {schema['maximum']:.10g}" if "minimum" in schema else ""
        allowed = bounds or ", ".join(schema.get("enum", [])) or "any text"
        rows.append([element("b", parameter.name), schema["type"], allowed, "yes" if parameter.required else "no"])
    return table(["parameter", "type", "values", "required"], rows)


def trial_form(model: Model, cells: Mapping[str, str], result: str) -> Markup:
    """Return the form that scores one row, with `cells` filled in and `result` below it."""
    fields = (_field(column, cells.get(column.name, "")) for column in model.columns if column.kind != "ignored")
    key = element(
        "label",
        "API key of this endpoint (used for this request only)",
        element("input", type="password", name=KEY_FIELD, autocomplete="off", required=True),
        class_="whole",
    )
    button = element("div", element("button", "Score", value="score"), class_="whole")
    # The answer is below the form, so the page is shown at the form again.
    form = element("form", *fields, key, button, method="post", action="#try", autocomplete="off")
    return element("section", element("h2", "Try it"), form, result, id="try")


def _field(column: Column, cell: str) -> Markup:
    categories = column.categories[:LISTED_CATEGORIES] if column.kind == "categorical" else ()
    # The id of a datalist must not have spaces: the name's bytes in hexadecimal.
    identifier = f"known-{column.name.encode().hex()}"
    written = element("input", name=FIELD + column.name, value=cell, list=identifier if categories else False)
    if not categories:
        return element("label", column.name, written)
    options = element("datalist", *(element("option", value=category) for category in categories), id=identifier)
    return element("label", column.name, written, options)


def trial_answer(names: Sequence[str], values: Sequence[str], added: int) -> Markup:
    """Return the answer to the form: the last `added` columns, which hold the prediction."""
    predicted = dict(zip(names[-added:], values[-added:], strict=True))
    return element("div", definition_list(predicted), class_="result good", role="status")


def trial_problem(text: str) -> Markup:
    """Return why the form was not answered."""
    return element("p", text, class_="result bad", role="alert")
