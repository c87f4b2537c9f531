"""Where jobs read from and write to: outputs by SAS and in other formats, and storage that fails in the middle."""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from scipy.io import arff

from tests.studio.caller import Storage, Trainer, download, job_body, refusal
from tests.studio.odd_hosts import CANARY, TOKEN, answer, odd_host
from tests.studio.running import RunningStudio, running_studio
from tests.studio.storage.test_blobs import endpoint, token

HEADER = ("Accuracy", "Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss")


@pytest.fixture(scope="module")
def local_studio(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio that may go to every port of 127.0.0.1."""
    data = Path(shutil.copytree(published, tmp_path_factory.mktemp("local") / "data"))
    with running_studio(data, ["127.0.0.1:*"]) as studio:
        yield studio


@pytest.fixture
def local_trainer(local_studio: RunningStudio) -> Trainer:
    """Give the caller of that studio."""
    return Trainer.of(local_studio)


def by_sas(storage: Storage, blob: str, permissions: str = "rw") -> dict[str, Any]:
    """Return a blob reference by SAS."""
    location = {"BaseLocation": endpoint(storage), "RelativeLocation": f"{storage.container}/{blob}"}
    return {**location, "SasBlobToken": token(storage, permissions)}


def test_outputs_by_sas(local_trainer: Trainer, storage: Storage) -> None:
    """The token that was given is handed back, also when the studio has seen the account's key since."""
    body = job_body(storage)
    body["Outputs"] = {
        "output1": by_sas(storage, "a b/model.ilearner"),
        "output2": by_sas(storage, "a b/evaluation.csv"),
    }
    job = local_trainer.submit(body)
    local_trainer.start(job)
    assert local_trainer.ended(job)["StatusCode"] == "Finished"
    assert local_trainer.train(job_body(storage))["StatusCode"] == "Finished"
    for name, result in local_trainer.status(job)["Results"].items():
        assert result["SasBlobToken"] == "?" + body["Outputs"][name]["SasBlobToken"]
        assert download(result)


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [("csv", "text/csv"), ("tsv", "text/tab-separated-values"), ("arff", "text/plain; charset=utf-8")],
)
def test_the_evaluation_in_each_format(
    local_trainer: Trainer, storage: Storage, extension: str, content_type: str
) -> None:
    """The extension of the output decides; all three hold the same metrics."""
    body = job_body(storage)
    body["Outputs"]["output2"] = storage.reference(f"evaluation.{extension}")
    result = local_trainer.train(body)["Results"]["output2"]
    text = download(result).decode()
    if extension == "arff":
        data, meta = arff.loadarff(io.StringIO(text))
        names, values = meta.names(), [float(value) for value in data[0]]
    else:
        rows = list(csv.reader(io.StringIO(text), delimiter="\t" if extension == "tsv" else ","))
        names, values = rows[0], [float(cell) for cell in rows[1]]
    assert names == list(HEADER)
    assert 0.8 < values[4] <= 1
    link = result["BaseLocation"] + result["RelativeLocation"] + result["SasBlobToken"]
    assert requests.get(link, timeout=30).headers["Content-Type"] == content_type


def test_a_wrong_extension_names_the_right_ones(local_trainer: Trainer, storage: Storage) -> None:
    """Each kind of blob has its own."""
    for part, name, allowed in (
        ("Inputs", "input1", ".csv, .tsv, .nh.csv, .nh.tsv"),
        ("Outputs", "output1", ".ilearner"),
        ("Outputs", "output2", ".csv, .tsv, .arff"),
    ):
        body = job_body(storage)
        body[part][name] = storage.reference("x.txt")
        answered = local_trainer.call("POST", json=body)
        assert refusal(answered) == (400, "BadArgument", "InvalidBlobExtension")
        assert f'"{allowed}"' in answered.json()["error"]["details"][0]["message"]


def test_a_refused_output_fails_the_job(local_trainer: Trainer, storage: Storage) -> None:
    """The second output's token may only read: Failed in Export Data, saying what it lacks and what was written."""
    body = job_body(storage)
    body["Outputs"]["output2"] = by_sas(storage, "evaluation.csv", "r")
    status = local_trainer.train(body)
    assert (status["StatusCode"], status["Results"]) == ("Failed", None)
    details = status["Details"]
    assert details.startswith("Module: Export Data;")
    for part in (
        "output2 could not be written",
        "sp=r, but writing needs the permission 'w'",
        "Already written: output1 to ",
    ):
        assert part in details
    assert "sig=" not in details
    assert storage.exists("job/model.ilearner")


def test_an_input_host_that_stays_broken_fails_the_job(local_trainer: Trainer, storage: Storage) -> None:
    """It is asked again, a little; then the details name module, blob, host and answer."""
    with odd_host(lambda connection, _: connection.sendall(answer(b"", "503 Busy", Content_Length="0"))) as host:
        body = job_body(storage)
        body["Inputs"]["input1"] = {
            "BaseLocation": f"http://127.0.0.1:{host.port}/account",
            "RelativeLocation": "c/in.csv",
            "SasBlobToken": TOKEN,
        }
        status = local_trainer.train(body)
        assert status["StatusCode"] == "Failed"
        for part in ("Module: Import Data;", f"127.0.0.1:{host.port} of c/in.csv failed, also after retries", "503"):
            assert part in status["Details"]
        assert CANARY not in status["Details"]
        assert len(host.requests) == 3


def test_the_time_for_a_transfer_is_a_setting(own_data: Path, storage: Storage) -> None:
    """With `--transfer-s 1` an input that comes drop by drop fails its job."""

    def drops(connection: Any, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while connection.send(b"X: y\r\n"):
            connection.settimeout(0.05)
            try:
                connection.recv(1)
            except TimeoutError:
                continue
            return

    with odd_host(drops) as host, running_studio(own_data, ["127.0.0.1:*"], more=["--transfer-s", "1"]) as studio:
        body = job_body(storage)
        place = {"BaseLocation": f"http://127.0.0.1:{host.port}", "RelativeLocation": "c/in.csv"}
        body["Inputs"]["input1"] = {**place, "SasBlobToken": TOKEN}
        status = Trainer.of(studio).train(body)
        assert status["StatusCode"] == "Failed"
        assert "took longer than 1 seconds" in status["Details"]
