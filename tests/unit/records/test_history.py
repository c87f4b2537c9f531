"""The chained history: whatever is removed or edited afterwards shows."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.records.history import HistoryEntry, broken_links, chained, entry_of
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.contract.records import NOON, a_run


@pytest.fixture
def recorded() -> tuple[Run, list[HistoryEntry]]:
    """Give a run and its history of five entries."""
    run = chained(a_run(), "on_csv_landed")
    entries = [entry_of(run)]
    for reason in ("a", "b", "c", "d"):
        run = chained(run.evolve(NOON, reason=reason), "poll_pending_jobs", run.chain)
        entries.append(entry_of(run))
    return run, entries


def test_an_untouched_history_is_whole(recorded: tuple[Run, list[HistoryEntry]]) -> None:
    """Every entry holds the hash of the one before."""
    assert broken_links(*recorded) == []


type Change = Callable[[list[HistoryEntry]], list[HistoryEntry]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda all_: all_[1:], "entry 0 of its history was removed"),
        (lambda all_: [*all_[:1], *all_[3:]], "entries 1 to 2 of its history were removed"),
        (lambda all_: all_[:-1], "ends with entry 3, the run itself is at 4"),
        (lambda all_: all_[:0], "ends with entry -1"),
        (lambda all_: [*all_[:2], all_[2]._replace(reason="never"), *all_[3:]], "entry 2 of its history was edited"),
        (lambda all_: [*all_[:4], all_[4]._replace(actor="somebody")], "entry 4 of its history was edited"),
        (lambda all_: [all_[0]._replace(state=RunState.PROMOTED), *all_[1:]], "entry 0 of its history was edited"),
    ],
)
def test_what_was_done_to_it_is_said(recorded: tuple[Run, list[HistoryEntry]], change: Change, says: str) -> None:
    """An entry that is removed at any place, or edited in any part."""
    run, entries = recorded
    assert any(says in sentence for sentence in broken_links(run, change(entries)))


def test_a_run_that_was_rewritten_shows(recorded: tuple[Run, list[HistoryEntry]]) -> None:
    """A run whose chain is another one's does not fit its history."""
    run, entries = recorded
    assert broken_links(replace(run, chain="0" * 64), entries) == [
        "its newest history entry is not the one that was written with the run"
    ]
