"""Two hosts with one storage and host id: only one does singleton work; the other takes over when that one stops."""

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
MIN_LOCK_OPTIONS = ("--lock-s", "15")


class Together:
    """Hosts that share a storage account and a host id; each execution of their timer reports its host."""

    def __init__(self, storage: str, folder: Path) -> None:
        self._settings = own_settings(storage, SCHEDULE="*/2 * * * * *") | {RETRY: "00:00:01"}
        self._folder = folder
        self._queues = QueueServiceClient.from_connection_string(storage)
        self._blobs = BlobServiceClient.from_connection_string(storage)
        self._blobs.create_container(self._settings["CONTAINER"])
        self.fired: list[str] = []

    @contextlib.contextmanager
    def host(self, who: str, *arguments: str) -> Iterator[RunningHost]:
        """Run one of the hosts within the `with`, also if a signal stops it."""
        with running_host(APPS / "all", self._settings | {"WHO": who}, self._folder, *arguments) as host:
            try:
                yield host
            finally:
                host.process.send_signal(signal.SIGCONT)

    def look(self) -> list[str]:
        """Return the hosts that fired, in order, since the last call."""
        self.fired += [tick["by"] for tick in take(self._queue("TICKS"))]
        return self.fired

    def until_fired(self, who: str, times: int = 1) -> None:
        """Wait until a host has fired a number of times."""
        until(lambda: self.look().count(who) >= times)

    def land(self, name: str) -> None:
        """Upload a blob and wait for its function's report."""
        self._blobs.get_container_client(self._settings["CONTAINER"]).upload_blob(f"in/{name}.csv", name)
        until(lambda: any(report["text"] == name for report in self._reports()))

    def _reports(self) -> list[Any]:
        return take(self._queue("REPORTS"))

    def _queue(self, setting: str) -> QueueClient:
        return self._queues.get_queue_client(self._settings[setting])


@pytest.fixture
def together(azurite: str, tmp_path: Path) -> Together:
    """Give hosts that share everything except their name."""
    return Together(azurite, tmp_path)


def test_one_of_two_fires_and_hands_over_at_its_stop(together: Together) -> None:
    """An orderly stop releases the lock of a minute: the other host need not wait for its end."""
    with together.host("first") as first:
        together.until_fired("first")
        with together.host("second"):
            together.until_fired("first", 2)
            assert set(together.fired) == {"first"}
            assert first.stop() == 0
            together.until_fired("second")


def test_the_other_goes_on_when_the_holder_is_killed(together: Together) -> None:
    """Timer and blob scan move to the other host once the dead host's leases have ended."""
    with together.host("first", *MIN_LOCK_OPTIONS) as first:
        together.until_fired("first")
        together.land("before")
        with together.host("second", *MIN_LOCK_OPTIONS):
            first.process.kill()
            together.until_fired("second")
            together.land("after")


def test_a_holder_that_was_paused_does_not_fire_before_it_has_the_lock_again(together: Together) -> None:
    """Its lease ends and the other host fires: it notices, and fires again only when the other stops."""
    with together.host("first", *MIN_LOCK_OPTIONS) as first, together.host("second", *MIN_LOCK_OPTIONS) as second:
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
