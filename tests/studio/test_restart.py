"""What survives the end of a studio, and what does not stay behind."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.studio.caller import NAMES, ROW, Storage, Trainer, download, job_body
from tests.studio.running import (
    census_csv,
    child_processes,
    publish_census,
    running_studio,
    storage_host,
    wait_until_gone,
)

SECRET = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"


def test_a_killed_studio_runs_its_jobs_again(own_data: Path, storage: Storage, azurite: str) -> None:
    """A job in the middle and a queued one both finish after the studio was killed and started again."""
    storage.put("big.csv", census_csv(rows=5_000))
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        jobs = [trainer.submit(job_body(storage, "big.csv", name)) for name in ("first", "second")]
        unstarted = trainer.submit(job_body(storage, name="third"))
        for job in jobs:
            trainer.start(job)
        workers = child_processes(studio.process)
        studio.process.send_signal(signal.SIGKILL)
        studio.process.wait(20)
    wait_until_gone(workers)
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        assert [trainer.ended(job)["StatusCode"] for job in jobs] == ["Finished", "Finished"]
        assert trainer.status(unstarted)["StatusCode"] == "NotStarted"


def test_a_job_that_ends_the_studio_twice_fails(own_data: Path, storage: Storage, azurite: str) -> None:
    """A job that was interrupted twice is not tried for ever: it fails in words."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        job = Trainer.of(studio).submit(job_body(storage))
    with sqlite3.connect(own_data / "studio.sqlite") as database:
        database.execute("UPDATE jobs SET state = 'Running', runs = 2, queue_number = 1")
    database.close()
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        status = Trainer.of(studio).ended(job)
        assert status["StatusCode"] == "Failed"
        assert "the studio ended" in status["Details"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_studio_ends_cleanly(own_data: Path, ending: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with status 0, and no process of it is left."""
    with running_studio(own_data) as studio:
        assert requests.get(studio.base_url + "/health", timeout=30).json() == {"state": "Running"}
        children = child_processes(studio.process)
        studio.process.send_signal(ending)
        assert studio.process.wait(30) == 0
    wait_until_gone(children)


def test_no_secret_of_a_job_stays(own_data: Path, storage: Storage, azurite: str) -> None:
    """After a job's end no file of the studio holds its connection string; files are for their owner alone."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        first = trainer.train(job_body(storage))["Results"]
        storage.put("bad.csv", "a,b\n")
        trainer.train(job_body(storage, "bad.csv", "second"))
        files = [path for path in own_data.rglob("*") if path.is_file()]
        assert (own_data / "requests.jsonl") in files
        assert not [path for path in files if SECRET.encode() in path.read_bytes()]
        signature = first["output1"]["SasBlobToken"].split("sig=")[1].encode()
        assert signature not in (own_data / "requests.jsonl").read_bytes()
        assert {oct(path.stat().st_mode & 0o777) for path in files if path.suffix != ".lock"} == {"0o600"}
        assert (own_data / "models").stat().st_mode & 0o777 == 0o700


def test_two_studios_do_not_share_a_folder(own_data: Path) -> None:
    """The second one says so and ends."""
    with running_studio(own_data):
        command = [sys.executable, "-m", "studio", "serve", "--port", "0", "--data", str(own_data)]
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert "Another studio serves" in second.stderr


@contextlib.contextmanager
def waiting_studio(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a studio that takes over a folder which another one serves; gives its process and its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "studio", "serve", "--port", str(port), "--data", str(data)]
    environ = {**os.environ, "STUDIO_TAKE_OVER": "true"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            assert process.stdout
            assert "Waiting until it ends" in process.stdout.readline()
            url = f"http://127.0.0.1:{port}"
            while True:
                with contextlib.suppress(requests.ConnectionError):
                    requests.get(url + "/health", timeout=30)
                    break
                time.sleep(0.05)
            yield process, url
        finally:
            process.terminate()
            process.wait(30)


def test_a_studio_takes_over_when_the_earlier_one_ends(own_data: Path) -> None:
    """Until then it is healthy and refuses requests, so that a container platform ends the earlier one."""
    with running_studio(own_data) as earlier:
        jobs_url = earlier.service()["training"]["jobs_url"]
        with waiting_studio(own_data) as (process, url):
            waiting = requests.get(url + "/health", timeout=30)
            assert (waiting.status_code, waiting.json()) == (200, {"state": "Waiting"})
            path = urlsplit(jobs_url).path
            refused = requests.post(url + path, json={}, timeout=30)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            assert requests.get(earlier.base_url + "/health", timeout=30).json() == {"state": "Running"}

            earlier.process.send_signal(signal.SIGTERM)
            assert earlier.process.wait(30) == 0
            assert process.stdout
            assert f"The studio listens on {url}" in process.stdout.readline()
            assert requests.get(url + "/health", timeout=30).json() == {"state": "Running"}
            assert requests.post(url + path, json={}, timeout=30).status_code == 401


def test_a_waiting_studio_ends_cleanly(own_data: Path) -> None:
    """SIGTERM ends its wait with status 0, and the earlier studio still serves."""
    with running_studio(own_data) as earlier:
        with waiting_studio(own_data) as (process, _):
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert requests.get(earlier.base_url + "/health", timeout=30).json() == {"state": "Running"}


def test_publishing_again_keeps_urls_and_keys(tmp_path: Path) -> None:
    """Publishing the same experiment twice changes neither the description nor the seed model's bytes."""
    data = tmp_path / "data"
    publish_census(tmp_path, data)
    with running_studio(data) as studio:
        before = studio.describe()
        seed = Path(studio.service()["seed_model"])
        model = seed.read_bytes()
        publish_census(tmp_path, data)
        assert studio.describe() == before
        assert seed.read_bytes() == model


def test_an_older_job_can_be_read_after_a_restart(own_data: Path, storage: Storage, azurite: str) -> None:
    """With no key in memory the token of the job's end is given; the next job of the account makes new ones again."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        job = trainer.submit(job_body(storage))
        trainer.start(job)
        before = trainer.ended(job)["Results"]["output1"]
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        kept = trainer.status(job)["Results"]["output1"]
        assert kept | {"SasBlobToken": ""} == before | {"SasBlobToken": ""}
        model = download(kept)
        trainer.train(job_body(storage, name="next"))
        fresh = trainer.status(job)["Results"]["output1"]
        assert fresh["SasBlobToken"] != kept["SasBlobToken"]
        assert download(fresh) == model


def test_a_job_that_nobody_starts_is_dropped(own_data: Path, storage: Storage, azurite: str) -> None:
    """After a day it is unknown, and its connection strings are gone; a younger one stays."""
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        old = trainer.submit(job_body(storage))
        with sqlite3.connect(own_data / "studio.sqlite") as database:
            database.execute("UPDATE jobs SET submitted_at = '2026-01-01T00:00:00+00:00'")
        database.close()
        young = trainer.submit(job_body(storage))
        assert trainer.start(old).status_code == 404
        assert trainer.start(young).status_code == 204
        assert trainer.ended(young)["StatusCode"] == "Finished"
        files = [path for path in own_data.rglob("*") if path.is_file()]
        assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_request_in_flight_is_answered_at_the_end(own_data: Path) -> None:
    """SIGTERM lets a scoring request that has begun finish, while new connections are refused; then it ends with 0."""
    with running_studio(own_data) as studio:
        endpoint = studio.endpoint("production")
        address = urlsplit(studio.base_url)
        place = (str(address.hostname), int(address.port or 0))
        target = urlsplit(endpoint["execute_url"])
        body = json.dumps({"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [ROW]}}}).encode()
        head = (
            f"POST {target.path}?api-version=2.0 HTTP/1.1\r\nHost: {address.netloc}\r\nExpect: 100-continue\r\n"
            f"Authorization: Bearer {endpoint['api_key']}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(place, timeout=30) as connection, connection.makefile("rb") as answers:
            connection.sendall(head.encode())
            assert answers.readline().startswith(b"HTTP/1.1 100")  # the studio waits for the body now
            studio.process.send_signal(signal.SIGTERM)
            while is_open(place):
                pass
            connection.sendall(body)
            answer = answers.read()
        assert b"HTTP/1.1 200" in answer
        assert b"Scored Labels" in answer
        assert studio.process.wait(30) == 0


def test_a_job_that_the_end_interrupts_runs_once_more(own_data: Path, storage: Storage, azurite: str) -> None:
    """At SIGTERM a running job goes back to the queue; the next studio runs it again, once, to its end."""
    storage.put("big.csv", census_csv(rows=20_000))
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        job = trainer.submit(job_body(storage, "big.csv"))
        trainer.start(job)
        while trainer.status(job)["StatusCode"] == "NotStarted":
            pass
        children = child_processes(studio.process)
        studio.process.send_signal(signal.SIGTERM)
        assert studio.process.wait(30) == 0
    wait_until_gone(children)
    assert runs_of(own_data, job) == ("Running", 1)  # which nobody runs: the next start takes it for interrupted
    assert not list((own_data / "inputs").iterdir())
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        assert Trainer.of(studio).ended(job)["StatusCode"] == "Finished"
    assert runs_of(own_data, job) == ("Finished", 2)


def is_open(place: tuple[str, int]) -> bool:
    """Tell whether something listens there."""
    try:
        socket.create_connection(place, timeout=30).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    return True


def runs_of(data: Path, job: str) -> tuple[str, int]:
    """Return a job's state in the database, and how often it was begun."""
    with contextlib.closing(sqlite3.connect(data / "studio.sqlite")) as database:
        row = database.execute("SELECT state, runs FROM jobs WHERE id = ?", (job,)).fetchone()
    return row[0], row[1]
