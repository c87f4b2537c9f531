"""The rows of the protocol, each shown by a test or excused in the manual; and those rows that no other file shows."""

import ast
import csv
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.studio.caller import NAMES, ROW, TIMEOUT_S, VERSION, Storage, Trainer, bearer, job_body
from tests.studio.running import ROOT, RunningStudio

TABLE = Path(__file__).with_name("protocol_rows.csv")
MANUAL = ROOT / "docs" / "studio.md"
ID = re.compile(r"[0-9a-f]{32}")


def table() -> list[list[str]]:
    """Return the rows of the protocol: section, fact, test."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["section", "fact", "test"]
    return rows


def test_every_row_is_shown_or_excused() -> None:
    """A row names a test that exists, or stands in the manual with its reason; no row stands there twice."""
    rows = table()
    assert len({(section, fact) for section, fact, _ in rows}) == len(rows)
    for _, fact, named in rows:
        if named:
            file, _, name = named.partition("::")
            tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (fact, named)
    section = MANUAL.read_text(encoding="utf-8").partition("## Protocol rows that are not met")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in section.splitlines() if "|" in line][2:]
    assert [[where, fact] for where, fact, named in rows if not named] == [row[:2] for row in cells]
    assert all(len(row[2].split()) > 3 for row in cells)


def test_jobs_cannot_be_listed(trainer: Trainer) -> None:
    """A GET of the jobs URL lists nothing (1.1)."""
    assert trainer.call("GET").status_code == 405


def test_ids_are_32_hexadecimal_digits(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """Those of workspace, endpoint and job; the job's comes as a JSON string (1.1, 1.4)."""
    answer = trainer.call("POST", json=job_body(storage))
    assert answer.headers["content-type"].startswith("application/json")
    workspace, endpoint = re.findall(r"/workspaces/(\w+)/services/(\w+)/jobs", trainer.jobs_url)[0]
    assert all(map(ID.fullmatch, (answer.json(), workspace, endpoint)))
    assert workspace in studio.describe()["management"]["url"]


def test_the_run_url_names_the_endpoint(studio: RunningStudio) -> None:
    """Endpoints of one service have run URLs with ids of their own, none of which is the service's (1.1)."""
    added = studio.service()["predictive"]["endpoints"]
    ids = [each["execute_url"].split("/services/")[1].split("/")[0] for each in added]
    service = added[0]["patch_url"].split("/webservices/")[1].split("/")[0]
    assert len(set(ids)) == len(added)
    assert service not in ids


def test_the_scheme_of_a_key_has_any_case(trainer: Trainer, storage: Storage) -> None:
    """`bearer` is as good as `Bearer` (1.2)."""
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {trainer.key}"}
        assert trainer.call("POST", json=job_body(storage), headers=headers).status_code == 200


def test_any_content_type_is_taken(trainer: Trainer, storage: Storage) -> None:
    """What a client calls its JSON does not matter (1.2)."""
    body = requests.Request("POST", "http://x", json=job_body(storage)).prepare().body
    for kind in ("application/json", "text/json", "application/json; charset=utf-8", ""):
        headers = bearer(trainer.key) | ({"Content-Type": kind} if kind else {})
        assert trainer.call("POST", data=body, headers=headers).status_code == 200, kind


def test_start_takes_any_body(trainer: Trainer, storage: Storage) -> None:
    """No body, an empty one, and `null`: each starts the job, with no body in the answer (1.2, 1.5)."""
    ways: list[dict[str, Any]] = [{}, {"data": ""}, {"data": "null"}, {"json": {}}]
    for number, options in enumerate(ways):
        job = trainer.submit(job_body(storage, name=f"start{number}"))
        answer = trainer.call("POST", f"/{job}/start", **options)
        assert (answer.status_code, answer.text) == (204, "")


def _bodies(storage: Storage) -> dict[str, dict[str, Any]]:
    whole = job_body(storage)
    source, outputs = whole["Inputs"]["input1"], whole["Outputs"]
    empty = {"BaseLocation": None, "SasBlobToken": None}
    return {
        "2, maps": {"Input": source | empty, "Outputs": outputs, "GlobalParameters": None},
        "3": whole,
        "3, without parameters": {"Inputs": whole["Inputs"], "Outputs": outputs},
    }


def test_bodies_of_every_generation(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """Each is accepted; those that leave outputs out are refused for just that, by a studio without storage (1.3)."""
    for body in _bodies(storage).values():
        assert ID.fullmatch(trainer.submit(body))
    source = storage.reference("in.csv")
    for body in (
        {"Input": source, "Output": None, "GlobalParameters": {}},
        {"Input": source, "Output": storage.reference("only.ilearner")},
        {"Input": source, "Outputs": None, "GlobalParameters": None},
    ):
        assert "MissingRequiredOutputOverrides" in trainer.call("POST", json=body).text
    assert studio.process.poll() is None


def test_parameters_are_texts_or_numbers(trainer: Trainer, storage: Storage) -> None:
    """A seed may be given as a number or as its text; null means that it is not given (1.3)."""
    for seed in (12345, "12345", None):
        trainer.submit(job_body(storage) | {"GlobalParameters": {"Random seed": seed}})


def test_unknown_members_are_ignored(trainer: Trainer, storage: Storage) -> None:
    """The id of a batch pool, and whatever else a client sends along, changes nothing (1.3)."""
    body = job_body(storage) | {"AzureBatchPoolId": "8dfc151b0d3e446497b845f3b29ef53b", "Comment": ["any"]}
    body["Inputs"]["input1"]["Format"] = "csv"
    trainer.submit(body)


def test_property_names_have_any_case(trainer: Trainer, storage: Storage) -> None:
    """Names of the protocol match in any case; names that the user chose do not (1.3)."""
    body = {name.upper(): value for name, value in job_body(storage).items()}
    body["INPUTS"] = {"input1": {name.lower(): value for name, value in body["INPUTS"]["input1"].items()}}
    trainer.submit(body)
    answer = trainer.call("POST", json=body | {"GLOBALPARAMETERS": {"RANDOM SEED": 1}})
    assert "UnexpectedParameter" in answer.text


def test_misspelt_members_are_missed(trainer: Trainer, storage: Storage) -> None:
    """A `ConnetionString` is unknown, so the blob lacks its account, and the answer says so without the text (1.3)."""
    body = job_body(storage)
    body["Inputs"]["input1"]["ConnetionString"] = body["Inputs"]["input1"].pop("ConnectionString")
    answer = trainer.call("POST", json=body)
    assert "MissingInputBlobInformation" in answer.text
    assert "AccountKey" not in answer.text


def test_a_second_submit_is_a_second_job(trainer: Trainer, storage: Storage) -> None:
    """The same body twice gives two ids (1.4)."""
    assert trainer.submit(job_body(storage)) != trainer.submit(job_body(storage))


def test_a_new_job_is_not_started(trainer: Trainer, storage: Storage) -> None:
    """Until it is started it says so, and has no results (1.4, 1.6)."""
    expected = {"StatusCode": "NotStarted", "Results": None, "Details": None}
    assert trainer.status(trainer.submit(job_body(storage))) == expected


def test_states_come_in_their_order(trainer: Trainer, storage: Storage) -> None:
    """What a client sees of NotStarted, Running and Finished comes in this order, results with the last (1.6)."""
    order = ["NotStarted", "Running", "Finished"]
    job = trainer.submit(job_body(storage, name="order"))
    trainer.start(job)
    statuses = [trainer.status(job)]
    while statuses[-1]["StatusCode"] != "Finished":
        statuses.append(trainer.status(job))
    states = [status["StatusCode"] for status in statuses]
    assert states == sorted(states, key=order.index)
    assert all((status["Results"] is None) is (status["StatusCode"] != "Finished") for status in statuses)


def test_delete_after_the_end_changes_nothing(trainer: Trainer, storage: Storage) -> None:
    """Clients that tidy up delete a finished job; its results can still be read (1.7)."""
    job = trainer.submit(job_body(storage, name="tidy"))
    trainer.start(job)
    assert trainer.ended(job)["StatusCode"] == "Finished"
    assert trainer.call("DELETE", f"/{job}").status_code == 204
    assert trainer.status(job)["StatusCode"] == "Finished"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/start")])
def test_an_unknown_job_is_404(trainer: Trainer, method: str, path: str) -> None:
    """For each operation (1.9)."""
    assert trainer.call(method, f"/{'0' * 32}{path}").status_code == 404


def test_scoring_needs_no_global_parameters(studio: RunningStudio) -> None:
    """They may be missing, null or empty (2)."""
    endpoint = studio.endpoint("production")
    inputs = {"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [ROW]}}}
    for body in (inputs, inputs | {"GlobalParameters": None}, inputs | {"GlobalParameters": {}}):
        url, headers = endpoint["execute_url"].partition("?")[0], bearer(endpoint["api_key"])
        assert requests.post(url, params=VERSION, json=body, headers=headers, timeout=TIMEOUT_S).status_code == 200


def test_management_beside_the_run_side(studio: RunningStudio) -> None:
    """Clients that are told one base URL find services below `/workspaces` as well (3.1)."""
    management = studio.describe()["management"]
    urls = [management["url"] + "/webservices", management["url"].replace("/management", "") + "/webservices"]
    answers = [requests.get(url, headers=bearer(management["token"]), timeout=TIMEOUT_S) for url in urls]
    assert answers[0].json() == answers[1].json() != []


def test_services_have_the_recorded_members(studio: RunningStudio) -> None:
    """The list's objects have the members of the recorded ones, in their order (3.2)."""
    management = studio.describe()["management"]
    url, token = management["url"] + "/webservices", bearer(management["token"])
    recorded = ["Id", "Name", "Description", "CreationTime", "WorkspaceId", "DefaultEndpointName", "EndpointCount"]
    for service in requests.get(url, headers=token, timeout=TIMEOUT_S).json():
        assert list(service) == recorded
        assert ID.fullmatch(service["Id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", service["CreationTime"])
