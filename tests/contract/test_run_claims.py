"""Claiming runs keeps its promises, in memory and on real table storage alike: one run for one file version."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import AlreadyClaimedError
from shared.ports.run_store import RunStore
from shared.ports.stored_run import StoredRun
from shared.records.history import HistoryEntry
from shared.records.run_identity import UNROUTED, run_id_for
from shared.records.run_states import RunState
from tests.contract.records import NOON, a_run

LATER = NOON + timedelta(seconds=5, microseconds=1)
ODD_NAMES = [
    *("a/b", "a\\b", "a#b", "a?b", "../../x", "%2f..%2f", "\x00", "\t\r\n", "\x85", "'", "' or RowKey ge '", "é" * 300),
    *("run;x", "active;", "=1+1", "\U0001f600", "<b>", "${jndi:x}", "%s%n"),
]


def test_a_claimed_run_is_read_back_in_every_way(run_store: RunStore) -> None:
    """A claim shows in `get`, `active`, `find`, `list_runs` and `history`."""
    run = a_run()

    claimed = run_store.claim(run)

    stored = run_store.get("census", run.run_id)
    assert stored is not None
    assert (claimed.run, stored.run, stored.run_etag) == (run, run, claimed.run_etag)
    assert run_store.active("census") == [StoredRun(run, None, claimed.active_etag)]
    assert run_store.find(run.run_id) == stored
    assert run_store.list_runs() == [stored]
    assert run_store.history("census", run.run_id) == [HistoryEntry(NOON, RunState.LANDED, "", "", 1)]


def test_an_unused_store_is_empty(run_store: RunStore) -> None:
    """Reading before anything was ever written finds nothing and fails nowhere."""
    assert run_store.get("census", "0" * 32) is None
    assert run_store.find("0" * 32) is None
    assert run_store.active("census") == []
    assert run_store.list_runs() == []
    assert run_store.history("census", "0" * 32) == []


def test_a_second_claim_changes_nothing(run_store: RunStore) -> None:
    """A version that has its run is refused, and the run stays as it was."""
    run = a_run()
    run_store.claim(run)

    with pytest.raises(AlreadyClaimedError):
        run_store.claim(replace(run, reason="again", revision=7))

    stored = run_store.get("census", run.run_id)
    assert stored is not None
    assert stored.run == run
    assert len(run_store.history("census", run.run_id)) == 1


def test_the_same_version_may_be_claimed_under_another_route(run_store: RunStore) -> None:
    """A file that was unrouted can be claimed again once a route matches it; `find` then gives the routed run."""
    unrouted = a_run(route=UNROUTED, state=RunState.UNROUTED, deadline_at=None)
    run_store.claim(unrouted)
    routed = replace(unrouted, route="census", state=RunState.LANDED)

    assert run_store.find(unrouted.run_id) == run_store.get(UNROUTED, unrouted.run_id)
    run_store.claim(routed)

    stored = run_store.find(unrouted.run_id)
    assert stored is not None
    assert stored.run == routed


def test_of_eight_claims_at_once_one_wins(run_store: RunStore) -> None:
    """However many workers hear of a file version at the same moment, one of them gets it."""
    run = a_run()

    def claim(number: int) -> bool:
        with suppress(AlreadyClaimedError):
            run_store.claim(replace(run, reason=f"worker {number}"))
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(claim, range(8)))

    stored = run_store.get("census", run.run_id)
    assert stored is not None
    assert sum(wins) == 1
    assert stored.run.reason == f"worker {wins.index(True)}"
    assert len(run_store.history("census", run.run_id)) == 1


@given(name=st.text(min_size=1, max_size=200) | st.sampled_from(ODD_NAMES), etag=st.text(max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_any_name_has_its_rows(run_store: RunStore, name: str, etag: str) -> None:
    """No row is named after a file: what a table forbids in its keys, or what a query could mean, may be in a name."""
    run = a_run(run_id=run_id_for("incoming", name, etag), blob=name, etag=etag)
    with suppress(AlreadyClaimedError):  # the same example again
        run_store.claim(run)

    stored = run_store.get("census", run.run_id)
    assert stored is not None
    assert (stored.run.blob, stored.run.etag) == (name, etag)
    assert run_store.find(run.run_id) == stored


@pytest.mark.parametrize("key", [*ODD_NAMES, "x" * 2000])
def test_an_id_of_any_form_is_looked_up_and_not_found(run_store: RunStore, key: str) -> None:
    """Callers of the app send ids: one that is none finds nothing, and no other row."""
    run_store.claim(a_run())

    assert run_store.find(key) is None
