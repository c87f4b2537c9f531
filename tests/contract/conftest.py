"""The stores under contract: each in memory and on a real Azurite, in tables and containers of their own."""

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from shared.adapters.blobs import BlobStorageFiles
from shared.adapters.table_endpoints import TableEndpointStore
from shared.adapters.table_runs import TableRunStore
from shared.ports import EndpointStore, RunStore
from tests.contract.blob_account import AzuriteAccount, BlobAccount, MemoryAccount
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_endpoints import MemoryEndpointStore
from tests.fakes.memory_runs import MemoryRunStore


@pytest.fixture
def table_name() -> str:
    """Give the name of a table that does not exist yet."""
    return f"t{uuid4().hex}"


@pytest.fixture(params=["memory", "azurite"])
def run_store(request: pytest.FixtureRequest, table_name: str) -> Iterator[RunStore]:
    """Give an empty store of runs."""
    if request.param == "memory":
        yield MemoryRunStore()
        return
    with closing(TableRunStore.from_connection_string(request.getfixturevalue("azurite"), table_name)) as store:
        yield store


@pytest.fixture(params=["memory", "azurite"])
def endpoint_store(request: pytest.FixtureRequest, table_name: str) -> Iterator[EndpointStore]:
    """Give an empty store of endpoints."""
    if request.param == "memory":
        yield MemoryEndpointStore()
        return
    with closing(TableEndpointStore.from_connection_string(request.getfixturevalue("azurite"), table_name)) as store:
        yield store


@pytest.fixture(params=["memory", "azurite"])
def account(request: pytest.FixtureRequest) -> Iterator[BlobAccount]:
    """Give an account whose container `account.input` is empty."""
    if request.param == "memory":
        yield MemoryAccount(MemoryBlobs())
        return
    connection_string = request.getfixturevalue("azurite")
    with closing(BlobStorageFiles.from_connection_string(connection_string)) as files:
        account = AzuriteAccount(files, connection_string)
        with closing(account):
            yield account
