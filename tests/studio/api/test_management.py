"""Endpoint management over HTTP: reading endpoints and giving them other models."""

from typing import Any

import pytest
import requests

from tests.studio.caller import (
    NAMES,
    ROW,
    Storage,
    Trainer,
    bearer,
    download,
    get_endpoint,
    job_body,
    patch,
    probability,
    refusal,
    score,
)
from tests.studio.running import RunningStudio, census_csv, running_studio, storage_host

Model = dict[str, Any]


@pytest.fixture
def trained(trainer: Trainer, storage: Storage) -> Model:
    """Give the location of a new model that answers otherwise than the seed model."""
    return dict(trainer.train(job_body(storage))["Results"]["output1"])


def test_an_endpoint_shows_itself(studio: RunningStudio) -> None:
    """The object has the recorded members, its URL scores, and its resource can be updated."""
    described = studio.endpoint("staging")
    shown = get_endpoint(described)
    recorded = ["Name", "Description", "CreationTime", "WorkspaceId", "WebServiceId", "HelpLocation", "PrimaryKey"]
    recorded += ["SecondaryKey", "ApiLocation", "PreventUpdate", "MaxConcurrentCalls", "DiagnosticsTraceLevel"]
    assert list(shown)[: len(recorded)] == recorded
    assert shown["Name"] == "staging"
    assert len(shown["PrimaryKey"]) == 88
    assert (shown["PreventUpdate"], shown["Description"]) == (False, None)
    assert (shown["MaxConcurrentCalls"], shown["ThrottleLevel"]) == (20, "High")
    assert [resource["Name"] for resource in shown["Resources"]] == ["Census Model [trained model]"]
    assert set(shown["Resources"][0]["Location"]) == {"BaseLocation", "RelativeLocation", "SasBlobToken"}
    assert shown["Resources"][0]["Location"]["SasBlobToken"] is None
    by_location = {"execute_url": shown["ApiLocation"] + "/execute", "api_key": shown["SecondaryKey"]}
    assert score(by_location, NAMES, [ROW]).ok


def test_lists_are_for_the_workspace(studio: RunningStudio) -> None:
    """The workspace's token lists services and endpoints, an endpoint's key does not."""
    management = studio.describe()["management"]
    url, token = management["url"] + "/webservices", bearer(management["token"])
    services = requests.get(url, headers=token, timeout=30).json()
    assert [service["EndpointCount"] for service in services] == [1, 3]
    assert services[0]["DefaultEndpointName"] == "default"
    assert requests.get(f"{url}/{services[0]['Id']}", headers=token, timeout=30).json() == services[0]
    endpoints = requests.get(f"{url}/{services[1]['Id']}/endpoints", headers=token, timeout=30).json()
    assert [endpoint["Name"] for endpoint in endpoints] == ["default", "production", "staging"]
    for path in (url, f"{url}/{services[1]['Id']}/endpoints"):
        answer = requests.get(path, headers=bearer(studio.endpoint("staging")["api_key"]), timeout=30)
        assert refusal(answer) == (401, "Unauthorized", "ManagementRequestUnauthorized")


def test_a_patched_endpoint_answers_by_the_new_model(own_data: Any, trained: Model, azurite: str) -> None:
    """One endpoint changes, the other does not; the object says where the model came from, without its token."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        production, staging = studio.endpoint("production"), studio.endpoint("staging")
        before = probability(production)
        answer = patch(staging, trained)
        assert (answer.status_code, answer.text) == (200, "")
        assert probability(staging) != before == probability(production)
        location = get_endpoint(staging)["Resources"][0]["Location"]
        assert location["SasBlobToken"] is None
        assert location["RelativeLocation"] == trained["RelativeLocation"]
        assert location["BaseLocation"] == trained["BaseLocation"]
        again = {"BaseLocation": trained["BaseLocation"].rstrip("/"), "SasBlobToken": trained["SasBlobToken"]}
        answer = patch(production, again | {"RelativeLocation": "/" + trained["RelativeLocation"]})
        assert answer.status_code == 200
        assert probability(production) == probability(staging)
        after = probability(production)
    with running_studio(own_data) as studio:
        assert probability(studio.endpoint("production")) == after, "a restart keeps the model"


def test_a_new_model_waits_for_its_time(own_data: Any, trained: Model, azurite: str) -> None:
    """Until the activation delay has passed the old model answers, also after a restart, and the new one is shown."""
    for _ in range(2):
        with running_studio(own_data, [storage_host(azurite)], activation_delay_s=3600) as studio:
            staging = studio.endpoint("staging")
            assert probability(staging) == probability(studio.endpoint("production"))
            assert patch(staging, trained).ok
            assert probability(staging) == probability(studio.endpoint("production"))
            shown = get_endpoint(staging)["Resources"][0]["Location"]["RelativeLocation"]
            assert shown == trained["RelativeLocation"]


def test_an_ignored_patch_changes_nothing(own_data: Any, trained: Model, azurite: str) -> None:
    """With --ignore-patch the answer is 200, and neither the answers nor the shown location change."""
    with running_studio(own_data, [storage_host(azurite)], ignore_patch=["production"]) as studio:
        production = studio.endpoint("production")
        before = probability(production), get_endpoint(production)
        assert patch(production, trained).status_code == 200
        assert (probability(production), get_endpoint(production)) == before


def test_what_cannot_be_updated(studio: RunningStudio, trained: Model) -> None:
    """The default endpoint, the training service and unknown resources are refused in words."""
    staging = studio.endpoint("staging")
    management = studio.describe()["management"]
    workspace = {"api_key": management["token"]}
    default = staging | workspace | {"patch_url": staging["patch_url"].replace("/staging", "/default")}
    answer = patch(default, trained)
    assert refusal(answer)[:2] == (400, "InvalidOperation")
    assert "not updatable" in answer.text
    services = requests.get(management["url"] + "/webservices", headers=bearer(management["token"]), timeout=30).json()
    training = management["url"] + f"/webservices/{services[0]['Id']}/endpoints/default"
    answer = patch(staging | workspace | {"patch_url": training}, trained)
    assert refusal(answer)[:2] == (400, "InvalidOperation")
    assert "no updatable resources" in answer.text
    answer = patch(staging, trained, Name="Sensus Model [trained model]")
    assert refusal(answer) == (400, "BadArgument", "BadParameterValue")
    assert "Census Model [trained model]" in answer.text
    wrong = staging | {"api_key": studio.endpoint("production")["api_key"]}
    assert refusal(patch(wrong, trained)) == (401, "Unauthorized", "ManagementRequestUnauthorized")
    nowhere = staging | {"patch_url": staging["patch_url"] + "x"}
    assert patch(nowhere, trained).status_code == 401, "the names of endpoints are not for everybody"
    assert patch(nowhere | workspace, trained).status_code == 404


def test_a_model_that_cannot_be_used_leaves_the_old_one(
    studio: RunningStudio, trainer: Trainer, trained: Model, storage: Storage
) -> None:
    """Missing, unreadable, damaged and unfitting models are refused with their codes; the endpoint stays as it was."""
    staging = studio.endpoint("staging")
    before = probability(staging)
    model = download(trained)
    storage.put("cut.ilearner", model[:-9])
    storage.put("text.ilearner", "hello")
    other_columns = census_csv(seed=5).replace("region", "district", 1)
    storage.put("other.csv", other_columns)
    unfitting = trainer.train(job_body(storage, "other.csv", "other_columns"))["Results"]["output1"]
    by_key = storage.reference
    cases: list[tuple[dict[str, Any], str]] = [
        (trained | {"RelativeLocation": trained["RelativeLocation"] + ".csv"}, "InvalidBlobExtension"),
        (by_key("missing.ilearner"), "BlobNotFound"),
        (trained | {"SasBlobToken": trained["SasBlobToken"].replace("sig=", "sig=A")}, "InvalidBlob"),
        (by_key("cut.ilearner"), "InvalidBlob"),
        (by_key("text.ilearner"), "InvalidBlob"),
        (trained | {"BaseLocation": "http://127.0.0.1:9/devstoreaccount1/"}, "InvalidBlob"),
        (trained | {"BaseLocation": "http://storage.example/"}, "InvalidBlob"),
        (trained | {"SasBlobToken": None}, "MissingInputBlobInformation"),
        (unfitting, "IncompatibleModel"),
    ]
    for location, detail in cases:
        answer = patch(staging, location)
        assert (answer.status_code, refusal(answer)[2]) == (400, detail), answer.text
        assert "sig=" not in answer.text
    for body in (b"", b"[]", b'{"Resources": []}', b'{"Resources": [{"Name": 1}]}'):
        answer = requests.patch(staging["patch_url"], data=body, headers=bearer(staging["api_key"]), timeout=30)
        assert refusal(answer) == (400, "BadArgument", "RequestBodyInvalid")
    assert probability(staging) == before
