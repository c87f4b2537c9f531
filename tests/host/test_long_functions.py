"""Long functions: renewed locks, the host's stop, the function timeout, and the worker's death."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.host.running import APPS, RunningHost, own_settings, running_host, send, take, until


class Queues:
    """The function's queue, its reports, and the host's settings for them."""

    def __init__(self, storage: str, folder: Path) -> None:
        self.settings = own_settings(storage)
        self._folder = folder
        service = QueueServiceClient.from_connection_string(storage)
        service.create_queue(self.settings["QUEUE"])
        self.queue: QueueClient = service.get_queue_client(self.settings["QUEUE"])
        self._reports = service.get_queue_client(self.settings["REPORTS"])
        self.reports: list[Any] = []

    @contextlib.contextmanager
    def host(self, *arguments: str, **settings: str) -> Iterator[RunningHost]:
        """Run a host within the `with`."""
        with running_host(APPS / "all", self.settings | settings, self._folder, *arguments) as host:
            yield host

    def dequeued(self, message: str) -> int:
        """Wait until a message was processed, and return its number of deliveries."""

        def look() -> Any:
            self.reports += [report for report in take(self._reports) if isinstance(report, dict)]
            return next((report for report in self.reports if report["message"] == message), None)

        return int(until(look)["count"])

    def begin(self, host: RunningHost, message: str) -> None:
        """Send a message and wait until the function runs for it."""
        begun = executions(host)
        send(self.queue, message)
        until(lambda: executions(host) > begun)


@pytest.fixture
def queues(azurite: str, tmp_path: Path) -> Queues:
    """Give queues and settings of the test's own."""
    return Queues(azurite, tmp_path)


def executions(host: RunningHost) -> int:
    """Count the executions that have started."""
    return host.text().count("Executing 'Functions.on_message'")


def worker_of(host: RunningHost) -> psutil.Process:
    """Return the process that runs the functions."""
    children = psutil.Process(host.process.pid).children()
    return next(child for child in children if any("spawn_main" in part for part in child.cmdline()))


def test_a_function_longer_than_the_lock_of_its_message_runs_once(queues: Queues) -> None:
    """The lock is renewed while the function runs: the message is delivered once."""
    with queues.host("--visibility-s", "1") as host:
        queues.begin(host, "slow")
        assert queues.dequeued("slow") == 1
        until(lambda: not list(queues.queue.peek_messages()))
        assert executions(host) == 1


def test_a_stop_waits_for_running_functions(queues: Queues) -> None:
    """The function finishes, its message is deleted, and the host ends with status 0."""
    with queues.host() as host:
        queues.begin(host, "slow")
        assert host.stop() == 0
        assert queues.dequeued("slow") == 1
        assert queues.queue.get_queue_properties().approximate_message_count == 0


def test_a_stop_waits_no_longer_than_the_drain_time(queues: Queues) -> None:
    """A function that does not finish is ended; the next host gets its message at once."""
    with queues.host("--drain-s", "1") as host:
        queues.begin(host, "hang")
        worker = worker_of(host)
        assert host.stop() == 0
        assert not worker.is_running()
        assert "functions still run after 1 s" in host.text()
    with queues.host():
        assert queues.dequeued("hang") == 2


def test_a_function_over_its_time_takes_others_along_and_all_come_again(queues: Queues) -> None:
    """The worker is restarted: other executions died with it, and both messages are delivered again."""
    with queues.host(AzureFunctionsJobHost__functionTimeout="00:00:02") as host:
        queues.begin(host, "hang long")
        queues.begin(host, "hang along")
        assert {queues.dequeued("hang long"), queues.dequeued("hang along")} == {2}
        assert "function timeout of 2 s exceeded by on_message" in host.text()


def test_a_worker_that_is_killed_is_replaced_and_its_message_delivered_again(queues: Queues) -> None:
    """A signal kills the worker during a function, or the function itself does."""
    with queues.host() as host:
        queues.begin(host, "hang")
        worker_of(host).kill()
        assert queues.dequeued("hang") == 2
        send(queues.queue, "die")
        assert queues.dequeued("die") == 2


def test_a_worker_that_died_idle_costs_no_delivery(queues: Queues) -> None:
    """The next message runs in another worker, at its first delivery."""
    with queues.host() as host:
        worker = worker_of(host)
        worker.kill()
        until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
        send(queues.queue, "hello")
        assert queues.dequeued("hello") == 1
        assert worker_of(host).pid != worker.pid
