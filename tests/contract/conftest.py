"""The stores under contract: in memory and on real Azurites, opened by key and by identity."""

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.ports.endpoint_store import EndpointStore
from shared.ports.run_store import RunStore
from tests.contract.access import Access, IdentityAccess, KeyAccess
from tests.contract.blob_account import AzuriteAccount, BlobAccount, MemoryAccount
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_endpoints import MemoryEndpointStore
from tests.fakes.memory_runs import MemoryRunStore


@pytest.fixture
def table_name() -> str:
    """Give the name of a table that does not exist yet."""
    return f"t{uuid4().hex}"


def access_to(kind: str, request: pytest.FixtureRequest) -> Access:
    """Return a real account, opened by its key or by an identity."""
    if kind == "key":
        return KeyAccess(request.getfixturevalue("azurite"))
    return IdentityAccess(request.getfixturevalue("identity_storage"))


@pytest.fixture(scope="session", params=["key", "identity"])
def access(request: pytest.FixtureRequest) -> Access:
    """Give a real account, opened by its key and by an identity."""
    return access_to(request.param, request)


@pytest.fixture(params=["memory", "key", "identity"])
def run_store(request: pytest.FixtureRequest, table_name: str) -> Iterator[RunStore]:
    """Give an empty store of runs."""
    if request.param == "memory":
        yield MemoryRunStore()
        return
    with closing(TableRunStore(access_to(request.param, request).table(table_name))) as store:
        yield store


@pytest.fixture(params=["memory", "key", "identity"])
def endpoint_store(request: pytest.FixtureRequest, table_name: str) -> Iterator[EndpointStore]:
    """Give an empty store of endpoints."""
    if request.param == "memory":
        yield MemoryEndpointStore()
        return
    with closing(TableEndpointStore(access_to(request.param, request).table(table_name))) as store:
        yield store


@pytest.fixture(params=["memory", "key", "identity"])
def account(request: pytest.FixtureRequest) -> Iterator[BlobAccount]:
    """Give an account whose container `account.input` is empty."""
    if request.param == "memory":
        yield MemoryAccount(MemoryBlobs())
        return
    access = access_to(request.param, request)
    with closing(access.blobs()) as files, closing(AzuriteAccount(files, access.connection_string)) as account:
        yield account
