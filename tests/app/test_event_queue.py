"""Events from a queue in place of the blob trigger: the runtime library, a host and a real queue."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from landfall.doctor import deployment
from landfall.host.invoker import Invoker
from landfall.stack.azurite import ACCOUNT, ACCOUNT_KEY, running_azurite
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run_identity import run_id_for
from tests.blob_events import cloud_event, event_grid_event, in_base64
from tests.host.running import running_host, until
from tests.pipeline.world import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
NEVER = "0 0 0 1 1 *"


@pytest.fixture(scope="module")
def unused_accounts() -> Iterator[Iterator[str]]:
    """Give connection strings of empty storage accounts."""
    names = [f"account{number}" for number in range(2)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AZURITE_ACCOUNTS", ";".join(f"{name}:{ACCOUNT_KEY}" for name in names))
        with running_azurite() as storage:
            yield iter([storage.replace(ACCOUNT, name) for name in names])


@pytest.fixture
def account(unused_accounts: Iterator[str]) -> str:
    """Give a storage account of the test's own, with the input container and the queue."""
    connection = next(unused_accounts)
    with BlobServiceClient.from_connection_string(connection) as blobs:
        blobs.create_container("incoming")
    with QueueServiceClient.from_connection_string(connection) as queues:
        queues.create_queue("csv-events")
    return connection


def settings(account: str, **more: str) -> dict[str, str]:
    """Return the app's settings: no timer fires, and no training service answers."""
    return {
        "AzureWebJobsStorage": account,
        "AzureFunctionsWebHost__hostid": f"test-{uuid.uuid4().hex[:10]}",
        "LANDFALL_BLOB_SOURCE": "EventGridQueue",
        "LANDFALL_INPUT": "incoming",
        "LANDFALL_POLL_SCHEDULE": NEVER,
        "LANDFALL_SWEEP_SCHEDULE": NEVER,
        **SETTINGS,
        **more,
    }


def drop(account: str, name: str) -> str:
    """Upload a file; returns the id its run will have."""
    with BlobServiceClient.from_connection_string(account) as blobs:
        answer = blobs.get_blob_client("incoming", name).upload_blob("age,workclass\n39,State-gov\n")
    return run_id_for("incoming", name, str(answer["etag"]))


def send(account: str, *texts: str) -> None:
    """Put messages into the queue, each as it is."""
    with QueueServiceClient.from_connection_string(account) as queues, queues.get_queue_client("csv-events") as queue:
        for text in texts:
            queue.send_message(text)


def waiting(account: str, queue: str) -> list[str]:
    """Return the texts of a queue's messages."""
    with QueueServiceClient.from_connection_string(account) as queues, queues.get_queue_client(queue) as client:
        return [str(message.content) for message in client.peek_messages(32)]


def test_the_queue_functions_take_the_place_of_the_blob_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the two reports new files, never both; the queues are in the data's account, and the poison queue too."""
    monkeypatch.setenv("LANDFALL_BLOB_SOURCE", "EventGridQueue")
    monkeypatch.setenv("LANDFALL_DATA", "UseDevelopmentStorage=true")
    invoker = Invoker(ROOT, 60)
    try:
        functions = {name: function.trigger for name, function in invoker.functions.items()}
    finally:
        invoker.stop()

    assert {"on_csv_landed", "on_blob_poison"}.isdisjoint(functions)
    triggered = {name for name, binding in functions.items() if binding["type"].lower() != "httptrigger"}
    assert triggered == {*deployment.FUNCTIONS, *deployment.REPORTING["EventGridQueue"]}  # the doctor looks for these
    for name, queue in (("on_csv_event", "csv-events"), ("on_csv_event_poison", "csv-events-poison")):
        assert (functions[name]["type"].lower(), functions[name]["queueName"]) == ("queuetrigger", queue)
        assert functions[name]["connection"] == "LANDFALL_DATA"


def test_events_as_event_grid_writes_them_land_their_files(account: str, tmp_path: Path) -> None:
    """Through a host: in base64 although host.json says `none`, in both schemas, behind a message that is no event."""
    names = ["census/with space.csv", "census/Übersicht 100%+#?.csv", "census/plain.csv"]
    run_ids = [drop(account, name) for name in names]
    send(
        account,
        "{not json",
        in_base64(event_grid_event("incoming", names[0])),
        in_base64(cloud_event("incoming", names[1])),
        json.dumps(event_grid_event("incoming", names[2])),
        in_base64(event_grid_event("elsewhere", "census/x.csv")),
    )
    with (
        running_host(ROOT, settings(account), tmp_path) as host,
        closing(TableRunStore.from_connection_string(account)) as runs,
    ):
        stored = [until(partial(runs.find, run_id)) for run_id in run_ids]
        until(lambda: not waiting(account, "csv-events"))
        text = host.text()

    assert [item.run.blob for item in stored if item is not None] == names
    assert "action=event.malformed]" in text
    assert "action=event.foreign]" in text


def test_an_event_that_fails_too_often_reaches_its_poison_function(account: str, tmp_path: Path) -> None:
    """The settings are wrong, so every execution fails: the message moves to the poison queue, as it is."""
    text = in_base64(event_grid_event("incoming", "census/a.csv"))
    send(account, text)
    fast = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}
    wrong = settings(account, LANDFALL_ROUTES=str(tmp_path / "missing.toml"), **fast)
    with running_host(ROOT, wrong, tmp_path / "host") as host:
        until(lambda: "Executing 'Functions.on_csv_event_poison'" in host.text())

    assert "Moving message to queue 'csv-events-poison'" in host.text()
