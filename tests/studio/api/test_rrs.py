"""Scoring over HTTP."""

import math

import pytest
import requests

from tests.studio.caller import NAMES, ROW, TIMEOUT_S, VERSION, bearer, refusal, score
from tests.studio.running import RunningStudio


def test_a_row_is_scored(studio: RunningStudio) -> None:
    """The answer repeats the columns as text and adds a label and a probability that fit each other."""
    answer = score(studio.endpoint("production"), NAMES, [ROW, [20, 20.5, None, "?"]], details="true").json()
    output = answer["Results"]["output1"]
    assert output["type"] == "table"
    value = output["value"]
    assert value["ColumnNames"] == [*NAMES, "Scored Labels", "Scored Probabilities"]
    assert value["ColumnTypes"] == ["Int32", "Int32", "String", "String", "String", "Double"]
    first, second = value["Values"]
    assert first[:4] == ROW
    assert second[:4] == ["20", "20.5", "", "?"]
    assert (first[4], second[4]) == (">50K", "<=50K")
    assert float(first[5]) > 0.5 > float(second[5]) > 0
    assert all(len(row[5].replace("0.", "").lstrip("0")) <= 15 for row in (first, second))


def test_without_details_there_are_no_types(studio: RunningStudio) -> None:
    """ColumnTypes comes only when it is asked for."""
    assert "ColumnTypes" not in score(studio.endpoint("staging"), NAMES, [ROW]).json()["Results"]["output1"]["value"]


def test_the_order_of_columns_and_the_label_do_not_matter(studio: RunningStudio) -> None:
    """Columns are found by name; a label in the request passes through and changes nothing."""
    endpoint = studio.endpoint("production")
    plain = score(endpoint, NAMES, [ROW]).json()["Results"]["output1"]["value"]["Values"][0]
    turned = score(endpoint, ["income", *NAMES[::-1]], [["<=50K", *ROW[::-1]]]).json()["Results"]["output1"]["value"]
    assert turned["ColumnNames"][:2] == ["income", "region"]
    assert turned["Values"][0][0] == "<=50K"
    assert turned["Values"][0][-2:] == plain[-2:]


def test_a_thousand_rows_are_scored_as_one_by_one(studio: RunningStudio) -> None:
    """A long request gives each row the answer it gets alone."""
    endpoint = studio.endpoint("production")
    rows = [[str(age), str(hours), "Sales", "south"] for age in range(20, 70) for hours in range(20, 40)]
    rows[333] = [" 39", "NA", "Exec ", "?"]
    values = score(endpoint, NAMES, rows).json()["Results"]["output1"]["value"]["Values"]
    assert len(values) == 1000
    for position in (0, 333, 999):
        alone = score(endpoint, NAMES, [rows[position]]).json()["Results"]["output1"]["value"]["Values"]
        assert alone == [values[position]]
    assert all(math.isfinite(float(row[-1])) for row in values)


def test_the_object_form(studio: RunningStudio) -> None:
    """`format=swagger` takes and gives objects, directly under the output's name."""
    endpoint = studio.endpoint("production")
    answer = requests.post(
        endpoint["execute_url"].partition("?")[0],
        params=VERSION | {"format": "swagger"},
        json={"Inputs": {"input1": [dict(zip(NAMES, ROW, strict=True))]}},
        headers=bearer(endpoint["api_key"]),
        timeout=TIMEOUT_S,
    ).json()
    (row,) = answer["Results"]["output1"]
    assert row["occupation"] == "Exec"
    assert row["Scored Labels"] == ">50K"


@pytest.mark.parametrize(
    ("names", "row", "detail", "words"),
    [
        (NAMES[1:], ROW[1:], "InputMismatchError", "missing columns: age"),
        ([*NAMES, "wage"], [*ROW, "1"], "InputMismatchError", "unknown columns: wage"),
        ([*NAMES, "age"], [*ROW, "1"], "InputMismatchError", "columns given twice: age"),
        (NAMES, ROW[1:], "InputParseError", "row 1 does not have the 4 values"),
        ([], [], "InputParseError", "ColumnNames is not a list of names"),
        (NAMES, [[], *ROW[1:]], "RequestBodyInvalid", "a list or an object"),
    ],
)
def test_wrong_columns_are_named(
    studio: RunningStudio, names: list[str], row: list[str], detail: str, words: str
) -> None:
    """A request that does not fit is refused in words that name the columns."""
    answer = score(studio.endpoint("production"), names, [row])
    status, _, code = refusal(answer)
    assert (status, code) == (400, detail)
    assert words in answer.text


def test_who_may_score(studio: RunningStudio) -> None:
    """Another endpoint's key, another version and the training service are refused."""
    endpoint = studio.endpoint("production")
    foreign = endpoint | {"api_key": studio.endpoint("staging")["api_key"]}
    assert refusal(score(foreign, NAMES, [ROW])) == (401, "Unauthorized", "ScoreRequestUnauthorized")
    version = {"api-version": "1.0"}
    assert refusal(score(endpoint, NAMES, [ROW], **version)) == (400, "BadArgument", "BadVersionCall")
    training = studio.service()["training"]
    wrong = {"execute_url": training["jobs_url"].replace("/jobs", "/execute"), "api_key": training["api_key"]}
    assert refusal(score(wrong, NAMES, [ROW]))[:2] == (400, "InvalidOperation")
    unknown = endpoint | {"execute_url": endpoint["execute_url"].replace("/services/", "/services/0")}
    assert refusal(score(unknown, NAMES, [ROW])) == (404, "NotFound", "WebServiceNotFound")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"Inputs": {}, "GlobalParameters": [1]}', "RequestBodyInvalid"),
        ('{"Inputs": {}, "GlobalParameters": 5}', "RequestBodyInvalid"),
        ('{"Inputs": {}, "GlobalParameters": {"a": 1}}', "UnexpectedParameter"),
        ('{"Inputs": {"input1": {"ColumnNames": ["\\ud800"], "Values": []}}}', "RequestBodyInvalid"),
        ('{"Inputs": {"\\udfff": 1}}', "RequestBodyInvalid"),
    ],
)
def test_odd_bodies_are_refused_in_words(studio: RunningStudio, body: str, detail: str) -> None:
    """Parameters that are no object, and halves of surrogate pairs, which no answer could repeat."""
    endpoint = studio.endpoint("production")
    answer = requests.post(endpoint["execute_url"], data=body, headers=bearer(endpoint["api_key"]), timeout=TIMEOUT_S)
    assert refusal(answer)[::2] == (400, detail)


def test_whole_surrogate_pairs_are_text(studio: RunningStudio) -> None:
    """A character that JSON escapes as a pair comes back as itself."""
    answer = score(studio.endpoint("production"), NAMES, [["39", "60", "\U0001f680", "north"]])
    assert answer.json()["Results"]["output1"]["value"]["Values"][0][2] == "\U0001f680"
