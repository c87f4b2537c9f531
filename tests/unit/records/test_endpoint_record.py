"""The endpoint's record: tokens that tell leases apart, generations that stay blocked."""

from datetime import timedelta

from shared.records.endpoint_record import (
    MAX_BLOCKED_GENERATIONS,
    PATCH_TIMEOUT_S,
    SEND_WITHIN_S,
    EndpointRecord,
    settled_at,
)
from tests.contract.records import NOON

EMPTY = EndpointRecord(route="census", name="production")


def test_a_lease_that_is_new_to_a_run_has_a_larger_token() -> None:
    """Renewing keeps the token; whoever comes after somebody else gets a larger one."""
    first = EMPTY.leased("a", NOON)
    renewed = first.leased("a", NOON + timedelta(hours=1))
    second = renewed.leased("b", NOON)
    again = second.leased("a", NOON)

    assert [record.token for record in (first, renewed, second, again)] == [1, 1, 2, 3]
    assert [record.lease.run_id for record in (first, second, again) if record.lease] == ["a", "b", "a"]


def test_blocked_generations_are_kept_once_and_not_without_end() -> None:
    """The newest ones are remembered."""
    record = EMPTY.blocking("1").blocking("2").blocking("1")
    assert record.blocked_generations == ("2", "1")
    for number in range(MAX_BLOCKED_GENERATIONS + 5):
        record = record.blocking(f"g{number}")
    assert len(record.blocked_generations) == MAX_BLOCKED_GENERATIONS
    assert record.blocked_generations[-1] == f"g{MAX_BLOCKED_GENERATIONS + 4}"


def test_an_update_has_an_end() -> None:
    """It leaves in time, arrives in time, and is served in time, or never."""
    assert settled_at(NOON, 30) == NOON + timedelta(seconds=SEND_WITHIN_S + PATCH_TIMEOUT_S + 30)
