"""Clients that were written for the original: each asks in its own way, and is answered as it was there."""

from typing import Any

import pytest
import requests

from tests.studio.caller import (
    NAMES,
    ROW,
    TIMEOUT_S,
    VERSION,
    Owner,
    Storage,
    Trainer,
    bearer,
    get_endpoint,
    job_body,
    refusal,
    score,
)
from tests.studio.running import EXPERIMENT, RunningStudio


def scored(studio: RunningStudio, rows: list[dict[str, Any]], **query: str) -> requests.Response:
    """Send rows as objects."""
    endpoint = studio.endpoint("production")
    return requests.post(
        endpoint["execute_url"].partition("?")[0],
        params=VERSION | {"format": "swagger"} | query,
        json={"Inputs": {"input1": rows}},
        headers=bearer(endpoint["api_key"]),
        timeout=TIMEOUT_S,
    )


def probability(answer: requests.Response) -> str:
    """Return the probability of the first row, in either form."""
    assert answer.status_code == 200, answer.text
    output = answer.json()["Results"]["output1"]
    if isinstance(output, list):
        return str(output[0]["Scored Probabilities"])
    return str(output["value"]["Values"][0][-1])


@pytest.mark.parametrize("prefix", ["subscriptions", "workspaces"])
def test_scoring_below_either_prefix(studio: RunningStudio, prefix: str) -> None:
    """The later kind of service had /subscriptions in its run URLs, of jobs, scoring and document; one is not there."""
    endpoint = studio.endpoint("production")
    url = endpoint["execute_url"].replace("/workspaces/", f"/{prefix}/")
    answer = score(endpoint | {"execute_url": url}, NAMES, [ROW])
    assert probability(answer) == probability(score(endpoint, NAMES, [ROW]))
    document = requests.get(url.partition("/execute")[0] + "/swagger.json", timeout=TIMEOUT_S)
    assert "/execute?api-version=2.0&format=swagger" in document.json()["paths"]
    unknown = url.replace(f"/{prefix}/", f"/{prefix}/0")
    expected = {"subscriptions": "BadSubscriptionId", "workspaces": "WorkspaceNotFound"}
    assert refusal(score(endpoint | {"execute_url": unknown}, NAMES, [ROW]))[2] == expected[prefix]


def test_the_r_package_scores(studio: RunningStudio) -> None:
    """As its `consume` does: document below the help page, rows as objects, numbers made of what is called one.

    It finds a number's column by the position of its type among the types of `output1Item`, so the columns of an
    answer stand in that order, all of them.
    """
    shown = get_endpoint(studio.endpoint("production"))
    document = requests.get(f"{shown['HelpLocation']}/apidocument", timeout=TIMEOUT_S).json()
    url = shown["ApiLocation"] + "/execute?api-version=2.0&details=true&format=swagger"
    rows = [{"age": 39, "hours": 60, "occupation": "Exec", "region": "north"}, {"age": 20.5, "occupation": "Sales"}]
    body = {"Inputs": {"input1": rows}, "GlobalParameters": {}}
    answer = requests.post(url, json=body, headers=bearer(shown["PrimaryKey"]), timeout=TIMEOUT_S)
    properties = document["definitions"]["output1Item"]["properties"]
    for row in answer.json()["Results"]["output1"]:
        assert list(row) == list(properties)
        numbers = [position for position, each in enumerate(properties.values()) if each["type"] == "number"]
        assert [list(row)[position] for position in numbers] == ["Scored Probabilities"]
        assert 0 < float(list(row.values())[numbers[0]]) < 1
        assert all(value is None or isinstance(value, str) for value in row.values())
    types = {name: each["type"] for name, each in properties.items()}
    assert types["age"] == "integer"
    assert types["occupation"] == types["income"] == "string"


def test_the_r_package_discovers_the_schema(studio: RunningStudio) -> None:
    """As its `discoverSchema` does: the second path is `execute`, whose first parameter is all; the sample has numbers.

    It takes the sample's texts for what a person must fill in, so numbers must not be texts.
    """
    shown = get_endpoint(studio.endpoint("production"))
    document = requests.get(f"{shown['ApiLocation']}/swagger.json", timeout=TIMEOUT_S).json()
    path, operations = list(document["paths"].items())[1]
    assert operations["post"]["operationId"] == "execute"
    assert [each["in"] for each in operations["post"]["parameters"]] == ["body"]
    (sample,) = document["definitions"]["ExecutionRequest"]["example"]["Inputs"]["input1"]
    assert {name for name, cell in sample.items() if not isinstance(cell, str)} == {"age", "hours"}
    filled = sample | {"occupation": "Sales", "region": "south"}
    body = {"Inputs": {"input1": [filled]}}
    answer = requests.post(
        shown["ApiLocation"] + path, json=body, headers=bearer(shown["PrimaryKey"]), timeout=TIMEOUT_S
    )
    assert probability(answer)


def test_the_document_stands_below_every_base(studio: RunningStudio) -> None:
    """`apidocument` below the help page and the management URLs, with and without /management."""
    shown = get_endpoint(studio.endpoint("production"))
    document = requests.get(f"{shown['ApiLocation']}/swagger.json", timeout=TIMEOUT_S).json()
    identifier = shown["ApiLocation"].rpartition("/")[2]
    service = studio.endpoint("production")["patch_url"].rpartition("/")[0]
    for address in (
        f"{shown['HelpLocation']}/apidocument",
        f"{service}/{identifier}/apidocument",
        f"{service.replace('/management', '')}/{identifier}/apidocument",
    ):
        assert requests.get(address, timeout=TIMEOUT_S).json() == document


def test_what_a_row_leaves_out_is_missing(studio: RunningStudio) -> None:
    """Rows may differ in their members; the answer has all columns of the schema, null where there is nothing."""
    whole = dict(zip(NAMES, ROW, strict=True))
    without = {name: cell for name, cell in whole.items() if name != "hours"}
    answer = scored(studio, [without, whole])
    first, second = answer.json()["Results"]["output1"]
    assert list(first) == list(second) == [*NAMES, "income", "Scored Labels", "Scored Probabilities"]
    assert (first["hours"], first["income"], second["hours"]) == (None, None, "60")
    missing = score(studio.endpoint("production"), NAMES, [["39", None, *ROW[2:]]])
    assert probability(answer) == probability(missing)
    assert second["Scored Probabilities"] == probability(score(studio.endpoint("production"), NAMES, [ROW]))
    assert probability(scored(studio, [without])) == probability(missing)
    spaced = scored(studio, [{f" {name} ": cell for name, cell in whole.items()}])
    assert spaced.json()["Results"]["output1"] == [second]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"age": 1, "hour": 2}], "unknown columns: hour"),
        ([{}], "missing columns: age, hours, occupation, region"),
        ([{"age": 1, " age": 2}], "columns given twice: age"),
        ([{"income": ">50K"}], "missing columns: age, hours, occupation, region"),
        ([{f"c{number}": 1} for number in range(3000)], "missing columns: age, hours, occupation, region; unknown"),
    ],
)
def test_rows_of_something_else_are_refused(studio: RunningStudio, rows: list[dict[str, Any]], words: str) -> None:
    """A member that no column has is no spelling of missing, and a row without any column is no row."""
    answer = scored(studio, rows)
    assert refusal(answer) == (400, "BadUserArgument", "InputMismatchError")
    assert words in answer.text


def test_names_in_a_query_have_any_case(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """`API-Version`, `Details` and `Format` are what they are in small letters, of scoring as of jobs."""
    endpoint = studio.endpoint("production")
    url = endpoint["execute_url"].partition("?")[0]
    table = {"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [ROW]}}}
    query = {"API-Version": "2.0", "Details": "True"}
    answer = requests.post(url, params=query, json=table, headers=bearer(endpoint["api_key"]), timeout=TIMEOUT_S)
    assert "ColumnTypes" in answer.json()["Results"]["output1"]["value"]
    objects = {"Inputs": {"input1": [dict(zip(NAMES, ROW, strict=True))]}}
    query = {"Api-Version": "2.0", "FORMAT": "Swagger"}
    answer = requests.post(url, params=query, json=objects, headers=bearer(endpoint["api_key"]), timeout=TIMEOUT_S)
    assert isinstance(answer.json()["Results"]["output1"], list)
    assert trainer.call("POST", json=job_body(storage), params={"API-VERSION": "2.0"}).status_code == 200
    assert refusal(trainer.call("POST", json=job_body(storage), params={"API-VERSION": "1.0"}))[2] == "BadVersionCall"


def test_answers_name_their_charset(studio: RunningStudio, trainer: Trainer) -> None:
    """Of scoring, jobs, management, documents and errors: a client that must guess guesses wrong."""
    owner = Owner.of(studio)
    answers = [
        score(studio.endpoint("production"), NAMES, [ROW]),
        score(studio.endpoint("production"), ["none"], [["1"]]),
        trainer.call("GET", "/0"),
        owner.call("GET"),
        owner.call("GET", f"{owner.service(EXPERIMENT)}/endpoints/none"),
        requests.get(f"{studio.base_url}/nothing", timeout=TIMEOUT_S),
    ]
    assert {answer.headers["content-type"] for answer in answers} == {"application/json; charset=utf-8"}


def test_details_of_a_failed_job_are_json_without_spaces(trainer: Trainer, storage: Storage) -> None:
    """The nested exception is written as the original wrote it: clients look for `"Message":"`."""
    details = str(trainer.train(job_body(storage, source="none.csv"))["Details"])
    assert (
        '{"Exception":{"ErrorId":"Storage","ErrorCode":"1000","ExceptionType":"ModuleException","Message":"' in details
    )


def test_a_misspelt_member_is_noted_in_the_jobs_log(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """The job is accepted as it was there, and its page says what was ignored."""
    body = job_body(storage) | {"GolbalParameters": {"Random seed": 1}}
    job = trainer.submit(body)
    token = studio.describe()["management"]["token"]
    page = requests.get(f"{studio.base_url}/jobs/{job}", auth=("owner", token), timeout=TIMEOUT_S).text
    assert "Submit: unknown member GolbalParameters was ignored; GlobalParameters is perhaps meant" in page
