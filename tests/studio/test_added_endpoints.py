"""Endpoints that are added, changed and refreshed over HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.caller import (
    VERSION,
    Owner,
    Storage,
    Trainer,
    bearer,
    download,
    get_endpoint,
    job_body,
    patch,
    probability,
    refresh,
    refusal,
    refusals,
)
from tests.studio.running import EXPERIMENT, RunningStudio, publish_census, running_studio, storage_host

PREDICTIVE = f"{EXPERIMENT} [predictive exp.]"
AGAIN = {"OverwriteResources": "True"}


@pytest.fixture(scope="module")
def own_studio(published: Path, azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio that the tests of this module add endpoints to, each by names of its own."""
    data = Path(shutil.copytree(published, tmp_path_factory.mktemp("own") / "data"))
    with running_studio(data, [storage_host(azurite)]) as running:
        yield running


@pytest.fixture
def owner(own_studio: RunningStudio) -> Owner:
    """Give the owner of that studio's workspace."""
    return Owner.of(own_studio)


@pytest.fixture
def scoring(owner: Owner) -> str:
    """Give the path of its predictive service."""
    return owner.service(PREDICTIVE)


@pytest.fixture
def trained(own_studio: RunningStudio, storage: Storage) -> dict[str, Any]:
    """Give the location of a new model that answers otherwise than the seed model."""
    return dict(Trainer.of(own_studio).train(job_body(storage))["Results"]["output1"])


def test_an_added_endpoint_is_whole(
    own_studio: RunningStudio, owner: Owner, scoring: str, trained: dict[str, Any]
) -> None:
    """The full body is answered by the object; the endpoint scores as the default one, and can be updated alone."""
    body = {
        "WebServiceId": scoring[1:],
        "EndpointName": "newep01",
        "Description": "New Endpoint 01",
        "ThrottleLevel": "High",
        "MaxConcurrentCalls": 30,
        "PreventUpdate": False,
    }
    added = owner.add(scoring, "newep01", **body)
    assert added | body | {"Name": "newep01"} == added | {"EndpointName": "newep01"}
    assert added["PrimaryKey"] != added["SecondaryKey"]
    assert get_endpoint(added) == {name: added[name] for name in get_endpoint(added)}
    default = owner.described(owner.call("GET", f"{scoring}/endpoints/default").json())
    before = probability(default)
    assert probability(added) == before
    assert patch(added, trained).status_code == 200
    assert probability(added) != before == probability(default)
    described = own_studio.endpoint("newep01")
    assert (described["role"], described["patch_url"]) == ("serve", added["patch_url"])
    listed = owner.call("GET", f"{scoring}/endpoints", params={"decryptSecrets": "true"}).json()
    assert added["PrimaryKey"] in [endpoint["PrimaryKey"] for endpoint in listed]


@pytest.mark.parametrize("body", ["", "{}", '{"maxconcurrentcalls": null, "WEBSERVICEID": null, "Colour": "red"}'])
def test_an_empty_body_means_the_defaults(owner: Owner, scoring: str, body: str) -> None:
    """Nothing, null and unknown members leave 20 calls at once, and the endpoint can be updated."""
    shown = owner.call("PUT", f"{scoring}/endpoints/plain", data=body).json()
    settings = ("Description", "ThrottleLevel", "MaxConcurrentCalls", "PreventUpdate")
    assert [shown[name] for name in settings] == [None, "High", 20, False]


def test_a_second_put_changes_what_it_names(owner: Owner, scoring: str) -> None:
    """Id and keys stay, and so does what the body leaves out; Low is 4, and High is 20 again."""
    first = owner.add(scoring, "twice", description="first", maxConcurrentCalls=7)
    second = owner.add(scoring, "twice", PreventUpdate=True)
    assert second == first | {"PreventUpdate": True}
    low = owner.add(scoring, "twice", ThrottleLevel="low")
    assert (low["ThrottleLevel"], low["MaxConcurrentCalls"]) == ("Low", 4)
    high = owner.add(scoring, "twice", ThrottleLevel="High")
    assert (high["ThrottleLevel"], high["MaxConcurrentCalls"], high["Description"]) == ("High", 20, "first")


def test_every_problem_of_a_body_is_named(owner: Owner, scoring: str) -> None:
    """One answer tells them all, each with its code, and nothing is added."""
    wrong = {"WebServiceId": "0" * 32, "EndpointName": "other", "Description": 1, "MaxConcurrentCalls": 201}
    answer = owner.call("PUT", f"{scoring}/endpoints/Not-Good", json=wrong | {"ThrottleLevel": "Middle"})
    assert refusals(answer) == {
        "BadParameterValue",
        "RequestBodyInvalid",
        "WebServiceTooManyConcurrentRequestRequirement",
    }
    for part in ("'Not-Good'", "WebServiceId", "'other'", "Description must be a string", "more than 200", "'Middle'"):
        assert part in answer.text
    assert owner.call("GET", f"{scoring}/endpoints/Not-Good").status_code == 404


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"MaxConcurrentCalls": 0}, "BadParameterValue"),
        ({"MaxConcurrentCalls": True}, "RequestBodyInvalid"),
        ({"MaxConcurrentCalls": 2.5}, "RequestBodyInvalid"),
        ({"PreventUpdate": "yes"}, "RequestBodyInvalid"),
        ({"ThrottleLevel": "Low", "MaxConcurrentCalls": 20}, "WebServiceConcurrentRequestRequirementInvalid"),
        ({"ThrottleLevel": 1}, "RequestBodyInvalid"),
        ([], "RequestBodyInvalid"),
    ],
)
def test_a_wrong_body_is_refused(owner: Owner, scoring: str, body: Any, detail: str) -> None:
    """Each wrong value has its documented code."""
    answer = owner.call("PUT", f"{scoring}/endpoints/wrong", json=body)
    assert refusals(answer) == {detail}
    assert owner.call("GET", f"{scoring}/endpoints/wrong").status_code == 404


@pytest.mark.parametrize("name", ["a" * 25, "Upper", "with-dash", "ümlaut", "a b"])
def test_names_are_lower_case_letters_and_digits(owner: Owner, scoring: str, name: str) -> None:
    """Up to 24 of them; nothing else."""
    assert refusals(owner.call("PUT", f"{scoring}/endpoints/{name}")) == {"BadParameterValue"}
    assert owner.call("PUT", f"{scoring}/endpoints/{'a1' * 12}").status_code == 200


def test_only_the_workspace_adds_and_deletes(own_studio: RunningStudio, owner: Owner, scoring: str) -> None:
    """An endpoint's own key changes no settings and deletes nothing; unknown services are 404, POST is 405."""
    production = own_studio.endpoint("production")
    for method in ("PUT", "DELETE"):
        answer = owner.call(method, f"{scoring}/endpoints/production", headers=bearer(production["api_key"]))
        assert refusal(answer) == (401, "Unauthorized", "ManagementRequestUnauthorized")
        answer = owner.call(method, f"/{'0' * 32}/endpoints/production")
        assert refusal(answer) == (404, "NotFound", "WebServiceNotFound")
    answer = owner.call("DELETE", scoring, headers=bearer(production["api_key"]))
    assert refusal(answer) == (401, "Unauthorized", "ManagementRequestUnauthorized")
    assert owner.call("POST", f"{scoring}/endpoints/production").status_code == 405
    assert owner.call("DELETE", f"{scoring}/endpoints/none").status_code == 404


def test_prevent_update_is_kept(owner: Owner, scoring: str, trained: dict[str, Any]) -> None:
    """Neither PATCH nor refresh changes such an endpoint, until a PUT allows it; the default one never is."""
    fixed = owner.add(scoring, "fixed", PreventUpdate=True)
    for answer in (patch(fixed, trained), refresh(fixed, AGAIN)):
        assert refusal(answer)[:2] == (400, "InvalidOperation")
        assert "PreventUpdate" in answer.text
    owner.add(scoring, "fixed", PreventUpdate=False)
    assert patch(fixed, trained).status_code == 200
    answer = owner.call("PUT", f"{scoring}/endpoints/default", json={"PreventUpdate": False})
    assert refusals(answer) == {"BadParameterValue"}
    assert owner.add(scoring, "default", Description="first")["PreventUpdate"] is True


def test_an_endpoint_of_a_training_service_trains(own_studio: RunningStudio, owner: Owner, storage: Storage) -> None:
    """It has its own jobs URL and keys, and no resources; the default endpoint's key does not open it."""
    added = owner.add(owner.service(EXPERIMENT), "nightly")
    assert added["Resources"] == []
    trainer = Trainer(added["ApiLocation"] + "/jobs", added["SecondaryKey"])
    job = trainer.submit(job_body(storage))
    trainer.start(job)
    assert trainer.ended(job)["StatusCode"] == "Finished"
    assert Trainer.of(own_studio).call("GET", f"/{job}").status_code == 404, "it is the other endpoint's job"
    answer = trainer.call("GET", f"/{job}", headers=bearer(Trainer.of(own_studio).key))
    assert refusal(answer) == (401, "Unauthorized", "ScoreRequestUnauthorized")
    answer = refresh(added, AGAIN)
    assert refusal(answer)[:2] == (400, "InvalidOperation")
    assert "no updatable resources" in answer.text


def test_refresh_brings_the_default_model_back(owner: Owner, scoring: str, trained: dict[str, Any]) -> None:
    """By the endpoint's key, as text or boolean; 304 where nothing changes, also without OverwriteResources."""
    added = owner.add(scoring, "back")
    before, seed = probability(added), get_endpoint(added)["Resources"]
    unchanged = refresh(added, AGAIN)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert patch(added, trained).status_code == 200
    keeping: list[Any] = [{}, {"OverwriteResources": "false"}, {"OverwriteResources": None}]
    for body in keeping:
        assert refresh(added, body).status_code == 304
    assert probability(added) != before
    answer = refresh(added, {"overwriteResources": True})
    assert (answer.status_code, answer.text) == (200, "")
    assert probability(added) == before
    assert get_endpoint(added)["Resources"] == seed
    wrong: list[Any] = [{"OverwriteResources": 1}, {"OverwriteResources": "perhaps"}, []]
    for body in wrong:
        assert refusals(refresh(added, body)) == {"RequestBodyInvalid"}
    default = owner.described(owner.call("GET", f"{scoring}/endpoints/default").json())
    assert refusal(refresh(default, AGAIN))[:2] == (400, "InvalidOperation")


def test_a_refresh_waits_as_a_patch_does(own_data: Path, trained: dict[str, Any], azurite: str) -> None:
    """The model of before answers until the activation delay has passed."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        assert patch(studio.endpoint("staging"), trained).status_code == 200
        patched = probability(studio.endpoint("staging"))
    with running_studio(own_data, activation_delay_s=3600) as studio:
        staging = studio.endpoint("staging")
        assert refresh(staging, AGAIN).status_code == 200
        assert probability(staging) == patched
        assert refresh(staging, AGAIN).status_code == 304, "it has been given that model already"


def test_publishing_again_leaves_added_endpoints_alone(own_data: Path, tmp_path: Path) -> None:
    """A running studio serves the new seed model by default; what was added keeps its own, and gone stays gone."""
    with running_studio(own_data) as studio:
        owner = Owner.of(studio)
        scoring = owner.service(PREDICTIVE)
        added = owner.add(scoring, "mine", MaxConcurrentCalls=3)
        default = owner.described(owner.call("GET", f"{scoring}/endpoints/default").json())
        assert owner.call("DELETE", f"{scoring}/endpoints/staging").status_code == 204
        before = probability(default)
        assert probability(added) == before
        publish_census(tmp_path, own_data, rows=900)
        assert probability(added) == before != probability(default)
        shown = owner.call("GET", f"{scoring}/endpoints").json()
        assert [(each["Name"], each["MaxConcurrentCalls"]) for each in shown] == [
            *(("default", 20), ("production", 20), ("mine", 3)),
        ]
        assert refresh(added, AGAIN).status_code == 200
        assert probability(added) == probability(default)


def test_a_model_of_an_added_endpoint_is_a_copy(owner: Owner, scoring: str, trained: dict[str, Any]) -> None:
    """An update of the endpoint it came from, and of its neighbours, leaves an added endpoint's model in place."""
    added, second = owner.add(scoring, "copy"), owner.add(scoring, "second")
    before = probability(added)
    assert patch(second, trained).status_code == 200
    assert owner.call("DELETE", f"{scoring}/endpoints/second").status_code == 204
    assert probability(added) == before
    assert download(trained)
    assert owner.call("GET", f"{scoring}/endpoints/second", params=VERSION).status_code == 404
