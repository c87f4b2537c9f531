"""The checks of batches and training sets: each finds its violation in hand-made rows, lists and manifests."""

import json
from dataclasses import replace
from typing import Any

import pytest

from landfall.chaos.batch_checks import (
    TrainedSet,
    broken_batches,
    broken_sets,
    in_two_batches,
    trained_sets,
    wrong_rows,
)
from shared.intake.settings import TrainingSetKind
from shared.records.batch import BatchRef
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.chaos.test_invariant_checks import run

SEALED = BatchRef("training/batches/census/1.json", 2, "0" * 64, 1)
MEMBER = run(1, RunState.BATCHED, batch_run_id=f"{2:032x}")
CARRIER = run(2, batch=SEALED)


def listed(*runs: Run) -> str:
    """Return a member list as the app writes it."""
    members = [
        {"blob": member.blob, "etag": member.etag, "rows": 1, "sha256": "0" * 64, "run_id": member.run_id}
        for member in runs
    ]
    return json.dumps({"kind": TrainingSetKind.BATCH.value, "members": members})


def of_runs(*runs: Run, **changes: Any) -> TrainedSet:
    """Return a set of runs' files, each with a row that has the run's number."""
    rows = [("n", "label"), *((str(int(member.run_id, 16)), "yes") for member in runs)]
    trained = TrainedSet("job j", runs[-1].run_id, tuple((member.blob, member.etag) for member in runs), rows)
    return replace(trained, **changes)


def rows_of(version: tuple[str, str]) -> list[dict[str, str]]:
    """Return the rows of the file of a hand-made run."""
    return [{"n": version[1].removeprefix("0x"), "label": "yes"}]


def test_a_whole_batch_is_fine() -> None:
    """Each member names the carrier, and the carrier's list has each of them."""
    assert broken_batches([MEMBER, CARRIER, run(3)], lambda _: listed(MEMBER, CARRIER)) == []


@pytest.mark.parametrize(
    ("runs", "text", "says"),
    [
        ([MEMBER, CARRIER], listed(CARRIER, run(3)), "whose seal does not list it"),
        ([MEMBER, CARRIER], listed(MEMBER, run(3)), "carries a batch that it is not in"),
        ([MEMBER, CARRIER], None, "was sealed with 2 members"),
        ([MEMBER, CARRIER], listed(CARRIER), "was sealed with 2 members"),
        ([MEMBER], None, "which carries no batch"),
        ([run(1, RunState.BATCHED)], None, "names no run"),
        ([replace(MEMBER, batch=SEALED), CARRIER], listed(MEMBER, CARRIER), "carries a batch, and is in that of"),
        ([MEMBER, CARRIER, run(3, batch=SEALED)], listed(MEMBER, CARRIER), "carry the same seal"),
    ],
)
def test_each_broken_batch_is_found(runs: list[Run], text: str | None, says: str) -> None:
    """A member that no list has, a list without its carrier, a list that is not the one that was sealed."""
    assert any(says in problem for problem in broken_batches(runs, lambda _: text))


def test_a_set_of_settled_members_in_order_is_fine() -> None:
    """Whatever became of its members' runs, as long as they were accepted."""
    trained = [of_runs(MEMBER, CARRIER), of_runs(run(3))]

    assert broken_sets(trained, [MEMBER, CARRIER, run(3)]) == []
    assert wrong_rows(trained, rows_of) == []
    assert in_two_batches(trained) == []


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        ([CARRIER], "members without a run"),
        ([replace(MEMBER, state=RunState.QUARANTINED), CARRIER], "whose run is quarantined"),
        ([replace(MEMBER, state=RunState.WAITING, step=WaitingStep.BATCH), CARRIER], "whose run is waiting"),
        ([replace(MEMBER, generation="9"), CARRIER], "not in order of generation"),
    ],
)
def test_each_broken_set_is_found(runs: list[Run], says: str) -> None:
    """A member that nobody accepted, or that came in the wrong order."""
    (problem,) = broken_sets([of_runs(MEMBER, CARRIER)], runs)
    assert says in problem


@pytest.mark.parametrize(
    "rows",
    [
        [("n", "label"), ("1", "yes")],
        [("n", "label"), ("1", "yes"), ("2", "yes"), ("2", "yes")],
        [("n", "label"), ("1", "no"), ("2", "yes")],
        [("n", "label", "more"), ("1", "yes", "x"), ("2", "yes", "")],
        [],
    ],
    ids=["missing", "twice", "changed", "another column", "empty"],
)
def test_wrong_rows_are_found(rows: list[tuple[str, ...]]) -> None:
    """A row that is missing, there twice or changed; a cell that its file does not have."""
    assert len(wrong_rows([of_runs(MEMBER, CARRIER, rows=rows)], rows_of)) == 1


def test_a_version_in_two_batches_is_found() -> None:
    """Two attempts of one run are one batch; two runs are not."""
    once = of_runs(MEMBER, CARRIER)

    assert in_two_batches([once, once]) == []
    (problem,) = in_two_batches([once, of_runs(MEMBER, run(3))])
    assert problem.startswith("census/1.csv (0x1) is trained by run")


def test_the_sets_of_jobs_are_read_from_manifests() -> None:
    """A later attempt has the manifest of the one before; without any the set is the run's file."""
    texts = {
        f"training/{CARRIER.run_id}/1/manifest.json": listed(MEMBER, CARRIER),
        f"training/{CARRIER.run_id}/2/input.csv": "n,label\r\n1,yes\r\n",
    }
    inputs = {"a": f"training/{CARRIER.run_id}/2/input.csv", "b": f"training/{MEMBER.run_id}/1/input.csv"}
    first, second = trained_sets(inputs, [MEMBER, CARRIER], texts.get)

    assert first.members == ((MEMBER.blob, MEMBER.etag), (CARRIER.blob, CARRIER.etag))
    assert first.rows == [["n", "label"], ["1", "yes"]]
    assert second.members == ((MEMBER.blob, MEMBER.etag),)
