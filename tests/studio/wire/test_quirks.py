"""Odd behaviour of the original, each by its switch, over HTTP."""

import csv
import io
from pathlib import Path

import pytest
import requests

from studio.errors import SetupError
from studio.wire.quirks import Quirks, StatusNumber
from tests.studio.caller import Storage, Trainer, download, job_body, refusal
from tests.studio.running import running_studio, storage_host


def test_the_quirks_of_jobs(own_data: Path, storage: Storage) -> None:
    """Numbers for states, one Result, outputs the other way round, two rows, Infinity."""
    names = ("integer-status", "single-result", "outputs-swapped", "two-rows", "infinite-metric")
    more = [part for name in names for part in ("--quirk", name)]
    with running_studio(own_data, [storage_host(storage.connection_string)], more=more) as studio:
        trainer = Trainer.of(studio)
        wrong = trainer.call("POST", json=job_body(storage))
        assert refusal(wrong)[2] == "InvalidBlobExtension", "output1 is the evaluation now"
        body = job_body(storage)
        body["Outputs"] = {
            "output1": storage.reference("quirk/evaluation.csv"),
            "output2": storage.reference("quirk/model.ilearner"),
        }
        job = trainer.submit(body)
        assert trainer.status(job) == {"StatusCode": 0, "Result": None, "Details": None}
        trainer.start(job)
        while (status := trainer.status(job))["StatusCode"] in (0, 1):
            pass
    assert status["StatusCode"] == 4, status
    header, *rows = csv.reader(io.StringIO(download(status["Result"]).decode()))
    assert len(rows) == 2
    assert [row[-1] for row in rows] == ["Infinity", "Infinity"]
    assert "AUC" in header
    assert storage.exists("quirk/model.ilearner")


def test_an_early_submit_starts_its_job(own_data: Path, storage: Storage) -> None:
    """As before version 2.0: without api-version the submit is the start; with it a start is needed as ever."""
    with running_studio(
        own_data, [storage_host(storage.connection_string)], more=["--quirk", "early-submit"]
    ) as studio:
        trainer = Trainer.of(studio)
        job = trainer.call("POST", json=job_body(storage, name="early"), params={}).json()
        assert trainer.ended(job)["StatusCode"] == "Finished"
        assert refusal(trainer.start(job))[2] == "CannotStartJob"
        later = trainer.submit(job_body(storage, name="later"))
        assert trainer.status(later)["StatusCode"] == "NotStarted"
        assert trainer.call("POST", json=job_body(storage), params={"api-version": "1.0"}).status_code == 400


def test_troubles_come_every_so_many_requests(own_data: Path) -> None:
    """Every third request of the protocol is throttled, every second answered in plain text; health never is."""
    more = ["--quirk", "plain-500=2", "--quirk", "throttled-503=3"]
    with running_studio(own_data, more=more) as studio:
        trainer = Trainer.of(studio)
        answers = [trainer.call("GET", "/none") for _ in range(6)]
        health = [requests.get(f"{studio.base_url}/health", timeout=30).status_code for _ in range(6)]
    assert [answer.status_code for answer in answers] == [404, 500, 503, 500, 404, 500]
    assert answers[1].headers["content-type"].startswith("text/plain")
    assert refusal(answers[2]) == (503, "ServiceUnavailable", "RequestThrottled")
    assert health == [200] * 6


def test_unknown_switches_are_all_named() -> None:
    """A misspelt name, a missing number and a needless number are all named, with the known quirks."""
    with pytest.raises(SetupError) as raised:
        Quirks.of(["two-row", "plain-500", "plain-500=0", "two-rows=2", "two-rows"])
    text = str(raised.value)
    for wrong in ("'two-row'", "'plain-500'", "'plain-500=0'", "'two-rows=2'", "throttled-503=N"):
        assert wrong in text


def test_states_have_the_documented_numbers() -> None:
    """Finished is 4 and Failed 2 (protocol, surprise 4)."""
    numbers = {state.name: int(state) for state in StatusNumber}
    assert numbers == {"NotStarted": 0, "Running": 1, "Failed": 2, "Cancelled": 3, "Finished": 4}


def test_without_switches_nothing_changes() -> None:
    """States are words, and the evaluation is as it was measured."""
    quirks = Quirks.of([])
    assert quirks.evaluation("AUC\n0.5\n") == "AUC\n0.5\n"
    assert quirks.status("Finished") == "Finished"
