"""The batch jobs of the studio, over HTTP and with real storage."""

import csv
import io
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from studio.models.model_file import load_model
from tests.studio.caller import VERSION, Owner, Storage, Trainer, bearer, download, job_body, refusal
from tests.studio.running import RunningStudio, census_csv


def test_a_job_writes_a_model_and_its_evaluation(trainer: Trainer, storage: Storage) -> None:
    """A job runs only once started, ends Finished, and both outputs can be read by their links."""
    job = trainer.submit(job_body(storage))
    assert trainer.status(job) == {"StatusCode": "NotStarted", "Results": None, "Details": None}
    assert trainer.start(job).status_code == 204
    status = trainer.ended(job)
    assert status["StatusCode"] == "Finished", status
    assert load_model(download(status["Results"]["output1"])).classes == ("<=50K", ">50K")
    (row,) = csv.DictReader(io.StringIO(download(status["Results"]["output2"]).decode()))
    assert list(row) == [
        "Accuracy",
        "Precision",
        "Recall",
        "F-Score",
        "AUC",
        "Average Log Loss",
        "Training Log Loss",
    ]
    assert 0.8 < float(row["AUC"]) <= 1


def test_a_finished_job_says_what_was_noticed(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """Its details are the notes of its training, a note a line; its page shows no failure."""
    storage.put("odd.csv", census_csv(seed=2).replace("income\n", "income,\n", 1).replace("K\n", "K,\n"))
    job = trainer.submit(job_body(storage, "odd.csv"))
    trainer.start(job)
    status = trainer.ended(job)
    assert status["StatusCode"] == "Finished", status
    first, *_, last = status["Details"].splitlines()
    assert first == "'Col6' (the file's column 6, without a name): dropped: it has no values, 400 missing"
    assert last.startswith("'region': 2 categories, ")
    page = requests.get(f"{studio.base_url}/jobs/{job}", auth=("x", Owner.of(studio).token), timeout=30)
    assert page.status_code == 200
    assert "Why it failed" not in page.text
    assert "without a name): dropped" in page.text


def test_the_same_job_twice_gives_the_same_bytes(trainer: Trainer, storage: Storage) -> None:
    """Training is deterministic, and another seed is another model."""
    bodies = [job_body(storage, name=name) for name in ("a", "b", "c")]
    bodies[2]["GlobalParameters"] = {"Random seed": 99}
    models = [download(trainer.train(body)["Results"]["output1"]) for body in bodies]
    assert models[0] == models[1] != models[2]


def test_a_token_is_for_reading_one_blob_for_a_day(trainer: Trainer, storage: Storage) -> None:
    """The token says sr=b and sp=r, spans 24 h 5 min, and does not let a caller write."""
    result = trainer.train(job_body(storage))["Results"]["output1"]
    assert result["ConnectionString"] is None
    assert result["RelativeLocation"] == f"{storage.container}/job/model.ilearner"
    assert result["BaseLocation"].endswith("/")
    token = result["SasBlobToken"]
    assert token.startswith("?")
    values = {name: value[0] for name, value in parse_qs(token[1:]).items()}
    assert (values["sr"], values["sp"]) == ("b", "r")
    lifetime = datetime.fromisoformat(values["se"]) - datetime.fromisoformat(values["st"])
    assert lifetime == timedelta(hours=24, minutes=5)
    link = result["BaseLocation"] + result["RelativeLocation"] + token
    written = requests.put(link, data=b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=30)
    assert written.status_code == 403


def test_a_job_with_a_leading_slash_and_by_sas(trainer: Trainer, storage: Storage) -> None:
    """An input may be a location with a token, with a leading slash, and with the gen-1 property `Input`."""
    first = trainer.train(job_body(storage))
    evaluation = first["Results"]["output2"]
    storage.put("again.csv", census_csv(seed=3))
    body = job_body(storage, name="second")
    del body["Inputs"]
    body["input"] = storage.reference("again.csv", RelativeLocation=f"/{storage.container}/again.csv")
    assert trainer.train(body)["StatusCode"] == "Finished"
    body["input"] = {**evaluation, "RelativeLocation": "/" + evaluation["RelativeLocation"]}
    status = trainer.train(body)
    assert status["StatusCode"] == "Failed", "it was read: but it is an evaluation and not a table with the label"
    assert "'income' is missing" in status["Details"]


def test_starting_twice_is_refused(trainer: Trainer, storage: Storage) -> None:
    """A second start answers CannotStartJob, before and after the end."""
    job = trainer.submit(job_body(storage))
    trainer.start(job)
    assert refusal(trainer.start(job)) == (400, "InvalidOperation", "CannotStartJob")
    trainer.ended(job)
    again = trainer.start(job)
    assert refusal(again) == (400, "InvalidOperation", "CannotStartJob")
    assert "Finished state" in again.text


def test_a_cancelled_job_stays_cancelled(trainer: Trainer, storage: Storage) -> None:
    """DELETE makes it Cancelled (with two l's), it cannot be started, and a second DELETE changes nothing."""
    job = trainer.submit(job_body(storage, name="never"))
    assert trainer.call("DELETE", f"/{job}").ok
    assert trainer.status(job)["StatusCode"] == "Cancelled"
    assert refusal(trainer.start(job)) == (400, "InvalidOperation", "CannotStartJob")
    assert trainer.call("DELETE", f"/{job}").ok
    assert not storage.exists("never/model.ilearner")


def test_cancelling_a_running_job_frees_its_worker(trainer: Trainer, storage: Storage) -> None:
    """A training in the middle is stopped; the next job runs; a finished job stays Finished."""
    storage.put("big.csv", census_csv(rows=20_000))
    long, short = trainer.submit(job_body(storage, "big.csv", "long")), trainer.submit(job_body(storage))
    trainer.start(long)
    trainer.start(short)
    while trainer.status(long)["StatusCode"] == "NotStarted":
        time.sleep(0.01)
    trainer.call("DELETE", f"/{long}")
    assert trainer.ended(short)["StatusCode"] == "Finished"
    assert trainer.status(long)["StatusCode"] == "Cancelled"
    assert not storage.exists("long/model.ilearner")
    trainer.call("DELETE", f"/{short}")
    assert trainer.status(short)["StatusCode"] == "Finished"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist"),
        ("age,income\n1,>50K\n2\n3,4,5\n", "line 3 has 1 cell, the header has 2"),
        ("age,age,income\n", "more than one column is called 'age'"),
        ("age,hours\n1,2\n", "'income' is missing"),
        ("age,income\n" + "1,?\n2,>50K\n" * 9, "line 2: the label 'income' is missing"),
        ("age,income\n" + "1,>50K\n" * 30, "must hold exactly two values"),
        ("", "the file is empty"),
    ],
)
def test_a_bad_input_fails_the_job_in_words(
    trainer: Trainer, storage: Storage, content: str | None, reason: str
) -> None:
    """The job ends Failed, its details name module, request and reason, and show no key."""
    if content is not None:
        storage.put("bad.csv", content)
    status = trainer.train(job_body(storage, "bad.csv"))
    assert status["StatusCode"] == "Failed"
    assert status["Results"] is None
    for part in (reason, "Module: ", "requestId = ", '"Exception"'):
        assert part in status["Details"]
    assert "AccountKey" not in status["Details"]


def test_the_other_prefix_is_the_same_service(trainer: Trainer, storage: Storage) -> None:
    """Jobs of resource-managed services stand under /subscriptions/ (protocol 1.1): accepted as well."""
    by_subscription = Trainer(trainer.jobs_url.replace("/workspaces/", "/subscriptions/"), trainer.key)
    assert by_subscription.train(job_body(storage))["StatusCode"] == "Finished"


def test_a_job_that_names_no_outputs_needs_a_storage_of_the_studio(trainer: Trainer, storage: Storage) -> None:
    """Without one the answer says which variable gives it one."""
    body = job_body(storage)
    del body["Outputs"]
    answer = trainer.call("POST", json=body)
    assert refusal(answer)[2] == "MissingRequiredOutputOverrides"
    assert "STUDIO_STORAGE" in answer.text


def _change(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split("/")
    at = body
    for parent in parents:
        at = at[parent]
    at[last] = value
    return body


OUT = {"ConnectionString": "AccountName=a;AccountKey=YQ==", "RelativeLocation": "c/x.csv"}


@pytest.mark.parametrize(
    ("path", "value", "detail"),
    [
        ("Input", OUT, "DuplicateInputInBatchCall"),
        ("Inputs", {}, "BatchJobInputsNotSpecified"),
        ("Inputs", {"Input1": OUT}, "InvalidInputNames"),
        ("Inputs", {"input1": OUT, "input2": OUT}, "MultipleInputsNotAllowed"),
        ("Inputs/input1/RelativeLocation", "c/x.txt", "InvalidBlobExtension"),
        ("Inputs/input1/RelativeLocation", "c", "InputBlobRelativeLocationInvalid"),
        ("Inputs/input1/ConnectionString", "AccountName=a", "InvalidBlobConnectionString"),
        ("Inputs/input1/ConnectionString", OUT["ConnectionString"], "InvalidBlob"),
        ("Outputs", {"result": OUT}, "InvalidOutputOverrideName"),
        ("Outputs", {"output2": OUT}, "MissingRequiredOutputOverrides"),
        ("Outputs/output1", None, "MissingOutputOverrideSpecification"),
        ("Outputs/output1/RelativeLocation", "c/model.csv", "InvalidBlobExtension"),
        ("Outputs/output2/RelativeLocation", "c/e.ilearner", "InvalidBlobExtension"),
        ("GlobalParameters", {"random seed": 1}, "UnexpectedParameter"),
        ("GlobalParameters", {"Random seed": "soon"}, "BadParameterValue"),
        ("Inputs", "input1", "RequestBodyInvalid"),
    ],
)
def test_a_wrong_submit_is_refused(trainer: Trainer, storage: Storage, path: str, value: Any, detail: str) -> None:
    """Each mistake in a submit has its documented code."""
    answer = trainer.call("POST", json=_change(job_body(storage), path, value))
    status, _, code = refusal(answer)
    assert (status, code) == (400, detail)


def test_a_storage_host_outside_the_list_is_refused(trainer: Trainer, storage: Storage) -> None:
    """The answer names the host and what to start the studio with."""
    body = job_body(storage)
    body["Inputs"]["input1"] = {
        "BaseLocation": "https://elsewhere.example/",
        "RelativeLocation": "c/in.csv",
        "SasBlobToken": "?sig=abc",
    }
    answer = trainer.call("POST", json=body)
    assert refusal(answer) == (400, "BadArgument", "InvalidBlob")
    assert "--allow-host elsewhere.example:443" in answer.text
    assert "abc" not in answer.text


def test_who_may_call(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """Wrong keys answer 401, wrong versions 400, unknown jobs 404; the scheme's case does not matter."""
    for headers in ({}, bearer("wrong"), bearer(studio.endpoint("production")["api_key"])):
        answer = trainer.call("POST", json=job_body(storage), headers=headers)
        assert refusal(answer) == (401, "Unauthorized", "ScoreRequestUnauthorized")
    for params in ({}, {"api-version": "1.0"}):
        answer = trainer.call("POST", json=job_body(storage), params=params)
        assert refusal(answer) == (400, "BadArgument", "BadVersionCall")
    assert trainer.call("GET", "/" + "0" * 32).status_code == 404
    body = job_body(storage)
    assert trainer.call("POST", json=body, headers={"authorization": f"bearer {trainer.key}"}).ok
    assert refusal(trainer.call("POST", data=b"{", headers=bearer(trainer.key)))[2] == "RequestBodyInvalid"
    wrong_place = trainer.jobs_url.replace("/workspaces/", "/workspaces/0")
    assert requests.get(wrong_place, params=VERSION, timeout=30).status_code in (404, 405)
