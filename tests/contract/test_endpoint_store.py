"""The store of endpoints keeps its promises, in memory and on real table storage alike."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from shared.errors import StaleWriteError
from shared.ports.endpoint_store import EndpointStore, StoredEndpoint
from shared.records.endpoint_record import EndpointRecord, Lease
from tests.contract.records import NOON, endpoint_records

LEASE = Lease(run_id="a", token=1, expires_at=NOON)


def test_an_unknown_endpoint_has_an_empty_record(endpoint_store: EndpointStore) -> None:
    """Reading an endpoint that was never written gives a record without champion, lease or intent."""
    expected = StoredEndpoint(EndpointRecord(route="census", name="production"), None)

    assert endpoint_store.get("census", "production") == expected


def test_a_saved_record_is_read_back(endpoint_store: EndpointStore) -> None:
    """What `save` returns is what `get` reads, and what the next `save` takes."""
    empty = endpoint_store.get("census", "production")

    leased = endpoint_store.save(empty, replace(empty.record, lease=LEASE))
    free = endpoint_store.save(leased, empty.record)

    assert leased.record.lease == LEASE
    assert endpoint_store.get("census", "production") == free
    assert free.record == empty.record


def test_endpoints_are_apart(endpoint_store: EndpointStore) -> None:
    """A route's endpoints, and those of the same name under other routes, have records of their own."""
    empty = endpoint_store.get("census", "production")
    endpoint_store.save(empty, replace(empty.record, lease=LEASE))

    assert endpoint_store.get("census", "staging").etag is None
    assert endpoint_store.get("wine", "production").etag is None


def test_a_save_from_an_old_read_changes_nothing(endpoint_store: EndpointStore) -> None:
    """A worker that read before another one wrote is refused: at the first write as at any later one."""
    empty = endpoint_store.get("census", "production")
    first = endpoint_store.save(empty, replace(empty.record, lease=LEASE))
    second = endpoint_store.save(first, replace(empty.record, lease=LEASE._replace(run_id="b")))

    for old in (empty, first):
        with pytest.raises(StaleWriteError):
            endpoint_store.save(old, replace(empty.record, lease=LEASE._replace(run_id="late")))

    assert endpoint_store.get("census", "production") == second


def test_one_endpoint_never_replaces_another(endpoint_store: EndpointStore) -> None:
    """A record saved over that of another endpoint is a mistake in the caller and never written."""
    empty = endpoint_store.get("census", "production")

    with pytest.raises(ValueError, match="cannot replace"):
        endpoint_store.save(empty, replace(empty.record, name="staging"))


def test_of_eight_leases_at_once_one_is_given(endpoint_store: EndpointStore) -> None:
    """However many promoters want an endpoint at the same moment, one of them gets it."""
    empty = endpoint_store.get("census", "production")

    def take(number: int) -> bool:
        with suppress(StaleWriteError):
            endpoint_store.save(empty, replace(empty.record, lease=LEASE._replace(run_id=str(number))))
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(take, range(8)))

    lease = endpoint_store.get("census", "production").record.lease
    assert sum(wins) == 1
    assert lease is not None
    assert lease.run_id == str(wins.index(True))


def test_no_write_is_lost_between_workers(endpoint_store: EndpointStore) -> None:
    """Workers that prolong a lease at once and try again when refused all get through, one after the other."""
    empty = endpoint_store.get("census", "production")
    endpoint_store.save(empty, replace(empty.record, lease=LEASE))

    def prolong(times: int) -> None:
        done = 0
        while done < times:
            before = endpoint_store.get("census", "production")
            lease = before.record.lease or LEASE
            with suppress(StaleWriteError):
                longer = lease._replace(expires_at=lease.expires_at + timedelta(seconds=1))
                endpoint_store.save(before, replace(before.record, lease=longer))
                done += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prolong, [5] * 4))

    lease = endpoint_store.get("census", "production").record.lease
    assert lease == LEASE._replace(expires_at=NOON + timedelta(seconds=20))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(record=endpoint_records("census", "production"))
def test_any_record_comes_back_exactly(endpoint_store: EndpointStore, record: EndpointRecord) -> None:
    """Whatever a record holds, to the microsecond and the last character, is read as it was written."""
    endpoint_store.save(endpoint_store.get("census", "production"), record)

    assert endpoint_store.get("census", "production").record == record
