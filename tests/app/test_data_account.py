"""The data in a storage account of its own: the whole app under a host, with two accounts."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from landfall.commands.verify import read_live_system
from landfall.host.invoker import Invoker
from landfall.stack.azurite import ACCOUNT, ACCOUNT_KEY, running_azurite
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run_identity import run_id_for
from shared.storage_settings import StorageAccount
from tests.host.running import RunningHost, running_host, until
from tests.pipeline.world import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = 8  # two for each test that uses them
POISON = "webjobs-blobtrigger-poison"


@dataclass(frozen=True)
class Accounts:
    """The connection strings of the two accounts."""

    host: str
    data: str

    def settings(self, **more: str) -> dict[str, str]:
        """Return the app's settings: no timer fires, and no training service answers."""
        return {
            "AzureWebJobsStorage": self.host,
            "LANDFALL_DATA": self.data,
            "AzureFunctionsWebHost__hostid": f"test-{uuid.uuid4().hex[:10]}",
            "LANDFALL_FUNCTIONS_KEY": "the-key",
            "LANDFALL_INPUT": "incoming",
            "LANDFALL_POLL_SCHEDULE": "0 0 0 1 1 *",
            "LANDFALL_SWEEP_SCHEDULE": "0 0 0 1 1 *",
            **SETTINGS,
            **more,
        }


@pytest.fixture(scope="module")
def unused_accounts() -> Iterator[Iterator[str]]:
    """Give connection strings of empty storage accounts, all in one Azurite: to start one takes seconds."""
    names = [f"account{number}" for number in range(ACCOUNTS)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AZURITE_ACCOUNTS", ";".join(f"{name}:{ACCOUNT_KEY}" for name in names))
        with running_azurite() as storage:
            yield iter([storage.replace(ACCOUNT, name) for name in names])


@pytest.fixture
def accounts(unused_accounts: Iterator[str]) -> Accounts:
    """Give two storage accounts of the test's own."""
    return Accounts(next(unused_accounts), next(unused_accounts))


def containers(account: str) -> set[str]:
    """Return the names of an account's containers."""
    with BlobServiceClient.from_connection_string(account) as blobs:
        return {container.name for container in blobs.list_containers()}


def queues(account: str) -> set[str]:
    """Return the names of an account's queues."""
    with QueueServiceClient.from_connection_string(account) as service:
        return {str(queue.name) for queue in service.list_queues()}


def tables(account: str) -> set[str]:
    """Return the names of an account's tables."""
    with TableServiceClient.from_connection_string(account) as service:
        return {table.name for table in service.list_tables()}


def drop(account: str, name: str) -> str:
    """Upload a file; returns the id its run will have."""
    with BlobServiceClient.from_connection_string(account) as blobs:
        blobs.create_container("incoming")
        answer = blobs.get_blob_client("incoming", name).upload_blob("age,workclass\n39,State-gov\n")
    return run_id_for("incoming", name, str(answer["etag"]))


def executed(host: RunningHost, function: str) -> bool:
    """Return whether a function has ended once."""
    return f"Executed 'Functions.{function}' (" in host.text()


def test_the_hosts_account_gets_nothing_of_the_data(accounts: Accounts, tmp_path: Path) -> None:
    """A file, its run and a message are handled in the data's account; the host's account has only the host's state."""
    run_id = drop(accounts.data, "census/july.csv")
    with QueueServiceClient.from_connection_string(accounts.data) as service:
        service.create_queue("evaluations").send_message("bm9uZQ==")
    with running_host(ROOT, accounts.settings(), tmp_path) as host:
        with closing(TableRunStore.from_connection_string(accounts.data)) as runs:
            stored = until(lambda: runs.find(run_id))
        until(lambda: executed(host, "on_csv_landed") and executed(host, "evaluate_and_promote"))

    assert stored is not None
    assert stored.run.route == "census"
    assert {"runs"} <= tables(accounts.data)
    assert {"incoming", "training"} <= containers(accounts.data)
    assert tables(accounts.host) == set()
    assert containers(accounts.host) == {"azure-webjobs-hosts"}
    assert {name for name in queues(accounts.host) if not name.startswith("azure-webjobs-blobtrigger-")} == set()
    assert not [name for name in containers(accounts.data) | queues(accounts.data) if name.startswith("azure-webjobs")]


def test_verify_looks_where_the_data_is(accounts: Accounts, tmp_path: Path) -> None:
    """It chooses the account as the app does."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"Values": accounts.settings(LANDFALL_ROUTES=str(ROOT / "routes.toml"))}))

    assert read_live_system(path)[1] == StorageAccount(accounts.data)


def test_an_event_that_fails_too_often_stays_with_the_data(accounts: Accounts, tmp_path: Path) -> None:
    """The poison queue is in the data's account, where its function reads; that function fails here as well."""
    drop(accounts.data, "census/july.csv")
    missing = accounts.settings(LANDFALL_ROUTES=str(tmp_path / "missing.toml"))
    with running_host(ROOT, missing, tmp_path / "host") as host:
        until(lambda: executed(host, "on_blob_poison"))

    assert POISON in queues(accounts.data)
    assert POISON not in queues(accounts.host)


@pytest.mark.parametrize(
    ("settings", "connection"),
    [
        ({}, "AzureWebJobsStorage"),
        ({"LANDFALL_DATA": ""}, "AzureWebJobsStorage"),
        ({"LANDFALL_DATA": "UseDevelopmentStorage=true"}, "LANDFALL_DATA"),
        ({"LANDFALL_DATA__blobServiceUri": "https://data.blob.core.windows.net"}, "LANDFALL_DATA"),
    ],
)
def test_every_binding_names_the_datas_connection(
    settings: dict[str, str], connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All blob and queue triggers and outputs do: a trigger on the wrong account would wait in vain."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    invoker = Invoker(ROOT, 60)
    try:
        bindings = [binding for function in invoker.functions.values() for binding in function.bindings]
    finally:
        invoker.stop()

    named = [(binding["type"].lower(), binding["connection"]) for binding in bindings if "connection" in binding]
    assert Counter(kind for kind, _ in named) == {"blobtrigger": 1, "queue": 9, "queuetrigger": 5}
    assert {name for _, name in named} == {connection}


def test_without_the_setting_there_is_one_account(accounts: Accounts, tmp_path: Path) -> None:
    """A second storage is left alone unless `LANDFALL_DATA` names it."""
    run_id = drop(accounts.host, "census/july.csv")
    settings = {name: value for name, value in accounts.settings().items() if name != "LANDFALL_DATA"}
    with (
        running_host(ROOT, settings, tmp_path),
        closing(TableRunStore.from_connection_string(accounts.host)) as runs,
    ):
        until(lambda: runs.find(run_id))

    assert containers(accounts.data) | queues(accounts.data) | tables(accounts.data) == set()
