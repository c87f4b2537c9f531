"""The settings of the storage account: one way to it, and every problem named at once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from shared.errors import ConfigError
from shared.storage_settings import (
    StorageAccount,
    account_name,
    connection_of,
    full_connection_string,
    read_storage_account,
)

NAME = "AzureWebJobsStorage"
DATA = "LANDFALL_DATA"
URIS = {
    f"{NAME}__blobServiceUri": "https://landfall.blob.core.windows.net/",
    f"{NAME}__queueServiceUri": "https://landfall.queue.core.windows.net/",
    f"{NAME}__tableServiceUri": "https://landfall.table.core.windows.net/",
}
MANAGED = {f"{NAME}__credential": "managedidentity", f"{NAME}__clientId": "0c"}
EMULATOR = full_connection_string("UseDevelopmentStorage=true")
BLOB, TABLE = "https://landfall.blob.core.windows.net", "https://landfall.table.core.windows.net"


@pytest.mark.parametrize(
    ("settings", "account"),
    [
        ({NAME: "AccountName=a;AccountKey=b"}, StorageAccount("AccountName=a;AccountKey=b")),
        ({NAME: " usedevelopmentstorage=TRUE; "}, StorageAccount(EMULATOR)),
        (URIS, StorageAccount("", BLOB, TABLE)),
        ({NAME: "", **URIS, **MANAGED}, StorageAccount("", BLOB, TABLE, managed=True, client_id="0c")),
        ({f"{NAME}__accountName": "landfall"}, StorageAccount("", BLOB, TABLE)),
        (
            {f"{NAME}__accountName": "landfall", f"{NAME}__credential": "ManagedIdentity"},
            StorageAccount("", BLOB, TABLE, managed=True),
        ),
    ],
    ids=["connection string", "emulator", "URLs", "managed identity", "name", "system-assigned"],
)
def test_each_way_to_the_account(settings: dict[str, str], account: StorageAccount) -> None:
    """A connection string, the URLs of all services, or the account's name."""
    assert read_storage_account(settings) == account
    assert account.by_identity == (NAME not in settings or not settings[NAME])


@pytest.mark.parametrize(
    ("settings", "patterns"),
    [
        ({}, [f"{NAME} is not set.*{NAME}__blobServiceUri and {NAME}__queueServiceUri and {NAME}__tableServiceUri"]),
        ({NAME: "AccountKey=CANARY", **URIS}, [f"more than once, by {NAME} and by {NAME}__blobServiceUri"]),
        ({f"{NAME}__accountName": "landfall", **URIS}, [f"by {NAME}__accountName and by {NAME}__blobServiceUri"]),
        (
            {f"{NAME}__blobServiceUri": URIS[f"{NAME}__blobServiceUri"]},
            [f"{NAME}__queueServiceUri is not set", f"{NAME}__tableServiceUri is not set"],
        ),
        (
            {
                f"{NAME}__blobServiceUri": "http://landfall.blob.core.windows.net/",
                f"{NAME}__queueServiceUri": "https://landfall.queue.core.windows.net/?sig=CANARY",
                f"{NAME}__tableServiceUri": "https://landfall.table.core.windows.net/runs",
            },
            [
                f"{NAME}__blobServiceUri must be an https URL: an access token is sent to it",
                f"{NAME}__queueServiceUri must be a bare URL",
                f"{NAME}__tableServiceUri must be the URL of the service, such as https://ACCOUNT.table.core",
            ],
        ),
        ({NAME: "UseDevelopmentStorage=CANARY"}, [f"{NAME}: UseDevelopmentStorage can only be true"]),
        (
            {NAME: "UseDevelopmentStorage=true;AccountKey=CANARY"},
            [f"{NAME}: UseDevelopmentStorage stands alone, or with one DevelopmentStorageProxyUri"],
        ),
        (
            {NAME: "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=CANARY"},
            [f"{NAME}: DevelopmentStorageProxyUri must be a URL"],
        ),
        ({f"{NAME}__accountName": "Land.Fall"}, [f"{NAME}__accountName is 'Land.Fall'"]),
        ({**URIS, f"{NAME}__credential": "secret"}, ["set it to 'managedidentity', or remove it"]),
        ({**URIS, f"{NAME}__clientId": "0c"}, [f"set {NAME}__credential to 'managedidentity'"]),
        ({NAME: "AccountKey=CANARY", **MANAGED}, [f"{NAME}__credential is for an identity"]),
        (
            {f"{NAME}__accountName": "?", f"{NAME}__credential": "secret"},
            [f"{NAME}__accountName is '\\?'", "set it to 'managedidentity', or remove it"],
        ),
    ],
)
def test_every_problem_is_named_at_once(settings: dict[str, str], patterns: list[str]) -> None:
    """One sentence each, which names the setting and quotes no secret."""
    with pytest.raises(ConfigError) as caught:
        read_storage_account(settings)

    assert len(caught.value.problems) == len(patterns)
    for problem, pattern in zip(caught.value.problems, patterns, strict=True):
        assert re.search(pattern, problem), problem
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("UseDevelopmentStorage=true", "http://127.0.0.1"),
        ("UseDevelopmentStorage=true;", "http://127.0.0.1"),
        (";usedevelopmentstorage=True;;", "http://127.0.0.1"),
        ("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://10.0.0.7", "http://10.0.0.7"),
        ("DevelopmentStorageProxyURI=http://azurite:9999/x;UseDevelopmentStorage=TRUE", "http://azurite"),
        ("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=https://[::1]:1;", "https://[::1]"),
    ],
)
def test_the_emulators_shorthand_is_read_as_dotnet_reads_it(text: str, base: str) -> None:
    """Written out, so that every SDK finds the emulator's three services and its published account."""
    full = full_connection_string(text)

    assert full_connection_string(full) == full
    parts = dict(part.split("=", 1) for part in full.strip(";").split(";"))
    assert (parts["DefaultEndpointsProtocol"], parts["AccountName"]) == (base.partition(":")[0], "devstoreaccount1")
    for service, port in (("Blob", 10000), ("Queue", 10001), ("Table", 10002)):
        assert parts[f"{service}Endpoint"] == f"{base}:{port}/devstoreaccount1"
    assert TableServiceClient.from_connection_string(full).url == f"{base}:10002/devstoreaccount1"
    assert BlobServiceClient.from_connection_string(full).url == f"{base}:10000/devstoreaccount1/"
    assert QueueServiceClient.from_connection_string(full).url == f"{base}:10001/devstoreaccount1/"


def test_data_of_its_own_account_is_read_from_there() -> None:
    """By each way to an account; what the host's settings say is then no matter, and no error either."""
    host = {NAME: "UseDevelopmentStorage=true", f"{NAME}__accountName": "?"}
    data = {name.replace(NAME, DATA): value for name, value in {**URIS, **MANAGED}.items()}

    assert read_storage_account({**host, DATA: "AccountName=a"}) == StorageAccount("AccountName=a")
    assert read_storage_account({**host, **data}) == StorageAccount("", BLOB, TABLE, managed=True, client_id="0c")


@pytest.mark.parametrize(
    ("settings", "connection"),
    [
        ({}, NAME),
        ({DATA: " ", f"{DATA}__credential": ""}, NAME),
        ({f"{DATA}BASE": "x", f"{DATA}_": "x"}, NAME),
        ({DATA: "x"}, DATA),
        ({f"{DATA}__tableServiceUri": "x"}, DATA),
    ],
)
def test_any_setting_of_the_datas_account_is_one(settings: dict[str, str], connection: str) -> None:
    """A value counts, a name alone does not."""
    assert connection_of(settings) == connection


def test_a_half_named_account_is_never_taken_for_the_hosts() -> None:
    """The problems name the data's settings, though the host's would do."""
    with pytest.raises(ConfigError) as caught:
        read_storage_account({NAME: "UseDevelopmentStorage=true", f"{DATA}__credential": "managedidentity"})

    (problem,) = caught.value.problems
    assert f"the setting {DATA} is not set" in problem
    assert f"{DATA}__blobServiceUri and {DATA}__queueServiceUri and {DATA}__tableServiceUri" in problem
    assert NAME not in problem


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://landfall.blob.core.windows.net/", "landfall"),
        ("https://landfall.z12.blob.storage.azure.net", "landfall"),
        ("https://127.0.0.1:10000/devstoreaccount1/", "devstoreaccount1"),
        ("https://localhost:10000/devstoreaccount1", "devstoreaccount1"),
    ],
)
def test_the_account_that_a_url_names(url: str, name: str) -> None:
    """By the first label of its host; by its path at an emulator."""
    assert account_name(url) == name


def test_a_connection_string_shows_in_no_text() -> None:
    """The settings as read can be logged."""
    assert "CANARY" not in repr(read_storage_account({NAME: "AccountKey=CANARY"}))


@pytest.mark.parametrize(("settings", "imported"), [({NAME: "UseDevelopmentStorage=true"}, False), (URIS, True)])
def test_only_an_identity_costs_its_library(settings: dict[str, str], imported: bool) -> None:
    """An app with a connection string never imports azure-identity, neither at its start nor with its services."""
    code = (
        "import sys, function_app; from shared import wiring; from tests.pipeline.world import SETTINGS\n"
        f"wiring.build_services({{**SETTINGS, **{settings!r}, 'LANDFALL_INPUT': 'incoming'}})\n"
        "print('azure.identity' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert out.stdout.strip() == str(imported)
