"""Triggers and outputs of an app under the host: executions, their number, and failures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient

from landfall.stack.azurite import running_azurite
from tests.host.running import APPS, RunningHost, own_settings, running_host, send, take, until


class Outside:
    """A test's view of one host from outside."""

    def __init__(self, settings: dict[str, str], host: RunningHost) -> None:
        self.host = host
        account = settings[settings.get("APP_CONNECTION", "AzureWebJobsStorage")]
        queues = QueueServiceClient.from_connection_string(account)
        self.queue = queues.get_queue_client(settings["QUEUE"])
        self.reports = queues.get_queue_client(settings["REPORTS"])
        self.ticks = queues.get_queue_client(settings["TICKS"])
        self.poison = queues.get_queue_client("webjobs-blobtrigger-poison")
        self.blobs: ContainerClient = BlobServiceClient.from_connection_string(account).get_container_client(
            settings["CONTAINER"]
        )
        self._seen: list[Any] = []

    def tells(self, **members: object) -> Any:
        """Wait until the app reports something with these members."""

        def look() -> Any:
            self._seen += take(self.reports)
            fits = (report for report in self._seen if isinstance(report, dict) and members.items() <= report.items())
            match = next(fits, None)
            if match is not None:
                self._seen.remove(match)
            return match

        return until(look)

    def rest(self) -> list[Any]:
        """Return the app's other reports."""
        self._seen += take(self.reports)
        rest, self._seen = self._seen, []
        return rest

    def executions(self, function: str) -> int:
        """Count a function's finished executions."""
        return len(re.findall(rf"Executed 'Functions\.{function}' \(", self.host.text()))


@pytest.fixture(scope="module")
def settings(azurite: str) -> dict[str, str]:
    """Give settings of this module's own; the container and the queue exist."""
    own = own_settings(azurite, SCHEDULE="* * * * * *")
    BlobServiceClient.from_connection_string(azurite).create_container(own["CONTAINER"])
    QueueServiceClient.from_connection_string(azurite).create_queue(own["QUEUE"])
    return own


@pytest.fixture(scope="module")
def outside(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """Give a host that the module's tests share."""
    with running_host(APPS / "all", settings, tmp_path_factory.mktemp("host"), "--visibility-s", "4") as host:
        yield Outside(settings, host)


def test_a_blob_runs_once_and_again_when_overwritten(outside: Outside) -> None:
    """A version runs once; a name that the pattern does not match runs nothing."""
    outside.blobs.upload_blob("in/a.csv", "one")
    outside.blobs.upload_blob("in/a.txt", "other")
    assert outside.tells(text="one")["blob"].endswith("in/a.csv")
    outside.blobs.upload_blob("in/a.csv", "two", overwrite=True)
    outside.tells(text="two")

    assert outside.executions("on_blob") == 2


def test_an_event_grid_trigger_is_polled_with_a_warning(outside: Outside) -> None:
    """The app's source is Event Grid, whose events do not reach this machine: its blobs run, and the log warns."""
    outside.blobs.upload_blob("in/event.csv", "an event")
    outside.tells(text="an event")

    assert "on_blob: Event Grid sends no events to this machine; its container is polled" in outside.host.text()


def test_a_failing_blob_becomes_poison_after_five_executions(outside: Outside) -> None:
    """Its event goes to the poison queue, as JSON in base64."""
    before = outside.executions("on_blob")
    outside.blobs.upload_blob("in/bad.csv", "x")
    container = outside.blobs.container_name

    def poison() -> list[Any]:
        return [event for event in take(outside.poison) if event["ContainerName"] == container]

    (event,) = until(poison)
    assert (event["BlobName"], event["FunctionId"]) == ("in/bad.csv", "Host.Functions.on_blob")
    assert outside.executions("on_blob") == before + 5


def test_a_message_runs_and_its_outputs_are_sent(outside: Outside) -> None:
    """A list output becomes several messages."""
    send(outside.queue, "hello")
    assert outside.tells(message="hello")["count"] == 1
    assert "second" in until(outside.rest)


def test_a_failing_message_becomes_poison_after_five_executions(outside: Outside) -> None:
    """The poison queue's own function gets it."""
    before = outside.executions("on_message")
    send(outside.queue, "bad")
    outside.tells(poison="bad")

    assert outside.executions("on_message") == before + 5
    assert "Message has reached MaxDequeueCount of 5. Moving message to queue" in outside.host.text()


def test_a_message_that_is_not_base64_never_runs(outside: Outside) -> None:
    """It goes to the poison queue at once."""
    before = outside.executions("on_message")
    send(outside.queue, "not base64!", encode=False)
    until(lambda: "is not base64" in outside.host.text())

    assert outside.executions("on_message") == before


def test_a_timer_fires_again_and_again(outside: Outside) -> None:
    """An async function runs at each occurrence."""
    ticks: list[Any] = []

    def three() -> bool:
        ticks.extend(take(outside.ticks))
        return len(ticks) >= 3

    until(three)
    assert ticks[0]["past_due"] is False


def test_http_functions(outside: Outside) -> None:
    """Route parameters, query, body, status and headers pass; the host handles keys, methods and errors."""
    base = outside.host.base_url
    answer = requests.post(f"{base}/api/open/me?q=1", data="text", timeout=30)
    assert (answer.status_code, answer.headers["x-own"]) == (201, "1")
    assert answer.json() == {"who": "me", "q": "1", "body": "text"}
    assert requests.get(f"{base}/api/open/nobody", timeout=30).status_code == 500
    assert requests.put(f"{base}/api/open/me", timeout=30).status_code == 405
    assert requests.get(f"{base}/api/closed", timeout=30).status_code == 404
    assert requests.get(f"{base}/api/guarded", timeout=30).status_code == 401
    assert requests.get(f"{base}/api/guarded?code=wrong", timeout=30).status_code == 401
    assert requests.get(f"{base}/api/guarded?code=the-key", timeout=30).text == "welcome"
    assert requests.get(f"{base}/api/guarded", headers={"x-functions-key": "the-key"}, timeout=30).text == "welcome"
    assert requests.get(f"{base}/admin/host/status", timeout=30).json()["state"] == "Running"


def test_a_restart_runs_no_blob_again(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Receipts belong to the host id, and not to the process."""
    own = own_settings(azurite)
    folder = tmp_path_factory.mktemp("again")
    BlobServiceClient.from_connection_string(azurite).create_container(own["CONTAINER"])
    with running_host(APPS / "all", own, folder) as host:
        outside = Outside(own, host)
        outside.blobs.upload_blob("in/a.csv", "one")
        outside.tells(text="one")
    with running_host(APPS / "all", own, folder) as host:
        outside = Outside(own, host)
        outside.blobs.upload_blob("in/b.csv", "two")
        outside.tells(text="two")  # by now the older blob was listed as well
        assert outside.executions("on_blob") == 1


def test_bindings_work_in_the_account_that_they_name(azurite: str, tmp_path: Path) -> None:
    """Blobs, messages, outputs and poison messages stay in another account than the host's."""
    with running_azurite() as other_account:
        own = own_settings(azurite, APP_CONNECTION="OTHER", OTHER=other_account)
        BlobServiceClient.from_connection_string(other_account).create_container(own["CONTAINER"])
        QueueServiceClient.from_connection_string(other_account).create_queue(own["QUEUE"])
        with running_host(APPS / "all", own, tmp_path) as host:
            outside = Outside(own, host)
            for name in ("in/a.csv", "in/bad.csv"):
                outside.blobs.upload_blob(name, "1,2")
            send(outside.queue, "hello")
            send(outside.queue, "bad")

            outside.tells(blob=f"{own['CONTAINER']}/in/a.csv", text="1,2")
            outside.tells(message="hello")
            outside.tells(poison="bad")
            (event,) = until(lambda: take(outside.poison))
        assert event["BlobName"] == "in/bad.csv"
        others = {str(queue.name) for queue in QueueServiceClient.from_connection_string(azurite).list_queues()}
        assert not others & {own["QUEUE"], own["REPORTS"], f"{own['QUEUE']}-poison"}
