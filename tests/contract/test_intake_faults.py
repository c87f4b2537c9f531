"""Rows of a route under faults that only a real service shows: lost answers, and the limits of a transaction."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from azure.data.tables import TableClient

from shared.adapters.storage.record_codec import to_columns
from shared.adapters.storage.run_transactions import LIMIT_BYTES, MAX_BYTES_AT_ONCE, bytes_of
from shared.adapters.storage.table_parts import part_key
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import StaleWriteError
from shared.ports.intake_rows import MAX_RUNS_AT_ONCE
from shared.ports.stored_run import StoredRun
from shared.records.batch import OpenBatch, Seal
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.contract.access import Access
from tests.contract.records import NOON, a_part, a_run
from tests.fakes.faulty_transport import FaultyTransport

LATER = NOON + timedelta(seconds=5)
SEAL = Seal("0f", "training/batches/census/ab.json", 2, "ab", 1, LATER)
REQUEST_LIMIT = 4 * 1024 * 1024  # bytes of a transaction: the service's limit


class MeasuringTransport(FaultyTransport):
    """Notes how many bytes each request has."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request."""
        self.sizes.append(len(request.body or b""))
        return super().send(request, **options)


@pytest.fixture
def transport() -> MeasuringTransport:
    """Give the transport that the store under test sends through."""
    return MeasuringTransport()


@pytest.fixture
def store(access: Access, table_name: str, transport: MeasuringTransport) -> Iterator[TableRunStore]:
    """Give a store of runs whose answers can be lost."""
    with closing(TableRunStore(access.table(table_name, transport=transport, retry_backoff_factor=0))) as faulty_store:
        faulty_store.claim(a_run(route="first"))  # so that the table exists
        yield faulty_store


@pytest.fixture
def second_store(access: Access, table_name: str) -> Iterator[TableRunStore]:
    """Give another worker's store on the same table."""
    with closing(TableRunStore(access.table(table_name))) as other_store:
        yield other_store


def _waiting(store: TableRunStore, count: int, **changes: object) -> list[StoredRun]:
    return [
        store.claim(a_run(state=RunState.WAITING, step=WaitingStep.BATCH, deadline_at=None, **changes))
        for _ in range(count)
    ]


def _batched(run: Run) -> Run:
    return run.transitioned(LATER, RunState.BATCHED, batch_run_id="0f")


def test_many_saves_whose_answer_is_lost_are_saved(store: TableRunStore, transport: MeasuringTransport) -> None:
    """All rows are looked up by their token, however many, and what is returned fences the next save of each."""
    stored = _waiting(store, MAX_RUNS_AT_ONCE)
    transport.lose_answer("POST")

    saved = store.save_many([(before, before.run.evolve(LATER, reason="first")) for before in stored])

    assert all(after.run_etag and after.active_etag for after in saved)
    store.save_many([(before, _batched(before.run)) for before in saved])
    assert store.active("census") == []


def test_many_saves_that_another_worker_made_are_stale(
    store: TableRunStore, second_store: TableRunStore, transport: MeasuringTransport
) -> None:
    """A refused transaction is looked up by its token, so the other worker's is never taken for ours."""
    stored = _waiting(store, 20)
    second_store.save_many([(before, _batched(before.run)) for before in stored])
    transport.lose_answer("POST")

    with pytest.raises(StaleWriteError):
        store.save_many([(before, _batched(before.run)) for before in stored])


def test_a_seal_whose_answer_is_lost_is_a_seal(store: TableRunStore, transport: MeasuringTransport) -> None:
    """The first seal of a route, and one over it: the batch is sealed once, and what is returned can be built on."""
    batch = store.open_batch("census")
    for sequence, waiting in enumerate(_waiting(store, 2), start=1):
        transport.lose_answer("POST")
        sealed = OpenBatch(route="census", seal=SEAL._replace(sequence=sequence))
        batch, carrier = store.seal(batch, sealed, waiting, waiting.run.transitioned(LATER, RunState.LANDED))

        assert store.open_batch("census") == batch
        store.save(carrier, carrier.run.evolve(LATER))


def test_an_acceptance_whose_answer_is_lost_is_one(store: TableRunStore, transport: MeasuringTransport) -> None:
    """So are a part written anew, a set that is claimed, and a part that is forgotten."""
    (stored,) = _waiting(store, 1)
    part = a_part(stored.run)
    transport.lose_answer("POST")
    accepted = store.accept(stored, stored.run.evolve(LATER), part)
    transport.lose_answer("POST")
    store.replace_part(part)
    transport.lose_answer("POST")
    store.claim_set("census", "ab", "0f", None)
    transport.lose_answer("POST")

    forgotten = store.forget(accepted, accepted.run.evolve(LATER, forgotten="by ann"))

    assert store.get("census", stored.run.run_id) == forgotten._replace(active_etag=None)
    assert list(store.parts("census")) == []


def test_a_settling_whose_answer_is_lost_is_settled(store: TableRunStore, transport: MeasuringTransport) -> None:
    """The version has its one run, which can be saved on."""
    settling = store.claim(a_run(state=RunState.WAITING, step=WaitingStep.SETTLE, deadline_at=None))
    transport.lose_answer("POST")

    claimed = store.settle(settling, a_run())

    assert store.find(settling.run.run_id) is None
    store.save(claimed, claimed.run.transitioned(LATER, RunState.SUBMITTED))


@pytest.mark.parametrize("text", ["x", "é", "\U0001f600", '"', "\n"], ids=["plain", "accent", "emoji", "quote", "line"])
def test_a_transaction_is_no_larger_than_was_thought(
    store: TableRunStore, transport: MeasuringTransport, text: str
) -> None:
    """What runs are said to take covers what is sent, whatever their texts hold; so no transaction is too large."""
    stored = _waiting(store, MAX_RUNS_AT_ONCE, notes=(text * 4000,))
    changes = [(before, before.run.evolve(LATER, reason="noted")) for before in stored]
    for chunk in store.in_transactions(changes):
        transport.sizes.clear()
        store.save_many(chunk)

        assert transport.sizes[0] <= sum(bytes_of(change) for change in chunk) + 1_000
        assert transport.sizes[0] < REQUEST_LIMIT


def test_a_full_transaction_is_near_the_limit() -> None:
    """The margin is small: what fits is not divided in vain."""
    assert LIMIT_BYTES == REQUEST_LIMIT
    assert 0.9 * LIMIT_BYTES < MAX_BYTES_AT_ONCE < LIMIT_BYTES


def test_every_write_is_one_request(store: TableRunStore, transport: MeasuringTransport) -> None:
    """A claim with its name, a seal, an acceptance and 33 saves are one request each; so is what a tick reads."""
    stored = _waiting(store, MAX_RUNS_AT_ONCE + 1)
    transport.sent.clear()

    store.claim(a_run())
    store.save_many([(before, _batched(before.run)) for before in stored[:-1]])
    store.seal(store.open_batch("census"), OpenBatch(route="census", seal=SEAL), stored[-1], _batched(stored[-1].run))
    store.in_progress("census")

    assert transport.sent == ["POST", "POST", "GET", "POST", "GET"]


def test_more_parts_than_a_page_holds_are_all_read(
    access: Access, store: TableRunStore, table_name: str, transport: MeasuringTransport
) -> None:
    """A set of more than a thousand files is read whole and in order, at one request a page."""
    generations = [f"2026-11-23T12:00:00Z/{number:020}/0f" for number in range(1100)]
    with TableClient.from_connection_string(access.connection_string, table_name) as table:
        for start in range(0, 1100, 100):
            parts = [a_part(a_run(generation=generation)) for generation in generations[start : start + 100]]
            table.submit_transaction(
                [
                    ("create", {**to_columns(part), "PartitionKey": "census", "RowKey": part_key(part)})
                    for part in parts[::-1]
                ]
            )
    transport.sent.clear()

    assert [part.generation for part in store.parts("census")] == generations
    assert transport.sent == ["GET", "GET"]
