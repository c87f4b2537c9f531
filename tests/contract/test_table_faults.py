"""Tables under faults that only a real service shows: lost answers, absent tables, refused keys, foreign rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from landfall.stack.ports import free_ports
from shared.adapters.storage.table_client import Table
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import AlreadyClaimedError, ConfigError, KeyRefusedError, NoAnswerError, StaleWriteError
from shared.records.endpoint_record import Lease
from shared.records.run_states import RunState
from tests.contract.access import Access
from tests.contract.records import NOON, a_run
from tests.fakes.faulty_transport import FaultyTransport

LATER = NOON + timedelta(seconds=5)
SECRET = "c2VjcmV0LWNhbmFyeS1rZXk="


@pytest.fixture
def transport() -> FaultyTransport:
    """Give the transport that the store under test sends through."""
    return FaultyTransport()


@pytest.fixture
def store(access: Access, table_name: str, transport: FaultyTransport) -> Iterator[TableRunStore]:
    """Give a store of runs whose answers can be lost."""
    with closing(TableRunStore(access.table(table_name, transport=transport, retry_backoff_factor=0))) as faulty_store:
        faulty_store.claim(a_run())  # so that the table exists
        yield faulty_store


@pytest.fixture
def second_store(access: Access, table_name: str) -> Iterator[TableRunStore]:
    """Give another worker's store on the same table."""
    with closing(TableRunStore(access.table(table_name))) as other_store:
        yield other_store


def test_a_claim_whose_answer_is_lost_is_a_claim(store: TableRunStore, transport: FaultyTransport) -> None:
    """The SDK sends the claim again and is refused; the row's token tells that the first one was ours."""
    run = a_run()
    transport.lose_answer("POST")

    claimed = store.claim(run)

    assert transport.sent.count("POST") >= 2
    assert store.get("census", run.run_id) == claimed._replace(active_etag=None)
    assert claimed._replace(run_etag=None) in store.active("census")
    assert len(store.history("census", run.run_id)) == 1


def test_a_claim_whose_answer_breaks_off_is_a_claim(store: TableRunStore, transport: FaultyTransport) -> None:
    """An answer that breaks off in the middle, which the SDK does not try again, costs nothing either."""
    transport.break_answer_off("POST")

    claimed = store.claim(a_run())

    assert store.get("census", claimed.run.run_id) == claimed._replace(active_etag=None)


def test_answers_that_keep_breaking_off_leave_the_outcome_open(
    store: TableRunStore, transport: FaultyTransport
) -> None:
    """If no answer comes at all, the error says that the claim may have taken effect; it may be tried again."""
    run = a_run()
    for _ in range(2):
        transport.break_answer_off("POST")

    with pytest.raises(NoAnswerError):
        store.claim(run)
    with pytest.raises(AlreadyClaimedError):
        store.claim(run)


def test_a_lost_claim_of_another_worker_is_not_ours(
    store: TableRunStore, second_store: TableRunStore, transport: FaultyTransport
) -> None:
    """A refused claim is looked up by token, so the other worker's run is never taken for ours."""
    run = a_run()
    second_store.claim(run)
    transport.lose_answer("POST")

    with pytest.raises(AlreadyClaimedError):
        store.claim(run)


def test_a_save_whose_answer_is_lost_is_saved_once(store: TableRunStore, transport: FaultyTransport) -> None:
    """A save that was sent twice is written once, and what it returns fences the next save."""
    claimed = store.claim(a_run())
    transport.lose_answer("POST")

    saved = store.save(claimed, claimed.run.transitioned(LATER, RunState.SUBMITTED, job_id="job-1"))
    transport.lose_answer("POST")
    ended = store.save(saved, saved.run.transitioned(LATER, RunState.FAILED, "no"))

    assert store.get("census", ended.run.run_id) == ended
    assert ended.run.run_id not in {stored.run.run_id for stored in store.active("census")}
    assert [entry.state for entry in store.history("census", ended.run.run_id)] == ["landed", "submitted", "failed"]


def test_a_lost_save_that_was_overtaken_counts_and_then_is_stale(
    store: TableRunStore, second_store: TableRunStore, transport: FaultyTransport
) -> None:
    """A save that took effect counts even if another worker wrote at once; but it allows no further save."""
    claimed = store.claim(a_run())

    def overtake() -> None:
        theirs = second_store.get("census", claimed.run.run_id)
        assert theirs is not None
        second_store.save(theirs, theirs.run.transitioned(LATER, RunState.STARTED, "theirs"))

    transport.lose_answer("POST", overtake)
    saved = store.save(claimed, claimed.run.transitioned(LATER, RunState.SUBMITTED, "ours"))

    with pytest.raises(StaleWriteError):
        store.save(saved, saved.run.transitioned(LATER, RunState.FAILED))
    assert [entry.reason for entry in store.history("census", claimed.run.run_id)] == ["", "ours", "theirs"]


def test_a_lost_endpoint_save_is_saved(access: Access, table_name: str, transport: FaultyTransport) -> None:
    """A lease whose answer was lost is held, at the first write of a row and at a later one."""
    table = access.table(table_name, transport=transport, retry_backoff_factor=0)
    with closing(TableEndpointStore(table)) as endpoints:
        stored = endpoints.get("census", "production")
        for run_id in ("a", "b"):
            transport.lose_answer("POST")
            record = replace(stored.record, lease=Lease(run_id=run_id, token=1, expires_at=NOON))
            stored = endpoints.save(stored, record)

            assert endpoints.get("census", "production") == stored


def test_a_lost_create_of_the_table_goes_unnoticed(access: Access, table_name: str, transport: FaultyTransport) -> None:
    """The very first claim succeeds although the answer to the table's creation, or to the claim, is lost."""
    run = a_run()
    with closing(TableRunStore(access.table(table_name, transport=transport, retry_backoff_factor=0))) as store:
        for _ in range(2):
            transport.lose_answer("POST")

        store.claim(run)

        assert len(store.history("census", run.run_id)) == 1


def test_the_first_claims_may_come_at_once(access: Access, table_name: str) -> None:
    """Workers that find no table create it side by side; every one's claim is kept."""
    runs = [a_run() for _ in range(6)]
    with closing(TableRunStore(access.table(table_name))) as store:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(store.claim, runs))

        assert len(store.active("census")) == 6


def test_an_existing_table_costs_a_claim_one_request(store: TableRunStore, transport: FaultyTransport) -> None:
    """Claim, save and the query of a tick are one request each."""
    transport.sent.clear()

    claimed = store.claim(a_run())
    store.save(claimed, claimed.run.transitioned(LATER, RunState.SUBMITTED))
    store.active("census")

    assert transport.sent == ["POST", "POST", "GET"]


def _with_key(connection_string: str, key: str) -> str:
    parts = [part for part in connection_string.split(";") if not part.startswith("AccountKey=")]
    return ";".join([f"AccountKey={key}", *parts])


# The SDK's own reading of an XML error tests an element's truth.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
def test_a_refused_key_is_a_setting_to_correct(azurite: str, table_name: str) -> None:
    """A wrong account key is reported with the setting's name, and not with the key."""
    with (
        closing(TableRunStore.from_connection_string(_with_key(azurite, SECRET), table_name)) as store,
        pytest.raises(KeyRefusedError, match="AzureWebJobsStorage") as caught,
    ):
        store.claim(a_run())

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["", "nonsense", f"AccountName=a;AccountKey{SECRET}", f"AccountKey={SECRET};x=y"])
def test_a_malformed_connection_string_is_a_setting_to_correct(text: str) -> None:
    """What is no connection string is refused at once, naming the setting and quoting nothing of it."""
    with pytest.raises(ConfigError, match="AzureWebJobsStorage") as caught:
        TableRunStore.from_connection_string(text)

    assert SECRET not in str(caught.value)


def test_a_service_that_is_not_there_may_come_back(azurite: str, table_name: str) -> None:
    """A connection that is refused is an error to be tried again, naming the place without any query."""
    (port,) = free_ports(1)
    place = f"http://127.0.0.1:{port}/devstoreaccount1"
    endpoints = ("Default", "Account")
    kept = ";".join(part for part in azurite.split(";") if part.startswith(endpoints))
    table = Table.from_connection_string(f"{kept};TableEndpoint={place}", table_name, retry_total=0)

    with closing(TableRunStore(table)) as store, pytest.raises(NoAnswerError, match=f"{place}/{table_name}"):
        store.claim(a_run())
