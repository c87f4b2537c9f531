"""Two hosts on one storage and host id: what only one may do, and who does it when that one stops, dies, pauses."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.host.running import APPS, RunningHost, own_settings, running_host, take, until

RETRY = "AzureFunctionsJobHost__singleton__listenerLockRecoveryPollingInterval"
SHORTEST_LOCK = ("--lock-s", "15")


class Together:
    """Hosts that share a storage account and a host id; each fire of their timer tells whose it was."""

    def __init__(self, storage: str, folder: Path) -> None:
        self._settings = own_settings(storage, SCHEDULE="*/2 * * * * *") | {RETRY: "00:00:01"}
        self._folder = folder
        self._queues = QueueServiceClient.from_connection_string(storage)
        self._blobs = BlobServiceClient.from_connection_string(storage)
        self._blobs.create_container(self._settings["CONTAINER"])
        self.fired: list[str] = []

    @contextlib.contextmanager
    def host(self, who: str, *arguments: str) -> Iterator[RunningHost]:
        """Run one of them for the time of the `with`, also if it is stopped by a signal."""
        with running_host(APPS / "all", self._settings | {"WHO": who}, self._folder, *arguments) as host:
            try:
                yield host
            finally:
                host.process.send_signal(signal.SIGCONT)

    def look(self) -> list[str]:
        """Return who fired, in order, since the list was cleared."""
        self.fired += [tick["by"] for tick in take(self._queue("TICKS"))]
        return self.fired

    def until_fired(self, who: str, times: int = 1) -> None:
        """Wait until one of them fired so often."""
        until(lambda: self.look().count(who) >= times)

    def land(self, name: str) -> None:
        """Write a blob and wait until its function told."""
        self._blobs.get_container_client(self._settings["CONTAINER"]).upload_blob(f"in/{name}.csv", name)
        until(lambda: any(report["text"] == name for report in self._reports()))

    def _reports(self) -> list[Any]:
        return take(self._queue("REPORTS"))

    def _queue(self, setting: str) -> QueueClient:
        return self._queues.get_queue_client(self._settings[setting])


@pytest.fixture
def together(azurite: str, tmp_path: Path) -> Together:
    """Give hosts that share everything but their name."""
    return Together(azurite, tmp_path)


def test_one_of_two_fires_and_hands_over_at_its_stop(together: Together) -> None:
    """The lock, a minute long, is given back at an orderly stop: the other need not wait for its end."""
    with together.host("first") as first:
        together.until_fired("first")
        with together.host("second"):
            together.until_fired("first", 2)
            assert set(together.fired) == {"first"}
            assert first.stop() == 0
            together.until_fired("second")


def test_the_other_goes_on_when_the_holder_is_killed(together: Together) -> None:
    """Timer and blob scan both move to the host that is left, once the leases of the dead one ended."""
    with together.host("first", *SHORTEST_LOCK) as first:
        together.until_fired("first")
        together.land("before")
        with together.host("second", *SHORTEST_LOCK):
            first.process.kill()
            together.until_fired("second")
            together.land("after")


def test_a_holder_that_was_paused_does_not_fire_before_it_has_the_lock_again(together: Together) -> None:
    """Its lease ended meanwhile and the other fires: it notices, and fires again only when the other stops."""
    with together.host("first", *SHORTEST_LOCK) as first, together.host("second", *SHORTEST_LOCK) as second:
        together.until_fired("first")  # the moment after a fire is two seconds away from the next one
        first.process.send_signal(signal.SIGSTOP)
        together.look()
        together.fired.clear()
        together.until_fired("second")
        first.process.send_signal(signal.SIGCONT)
        until(lambda: "Host.Functions.on_time: the lock was lost" in first.text())
        together.until_fired("second", len(together.look()) + 1)
        assert set(together.fired) == {"second"}
        assert second.stop() == 0
        together.until_fired("first")
