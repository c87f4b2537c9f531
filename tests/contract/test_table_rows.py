"""Rows that this version did not write, or not alone: touched by hand, of a newer version, unreadable, very many."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from azure.data.tables import TableClient, UpdateMode

from shared.adapters.storage.record_codec import to_columns
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import StaleWriteError, UnreadableRowError
from shared.log_actions import LogAction
from shared.records.run_states import RunState
from tests.contract.access import Access
from tests.contract.records import NOON, a_run
from tests.log_lines import lines_about, records_about

LATER = NOON + timedelta(seconds=5)
BEGUN = {"run_id": "a", "generation": "g", "token": 1, "from_model": "m/a", "to_model": "m/b"}


@pytest.fixture
def store(access: Access, table_name: str) -> Iterator[TableRunStore]:
    """Give a store of runs whose table exists."""
    with closing(TableRunStore(access.table(table_name))) as run_store:
        run_store.claim(a_run())
        yield run_store


@pytest.fixture
def rows(access: Access, table_name: str) -> Iterator[TableClient]:
    """Give the table itself."""
    with TableClient.from_connection_string(access.connection_string, table_name) as client:
        yield client


@pytest.mark.parametrize(("kind", "read"), [("run", "get"), ("active", "active")])
def test_a_row_that_another_program_touched_is_stale(
    store: TableRunStore, rows: TableClient, kind: str, read: str
) -> None:
    """The ETag that a read knows fences the save, also against a change that made no history."""
    claimed = store.claim(a_run(route="wine"))
    before = store.get("wine", claimed.run.run_id) if read == "get" else store.active("wine")[0]
    assert before is not None
    rows.update_entity({"PartitionKey": "wine", "RowKey": f"{kind};{claimed.run.run_id}", "note": "by hand"})

    for old in (before, claimed):
        with pytest.raises(StaleWriteError):
            store.save(old, old.run.transitioned(LATER, RunState.SUBMITTED))

    assert len(store.history("wine", claimed.run.run_id)) == 1


def test_more_active_runs_than_a_page_holds_are_all_read(store: TableRunStore, rows: TableClient) -> None:
    """A tick sees every active run of its route, beyond the service's thousand rows a page."""
    for start in range(0, 1100, 100):
        batch = [
            ("create", {**to_columns(a_run(route="many")), "PartitionKey": "many", "RowKey": f"active;{number:032x}"})
            for number in range(start, start + 100)
        ]
        rows.submit_transaction(batch)

    assert len(store.active("many")) == 1100


def test_columns_of_a_newer_version_are_ignored(store: TableRunStore, rows: TableClient) -> None:
    """After a step back to this version, rows with further columns are read as before."""
    claimed = store.claim(a_run())
    row: dict[str, Any] = {
        "PartitionKey": "census",
        "RowKey": f"run;{claimed.run.run_id}",
        "mood": "sunny",
        "weight": 1.5,
    }
    rows.update_entity(row)

    stored_run = store.get("census", claimed.run.run_id)

    assert stored_run is not None
    assert stored_run.run == claimed.run


def test_one_unreadable_row_does_not_stop_the_others(
    store: TableRunStore, rows: TableClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A row in a state unknown to this version is left out of a tick, and reported by name."""
    good, bad = store.claim(a_run(route="wine")), store.claim(a_run(route="wine"))
    for kind in ("run", "active"):
        row = {"PartitionKey": "wine", "RowKey": f"{kind};{bad.run.run_id}", "state": "levitating"}
        rows.update_entity(row)

    with caplog.at_level(logging.ERROR):
        active = [stored.run for stored in store.active("wine")]
        listed = [stored.run for stored in store.list_runs("wine")]

    assert (active, listed) == ([good.run], [good.run])
    assert f"active;{bad.run.run_id}" in lines_about(caplog, LogAction.RUN_UNREADABLE)[0]
    for record in records_about(caplog, LogAction.RUN_UNREADABLE):
        assert vars(record).items() >= {"run_id": bad.run.run_id, "route": "wine"}.items()
    with pytest.raises(UnreadableRowError, match=f"run;{bad.run.run_id} of wine .*state"):
        store.get("wine", bad.run.run_id)


@pytest.mark.parametrize("column", ["attempt", "notes", "state"])
def test_a_row_that_lacks_what_every_row_has_is_unreadable(
    store: TableRunStore, rows: TableClient, column: str
) -> None:
    """What is always written is not made up where it is not there: the row is named, and what it lacks."""
    claimed = store.claim(a_run(route="wine"))
    row = dict(rows.get_entity("wine", f"run;{claimed.run.run_id}"))
    del row[column]
    rows.update_entity(row, mode=UpdateMode.REPLACE)

    with pytest.raises(UnreadableRowError, match=f"run;{claimed.run.run_id} of wine .*{column}: is missing"):
        store.get("wine", claimed.run.run_id)


@pytest.mark.parametrize(
    ("part", "members", "lacks"),
    [
        ("champion", {"run_id": "a", "generation": "g", "model": "m/a", "metrics": {}}, "promoted_at"),
        ("intent", BEGUN, "back"),
    ],
)
def test_a_part_of_an_endpoint_that_lacks_a_member_is_unreadable(
    access: Access, table_name: str, rows: TableClient, part: str, members: dict[str, Any], lacks: str
) -> None:
    """Whether a promotion is being rolled back is not made up, nor anything else that is always written."""
    rows.create_table()
    rows.create_entity({"PartitionKey": "census", "RowKey": "production", "token": 1, part: json.dumps(members)})

    with (
        closing(TableEndpointStore(access.table(table_name))) as endpoints,
        pytest.raises(UnreadableRowError, match=f"production of census .*{lacks}"),
    ):
        endpoints.get("census", "production")


def test_an_unreadable_endpoint_row_is_named(access: Access, table_name: str, rows: TableClient) -> None:
    """An endpoint's row that holds no record is an error that says which row."""
    rows.create_table()
    rows.create_entity({"PartitionKey": "census", "RowKey": "production", "champion": '{"run_id": "a"}'})

    with (
        closing(TableEndpointStore(access.table(table_name))) as endpoints,
        pytest.raises(UnreadableRowError, match="production of census"),
    ):
        endpoints.get("census", "production")
