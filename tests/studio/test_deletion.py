"""Deleting endpoints and services: what goes with them, and what stays."""

import time
from pathlib import Path

import requests

from tests.studio.caller import (
    NAMES,
    ROW,
    TIMEOUT_S,
    Owner,
    Storage,
    Trainer,
    job_body,
    patch,
    probability,
    refresh,
    refusal,
    score,
)
from tests.studio.running import EXPERIMENT, census_csv, child_processes, publish_census, running_studio, storage_host
from tests.studio.test_restart import SECRET

PREDICTIVE = f"{EXPERIMENT} [predictive exp.]"


def model_files(data: Path) -> set[str]:
    """Return the names of the models that a studio keeps."""
    return {path.name for path in (data / "models").iterdir()}


def content(path: Path) -> bytes:
    """Return what a file holds; nothing of a folder, or of a file that a running studio has just removed."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""


def test_a_deleted_endpoint_is_gone(own_data: Path, storage: Storage, azurite: str) -> None:
    """Its URLs answer 404, its own model's file goes, that of others stays; its name can be used again."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        owner = Owner.of(studio)
        scoring = owner.service(PREDICTIVE)
        added = owner.add(scoring, "short")
        shared = model_files(own_data)
        trained = Trainer.of(studio).train(job_body(storage))["Results"]["output1"]
        assert patch(added, trained).status_code == 200
        assert model_files(own_data) > shared
        answer = owner.call("DELETE", f"{scoring}/endpoints/short")
        assert (answer.status_code, answer.text) == (204, "")
        assert model_files(own_data) == shared
        assert refusal(score(added, NAMES, [ROW])) == (404, "NotFound", "WebServiceNotFound")
        assert refusal(patch(added, trained))[0] == refusal(refresh(added, {}))[0] == 401, "its keys are no keys"
        assert owner.call("DELETE", f"{scoring}/endpoints/short").status_code == 404
        again = owner.add(scoring, "short")
        assert again["PrimaryKey"] != added["PrimaryKey"]
        assert probability(again) == probability(studio.endpoint("production"))


def test_jobs_go_with_their_endpoint(own_data: Path, storage: Storage, azurite: str) -> None:
    """One that runs, one that is queued and one that nobody started: no outputs, no secrets; other jobs go on."""
    storage.put("big.csv", census_csv(rows=40_000))
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        owner = Owner.of(studio)
        training = owner.service(EXPERIMENT)
        added = owner.add(training, "nightly")
        trainer = Trainer(added["ApiLocation"] + "/jobs", added["PrimaryKey"])
        names = ("running", "queued", "unstarted")
        jobs = [trainer.submit(job_body(storage, "big.csv", name)) for name in names]
        for job in jobs[:2]:
            assert trainer.start(job).status_code == 204
        page, password = f"{studio.base_url}/jobs/{jobs[0]}", ("owner", owner.token)
        while ": tree " not in requests.get(page, auth=password, timeout=TIMEOUT_S).text:
            time.sleep(0.01)  # one that only fetches its input has no training that could be stopped
        processes = set(child_processes(studio.process))
        assert owner.call("DELETE", f"{training}/endpoints/nightly").status_code == 204
        assert not [path for path in own_data.rglob("*") if SECRET.encode() in content(path)]
        assert [trainer.call("GET", f"/{job}").status_code for job in jobs] == [404] * 3
        while processes <= set(child_processes(studio.process)):
            time.sleep(0.01)  # until the training that nobody wants is stopped
        # There is one worker: when it has done this one, it has left the others.
        assert Trainer.of(studio).train(job_body(storage, name="next"))["StatusCode"] == "Finished"
        assert not any(storage.exists(f"{name}/model.ilearner") for name in names)
        assert trainer.call("POST", json=job_body(storage)).status_code == 404


def test_the_default_endpoint_goes_last(own_data: Path) -> None:
    """While there are others it is refused in the documented words; with it the service goes as well."""
    with running_studio(own_data) as studio:
        owner = Owner.of(studio)
        scoring = owner.service(PREDICTIVE)
        answer = owner.call("DELETE", f"{scoring}/endpoints/default")
        assert refusal(answer)[:2] == (400, "InvalidOperation")
        assert "cannot delete the default endpoint" in answer.text
        assert "production, staging" in answer.text
        for name in ("production", "staging", "default"):
            assert owner.call("DELETE", f"{scoring}/endpoints/{name}").status_code == 204
        assert owner.call("GET", scoring).status_code == 404
        assert model_files(own_data) == set()


def test_a_deleted_service_is_published_anew(own_data: Path, tmp_path: Path, storage: Storage, azurite: str) -> None:
    """The other service goes on; publishing makes a new one with new keys; in between `describe` has no half."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        owner = Owner.of(studio)
        scoring, before = owner.service(PREDICTIVE), studio.service()
        production = studio.endpoint("production")
        assert owner.call("DELETE", scoring).status_code == 204
        assert [service["Name"] for service in owner.call("GET").json()] == [EXPERIMENT]
        assert owner.call("GET", f"{scoring}/endpoints").status_code == 404
        assert score(production, NAMES, [ROW]).status_code == 404
        assert studio.describe()["services"] == []
        assert not Path(before["seed_model"]).exists()
        trainer = Trainer(before["training"]["jobs_url"], before["training"]["api_key"])
        assert trainer.train(job_body(storage))["StatusCode"] == "Finished"
        publish_census(tmp_path, own_data)
        after = studio.service()
        assert after["training"] == before["training"]
        assert owner.service(PREDICTIVE) != scoring
        assert studio.endpoint("production")["api_key"] != production["api_key"]
        staging = studio.endpoint("staging")
        assert owner.call("DELETE", owner.service(EXPERIMENT)).status_code == 204
        assert trainer.call("POST", json=job_body(storage)).status_code == 404
        assert probability(staging), "the predictive service goes on"
