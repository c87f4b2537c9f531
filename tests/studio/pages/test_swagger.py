"""The Swagger document of each endpoint: valid, true, and all that a client needs."""

import re
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV2SpecValidator
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from tests.studio.caller import TIMEOUT_S, Storage, Trainer, bearer, get_endpoint
from tests.studio.running import RunningStudio

FEW, MANY = 10, 500  # requests of each operation and mode
# The original called numbers what came as the texts of numbers, and its R package relies on it; no schema can say both.
TEXTS = {"type": "string", "x-nullable": True}
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


def document(api_location: str) -> dict[str, Any]:
    """Return an endpoint's document, asked for without a key."""
    answer = requests.get(f"{api_location}/swagger.json", timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def predictive(studio: RunningStudio) -> tuple[str, str]:
    """Return run URL and key of a predictive endpoint."""
    endpoint = studio.endpoint("production")
    return endpoint["execute_url"].partition("/execute")[0], endpoint["api_key"]


def training(studio: RunningStudio) -> tuple[str, str]:
    """Return run URL and key of the training endpoint."""
    trainer = Trainer.of(studio)
    return trainer.jobs_url.removesuffix("/jobs"), trainer.key


@pytest.mark.parametrize("place", [predictive, training])
def test_the_document_is_valid(studio: RunningStudio, place: Any) -> None:
    """It is valid Swagger 2.0, also with the array form of scoring among the paths."""
    swagger = document(place(studio)[0])
    OpenAPIV2SpecValidator(swagger).validate()
    swagger["paths"] |= swagger.pop("x-ms-paths", {})
    OpenAPIV2SpecValidator(swagger).validate()


@pytest.mark.parametrize(
    "requests_drawn", [FEW, pytest.param(MANY, marks=[pytest.mark.deep, pytest.mark.timeout(900)])]
)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("place", [predictive, training])
def test_every_answer_is_one_that_the_document_tells(
    studio: RunningStudio, place: Any, mode: GenerationMode, requests_drawn: int
) -> None:
    """Requests generated from the document, valid and invalid ones, get the statuses and bodies it promises; no 500."""
    api, key = place(studio)
    swagger = document(api)
    swagger["paths"] |= swagger.pop("x-ms-paths", {})
    if "output1Item" in swagger["definitions"]:
        answered = swagger["definitions"]["output1Item"]["properties"]
        answered |= dict.fromkeys(answered, TEXTS)
    schema = schemathesis.openapi.from_dict(swagger)
    session = requests.Session()
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) == len(list(schema.get_all_operations()))
    for operation in (each for each in operations if each.path != "/swagger.json"):
        drawn = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=requests_drawn,
            deadline=None,
            derandomize=requests_drawn == FEW,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=drawn)
        def check(case: Any) -> None:
            case.call_and_validate(api, session=session, headers=bearer(key), checks=CHECKS, timeout=TIMEOUT_S)

        check()


class Client:
    """A client that knows nothing but a document: it finds an operation by its id, and follows its schemas."""

    def __init__(self, swagger: dict[str, Any], key: str) -> None:
        self.document = swagger
        self._base = f"{swagger['schemes'][0]}://{swagger['host']}{swagger['basePath']}"
        definition = swagger["securityDefinitions"]["apiKey"]
        assert definition["in"] == "header"
        self._headers = {definition["name"]: f"Bearer {key}"}

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a reference leads to."""
        name = schema.get("$ref", "").rpartition("/")[2]
        return dict(self.document["definitions"][name]) if name else schema

    def operation(self, name: str) -> tuple[str, str, dict[str, Any]]:
        """Return method, path and description of an operation."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if operation["operationId"] == name:
                    return method, path, operation
        raise LookupError(name)

    def body_schema(self, name: str) -> dict[str, Any]:
        """Return the schema of an operation's body."""
        (body,) = (each for each in self.operation(name)[2]["parameters"] if each["in"] == "body")
        return self.resolved(body["schema"])

    def call(self, name: str, body: Any = None, **places: str) -> Any:
        """Call an operation, with the only values that its query allows; returns the answer's JSON."""
        method, path, operation = self.operation(name)
        query = {each["name"]: each["enum"][0] for each in operation["parameters"] if each["in"] == "query"}
        url = self._base + path.format(**places)
        answer = requests.request(method, url, params=query, json=body, headers=self._headers, timeout=TIMEOUT_S)
        assert str(answer.status_code) in operation["responses"]
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


def test_a_client_scores_by_the_document_alone(studio: RunningStudio) -> None:
    """Columns, types and the example are enough to make requests, and tell what the answer holds."""
    client = Client(document(predictive(studio)[0]), predictive(studio)[1])
    request = client.body_schema("execute")
    inputs = client.resolved(request["properties"]["Inputs"])
    (name,) = inputs["required"]
    item = client.resolved(inputs["properties"][name]["items"])
    values = {"integer": 40, "number": 40.5, "string": "Exec", "boolean": True}
    row = {column: values[each["type"]] for column, each in item["properties"].items()}
    answer = client.call("execute", {"Inputs": {name: [row, row]}})
    assert client.call("execute", request["example"])
    assert item["properties"]["age"]["type"] == "integer"
    (output, rows), *_ = answer["Results"].items()
    promised = client.resolved(client.document["definitions"][f"{output}Item"])
    assert len(rows) == 2
    assert set(promised["required"]) <= set(rows[0]) <= set(promised["properties"])


def test_a_client_trains_by_the_document_alone(studio: RunningStudio, storage: Storage) -> None:
    """The names of inputs, outputs and parameters and the extensions are enough to submit a job and see its end."""
    client = Client(document(training(studio)[0]), training(studio)[1])
    members = client.body_schema("submitjob")["properties"]

    def places(which: str) -> dict[str, Any]:
        endings = {
            name: client.resolved(schema)["properties"]["RelativeLocation"]["pattern"]
            for name, schema in members[which]["properties"].items()
        }
        files = ["in.csv"] if which == "Inputs" else ["made/model.ilearner", "made/result.csv"]
        return {
            name: storage.reference(next(file for file in files if re.search(ending, f"{storage.container}/{file}")))
            for name, ending in endings.items()
        }

    whole = [name for name, schema in members["GlobalParameters"]["properties"].items() if schema["type"] == "integer"]
    parameters = {name: members["GlobalParameters"]["properties"][name]["minimum"] for name in whole}
    assert set(parameters) == {"Random seed", "Number of trees", "Number of leaves"}
    body = {"Inputs": places("Inputs"), "Outputs": places("Outputs"), "GlobalParameters": parameters}
    job = client.call("submitjob", body)
    client.call("startjob", jobId=job)
    ended = Trainer.of(studio).ended(job)
    assert client.call("getjobstatus", jobId=job)["StatusCode"] == ended["StatusCode"] == "Finished", ended
    client.call("canceljob", jobId=job)
    assert storage.exists("made/model.ilearner")


def test_the_management_side_gives_the_same_document(studio: RunningStudio) -> None:
    """`apidocument` below the endpoint's id is the same text."""
    api, _ = predictive(studio)
    service = studio.endpoint("production")["patch_url"].rpartition("/")[0]
    response = requests.get(f"{service}/{api.rpartition('/')[2]}/apidocument", timeout=TIMEOUT_S)
    assert response.json() == document(api)
    assert get_endpoint(studio.endpoint("production"))["ApiLocation"] == api


def test_the_document_holds_no_secret(studio: RunningStudio) -> None:
    """It is open to everybody: no key, no token."""
    described = studio.describe()
    secrets = [described["management"]["token"], *(place(studio)[1] for place in (predictive, training))]
    texts = [str(document(place(studio)[0])) for place in (predictive, training)]
    assert not [secret for secret in secrets for text in texts if secret in text]
