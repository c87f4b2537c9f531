"""The scan for blobs: its requests to the storage, as counts, for any number of files."""

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient

from bench.proxy import CountingProxy, Exchange
from landfall.host import receipts
from landfall.host.blob_listener import BlobListener
from landfall.host.host_json import HostJson
from landfall.host.receipts import Receipts, quoted
from landfall.host.storage import Storage
from landfall.host.worker import Function
from tests.host.running import take

FILES = 40


class Account:
    """An account behind a counting proxy, with a container, a host id and a queue of the test's own."""

    def __init__(self, proxied: str, exchanges: list[Exchange]) -> None:
        self.exchanges = exchanges
        mark = uuid.uuid4().hex[:10]
        self.host_id, self.container = f"test-{mark}", f"c{mark}"
        self.blobs: ContainerClient = BlobServiceClient.from_connection_string(proxied).create_container(self.container)
        queues = QueueServiceClient.from_connection_string(proxied)
        self.queue = queues.get_queue_client(f"azure-webjobs-blobtrigger-{self.host_id}")
        self.storage = Storage()
        self.storage.create_hosts()

    def host(self) -> BlobListener:
        """Return the listener of a host that has just started."""
        binding = {"type": "blobTrigger", "name": "blob", "path": f"{self.container}/{{name}}"}
        function = Function("on_csv_landed", "1", [binding], has_retry_policy=False)
        nobody: Any = None
        return BlobListener(self.storage, nobody, [function], HostJson(), host_id=self.host_id, visibility_s=60)

    def scans(self, listener: BlobListener, count: int = 1) -> Counter[str]:
        """Let a host scan a number of times; returns its requests."""
        self.exchanges.clear()
        listener.scan(_term(count), 0)
        return Counter(map(_kind, self.exchanges))

    def messages(self) -> list[str]:
        """Receive the messages that were sent; returns their files."""
        return sorted(message["BlobName"] for message in take(self.queue))


def _term(scans: int) -> Any:
    """Return a term that is over after a number of scans."""
    term = SimpleNamespace(over=False, left=scans)

    def wait(_: float) -> None:
        term.left -= 1
        term.over = term.left <= 0

    term.wait = wait
    return term


def _kind(exchange: Exchange) -> str:
    if "comp=list" in exchange.path:
        return "list receipts" if "azure-webjobs-hosts" in exchange.path else "list files"
    return "receipt" if "blobreceipts" in exchange.path else exchange.method


@pytest.fixture
def account(azurite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Give an account whose blob requests are counted."""
    with _counted(azurite) as (proxied, exchanges):
        monkeypatch.setenv("AzureWebJobsStorage", proxied)
        yield Account(proxied, exchanges)


@contextmanager
def _counted(storage: str) -> Iterator[tuple[str, list[Exchange]]]:
    port = re.search(r"BlobEndpoint=http://127\.0\.0\.1:(\d+)/", storage)
    assert port is not None
    exchanges: list[Exchange] = []
    with CountingProxy("blob", int(port[1]), exchanges.append) as proxy:
        yield storage.replace(f":{port[1]}/", f":{proxy.port}/"), exchanges


def test_a_scan_asks_for_no_receipt_that_it_knows(account: Account) -> None:
    """Each file's receipt is read once; after that a scan is one listing, for any number of files."""
    for number in range(FILES):
        account.blobs.upload_blob(f"census/{number}.csv", b"a\n")
    listener = account.host()
    first = account.scans(listener)
    assert (first["list receipts"], first["list files"]) == (1, 1)
    assert first["receipt"] >= FILES
    assert len(account.messages()) == FILES
    assert account.scans(listener, 5) == {"list files": 5}

    account.blobs.upload_blob("census/0.csv", b"b\n", overwrite=True)
    account.blobs.upload_blob("census/more.csv", b"a\n")
    again = account.scans(listener, 3)
    assert again["list files"] == 3
    assert again["receipt"] <= 2 * first["receipt"] / FILES + 2
    assert account.messages() == ["census/0.csv", "census/more.csv"]


def test_a_host_that_starts_loads_its_receipts_once(account: Account) -> None:
    """One listing of receipts replaces a request for each file; no message is sent again."""
    for number in range(FILES):
        account.blobs.upload_blob(f"a b/ü'{number}.csv", b"a\n")
    account.scans(account.host())
    account.messages()
    assert account.scans(account.host(), 3) == {"list receipts": 1, "list files": 3}
    assert account.messages() == []


def test_an_incomplete_receipt_is_read_again(account: Account) -> None:
    """A host died between receipt and message: the next host sends the message."""
    account.blobs.upload_blob("census/a.csv", b"a\n")
    account.scans(account.host())
    account.messages()
    hosts = account.storage.hosts()
    (receipt,) = [
        blob.name for blob in hosts.list_blobs(name_starts_with="blobreceipts/") if account.container in blob.name
    ]
    hosts.get_blob_client(receipt).set_blob_metadata({"Completed": "False"})
    account.scans(account.host())
    assert account.messages() == ["census/a.csv"]


def test_times_of_the_storage_count_for_nothing(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is older than files seen before, by a clock that was set back, is found nevertheless."""
    account.blobs.upload_blob("census/a.csv", b"a\n")
    listener = account.host()
    account.scans(listener)
    listing = ContainerClient.list_blobs

    def set_back(self: ContainerClient, **options: Any) -> Iterator[Any]:
        for blob in listing(self, **options):
            if blob.name == "census/b.csv":
                blob.last_modified = datetime.now(UTC) - timedelta(hours=2)
            yield blob

    monkeypatch.setattr(ContainerClient, "list_blobs", set_back)
    account.blobs.upload_blob("census/b.csv", b"a\n")
    account.scans(listener)
    assert account.messages() == ["census/a.csv", "census/b.csv"]


def test_deleted_versions_are_forgotten(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory holds the versions that exist, and not everything that ever did."""
    monkeypatch.setattr(receipts, "MAX_ABSENT", 0)
    own = Receipts(account.storage, account.host_id, account.queue)
    for number in range(9):
        account.blobs.upload_blob(f"{number}.csv", b"a\n")
    listed = list(account.blobs.list_blobs())
    assert all(own.notify("f", account.container, blob) for blob in listed)
    own.forget_absent("f", account.container, {(listed[0].name, quoted(listed[0].etag))})
    assert [own.is_sent("f", account.container, blob) for blob in listed] == [True] + [False] * 8
    own.forget_absent("g", account.container, set())
    assert own.is_sent("f", account.container, listed[0])
