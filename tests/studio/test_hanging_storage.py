"""A storage that hangs holds up only what waits for it."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from studio.api.fetch_limits import MAX_FETCHES_PER_ENDPOINT, MAX_FETCHES_PER_HOST
from tests.studio.caller import NAMES, ROW, Owner, Storage, Trainer, job_body, patch, refusal, score
from tests.studio.odd_hosts import TOKEN, OddHost, odd_host
from tests.studio.running import EXPERIMENT, running_studio, storage_host

PATCHES = 45
PATIENCE_S = 30  # less than a transfer is given: what takes as long has waited for the storage


class Hanging:
    """A behaviour of a host: it sends a byte now and then, until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, connection: socket.socket, _: bytes) -> None:
        """Answer a request."""
        with contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 206 Partial Content\r\nX: ")
            while not self.released.wait(0.2):
                connection.sendall(b"x")


@pytest.fixture
def hanging() -> Iterator[tuple[Hanging, OddHost]]:
    """Give a host that hangs."""
    behaviour = Hanging()
    with odd_host(behaviour) as host:
        yield behaviour, host
        behaviour.released.set()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def at(host: OddHost, blob: str) -> dict[str, Any]:
    """Return a reference to a blob of a host."""
    return {
        "BaseLocation": f"http://127.0.0.1:{host.port}/account/",
        "RelativeLocation": f"c/{blob}",
        "SasBlobToken": f"?{TOKEN}",
    }


def test_patches_towards_it_hold_up_nothing_else(own_data: Path, hanging: tuple[Hanging, OddHost]) -> None:
    """Beyond the limits of an endpoint and of a host they get 503 at once, and all other requests are answered."""
    behaviour, host = hanging
    with running_studio(own_data, ["127.0.0.1:*"]) as studio, ThreadPoolExecutor(PATCHES) as callers:
        owner, trainer = Owner.of(studio), Trainer.of(studio)
        service = owner.service(f"{EXPERIMENT} [predictive exp.]")
        endpoints = [
            owner.add(service, f"e{number}") for number in range(MAX_FETCHES_PER_HOST // MAX_FETCHES_PER_ENDPOINT + 1)
        ]
        location = at(host, "m.ilearner")

        def update(number: int) -> requests.Response:
            endpoint = endpoints[number % len(endpoints)]
            resource = {"Name": endpoint["resource"], "Location": location}
            key = {"Authorization": f"Bearer {endpoint['api_key']}"}
            return requests.patch(endpoint["patch_url"], json={"Resources": [resource]}, headers=key, timeout=120)

        updates = [callers.submit(update, number) for number in range(PATCHES)]
        until(lambda: sum(each.done() for each in updates) == PATCHES - MAX_FETCHES_PER_HOST)

        refused = [each.result() for each in updates if each.done()]
        assert {refusal(answer) for answer in refused} == {(503, "ServiceUnavailable", "RequestThrottled")}
        assert any(f"from the storage host 127.0.0.1:{host.port}" in answer.text for answer in refused)
        assert any("for this endpoint" in answer.text for answer in refused)
        # All of these are answered while the storage still hangs.
        job = trainer.submit({"Inputs": {"input1": at(host, "in.csv")}, "Outputs": outputs_at(host)})
        assert trainer.status(job)["StatusCode"] == "NotStarted"
        assert score(endpoints[0], NAMES, [ROW]).status_code == 200
        assert score(endpoints[0], NAMES, [ROW] * 20_000).status_code == 200
        assert requests.get(studio.base_url, timeout=PATIENCE_S).status_code in {200, 401}
        with odd_host(lambda connection, _: connection.sendall(b"")) as second:
            fetched = patch(studio.endpoint("production"), at(second, "m.ilearner"))
            assert refusal(fetched) == (500, "InternalError", "ResourceDownload"), "another host was not asked"
        assert sum(each.done() for each in updates) == PATCHES - MAX_FETCHES_PER_HOST
        behaviour.released.set()
        assert sum(each.result().status_code != 503 for each in updates) == MAX_FETCHES_PER_HOST
        assert patch(endpoints[0], location).status_code != 503, "there is no room afterwards"


def outputs_at(host: OddHost) -> dict[str, Any]:
    """Return the places of a job's outputs at a host."""
    return {"output1": at(host, "model.ilearner"), "output2": at(host, "evaluation.csv")}


@pytest.mark.parametrize("where", ["input", "outputs"])
def test_a_cancelled_job_frees_its_worker(
    own_data: Path, storage: Storage, azurite: str, hanging: tuple[Hanging, OddHost], where: str
) -> None:
    """While the storage goes on hanging, the only worker runs the job of another endpoint."""
    _, host = hanging
    with running_studio(own_data, ["127.0.0.1:*", storage_host(azurite)]) as studio:
        trainer, owner = Trainer.of(studio), Owner.of(studio)
        second = owner.add(owner.service(EXPERIMENT), "second")
        body = job_body(storage, name="hanging")
        if where == "input":
            body["Inputs"] = {"input1": at(host, "in.csv")}
        else:
            body["Outputs"] = outputs_at(host)
        job = trainer.submit(body)
        trainer.start(job)
        until(lambda: bool(host.requests))
        next_trainer = Trainer(f"{second['ApiLocation']}/jobs", second["api_key"])
        next_job = next_trainer.submit(job_body(storage, name="next"))
        next_trainer.start(next_job)
        assert next_trainer.status(next_job)["StatusCode"] == "NotStarted"

        assert trainer.call("DELETE", f"/{job}").status_code == 204

        assert next_trainer.ended(next_job)["StatusCode"] == "Finished"
        assert trainer.status(job)["StatusCode"] == "Cancelled"
        assert len(host.requests) == 1, "it was asked again for a job that nobody wants"


def test_the_job_of_a_deleted_endpoint_frees_its_worker(
    own_data: Path, storage: Storage, azurite: str, hanging: tuple[Hanging, OddHost]
) -> None:
    """Deleting what it belongs to is as good as cancelling it."""
    _, host = hanging
    with running_studio(own_data, ["127.0.0.1:*", storage_host(azurite)]) as studio:
        owner, trainer = Owner.of(studio), Trainer.of(studio)
        service = owner.service(EXPERIMENT)
        second = owner.add(service, "second")
        gone = Trainer(f"{second['ApiLocation']}/jobs", second["api_key"])
        gone.start(gone.submit(job_body(storage, name="gone") | {"Inputs": {"input1": at(host, "in.csv")}}))
        until(lambda: bool(host.requests))

        assert owner.call("DELETE", f"{service}/endpoints/second").status_code == 204

        assert trainer.train(job_body(storage, name="next"))["StatusCode"] == "Finished"


def test_a_studio_that_ends_does_not_wait_for_it(own_data: Path, hanging: tuple[Hanging, OddHost]) -> None:
    """Its job is interrupted, and begins anew with the next studio."""
    _, host = hanging
    with running_studio(own_data, ["127.0.0.1:*"]) as studio:
        trainer = Trainer.of(studio)
        job = trainer.submit({"Inputs": {"input1": at(host, "in.csv")}, "Outputs": outputs_at(host)})
        trainer.start(job)
        until(lambda: bool(host.requests))
        studio.process.terminate()
        assert studio.process.wait(PATIENCE_S) == 0
    with running_studio(own_data, ["127.0.0.1:*"]) as studio:
        until(lambda: len(host.requests) == 2)
        assert Trainer.of(studio).status(job)["StatusCode"] == "Running"
