"""The help page of request-response scoring, with a form that scores one row."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.responses import Response

from studio.api.auth import authorize
from studio.api.protocol_errors import ProtocolError, translate
from studio.errors import RequestError
from studio.json_values import Json
from studio.pages import help_parts
from studio.pages.code_samples import call_samples
from studio.pages.error_help import SCORING
from studio.pages.help_parts import CONTENT_TYPE, FIELD, KEY_FIELD, errors, help_page, pretty, request, samples
from studio.pages.html import Markup, element, joined, link, table
from studio.pages.json_schemas import scoring_example
from studio.pages.sample_row import sample_row
from studio.scoring.request_columns import added_columns
from studio.scoring.scorer import Scorer
from studio.wire.errors import InvalidBodyError
from studio.wire.scoring_codec import INPUT, OUTPUT, scoring_response
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.services import Endpoint, Kind
from studio.workspace.urls import Urls

_MAX_FORM_BYTES = 2**20  # bytes of a form's body
_TITLE = "request-response"


class ScoringPage:
    """Shows the page, and answers its form."""

    def __init__(self, deployed: DeployedModels, urls: Urls) -> None:
        self._deployed = deployed
        self._urls = urls

    def show(self, endpoint: Endpoint) -> Response:
        """Return the page, with a made-up row in the form.

        Raises:
            RequestError: the endpoint's model cannot be loaded.
        """
        if endpoint.service.kind is Kind.TRAINING:
            jobs = link(f"{self._urls.help(endpoint)}/jobs", "batch jobs")
            text = joined("This service only trains, by ", jobs, "; its predictive service scores.")
            return help_page(endpoint, self._urls, _TITLE, [element("p", text)])
        scorer = self._deployed.scorer(endpoint)
        return self._page(endpoint, scorer, sample_row(scorer.model))

    def submit(self, endpoint: Endpoint, form: bytes) -> Response:
        """Return the page after its form was sent: with the prediction, or with the error in the page's own words.

        Raises:
            RequestError: the form is too long, or the endpoint's model cannot be loaded.
        """
        if endpoint.service.kind is Kind.TRAINING:
            return self.show(endpoint)
        scorer = self._deployed.scorer(endpoint)
        fields = _form_fields(form)
        cells = {name: fields.get(FIELD + name, "") for name in sample_row(scorer.model)}
        try:
            authorize(endpoint, f"Bearer {fields.get(KEY_FIELD, '')}")
            row: Json = {"ColumnNames": list(cells), "Values": [list(cells.values())]}
            body = json.dumps({"Inputs": {INPUT: row}}).encode()
            value = scoring_response(scorer, body, swagger=False, details=True)["Results"][OUTPUT]["value"]
        except (RequestError, ProtocolError) as error:
            refusal = translate(error)
            codes = ", ".join(detail.code for detail in refusal.details)
            problem = help_parts.trial_problem(f"{refusal} ({codes})")
            return self._page(endpoint, scorer, cells, problem, refusal.status)
        added = len(added_columns(scorer.model))
        return self._page(
            endpoint, scorer, cells, help_parts.trial_answer(value["ColumnNames"], value["Values"][0], added)
        )

    def _page(
        self, endpoint: Endpoint, scorer: Scorer, cells: Mapping[str, str], result: str = "", status: int = 200
    ) -> Response:
        model = scorer.model
        url = f"{self._urls.api(endpoint)}/execute?api-version=2.0"
        body = [
            help_parts.trial_form(model, cells, result),
            *_requests(scorer, url),
            element("h2", "Columns"),
            help_parts.column_table(model),
            element("h2", "What is predicted"),
            help_parts.answer_table(scorer),
            errors(SCORING),
            samples(call_samples("POST", f"{url}&details=true", scoring_example(model, table=True))),
        ]
        return help_page(endpoint, self._urls, _TITLE, body, status)


def _requests(scorer: Scorer, url: str) -> list[Markup]:
    """Return both forms of a request, each with its answer."""
    rows, as_table = scoring_example(scorer.model), scoring_example(scorer.model, table=True)
    query = [
        ["api-version", "2.0, always"],
        ["details", "true adds ColumnTypes to the answer of the table form"],
        ["format", "swagger takes and gives rows as objects; without it they are a table"],
    ]
    return [
        element("h2", "Request"),
        request("POST", f"{url}&details=true", CONTENT_TYPE, body=as_table),
        table(["query", "what"], query),
        element("h3", "Answer, 200"),
        _answer(scorer, as_table),
        element("h3", "Rows as objects"),
        request("POST", f"{url}&format=swagger", CONTENT_TYPE, body=rows),
        element("h3", "Answer, 200"),
        _answer(scorer, rows, swagger=True),
    ]


def _answer(scorer: Scorer, body: Json, *, swagger: bool = False) -> Markup:
    return element("pre", pretty(scoring_response(scorer, json.dumps(body).encode(), swagger=swagger, details=True)))


def _form_fields(body: bytes) -> dict[str, str]:
    if len(body) > _MAX_FORM_BYTES:
        raise InvalidBodyError(f"The form is longer than {_MAX_FORM_BYTES} bytes.")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
