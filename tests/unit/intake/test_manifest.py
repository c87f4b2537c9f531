"""The manifest of a training set and the member list of a batch: written once, read back exactly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UnreadableRowError
from shared.intake.manifest import (
    UnfitFile,
    manifest_from,
    manifest_of,
    manifest_of_unread,
    member_list_from,
    member_list_of,
    to_text,
)
from shared.intake.settings import TrainingSetKind
from shared.intake.training_sets import sha256_of_set
from shared.records.intake_record import IntakeRecord
from tests.unit.intake.intake_records import HEADER, NOON, landed_run, part_of


@given(
    names=st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=5, unique=True), duplicates=st.integers(0, 9)
)
def test_a_manifest_is_read_as_it_was_written(names: list[str], duplicates: int) -> None:
    """Whatever the names of the files; the fixed members have their fixed names."""
    parts = [part_of(landed_run(number, blob=name)) for number, name in enumerate(names)]
    manifest = manifest_of(
        TrainingSetKind.ACCUMULATE,
        parts,
        generation="g",
        duplicates=duplicates,
        unfit=[UnfitFile("old.csv", "0" * 32, "column age is missing")],
    )
    text = to_text(manifest)
    assert manifest_from(text) == manifest
    written = json.loads(text)
    assert written["kind"] == "accumulate"
    assert written["rows"] == 10 * len(names)
    assert written["sha256"] == sha256_of_set(HEADER, parts)
    assert [{name: member[name] for name in ("blob", "etag", "rows", "sha256")} for member in written["members"]] == [
        {"blob": part.blob, "etag": part.blob_etag, "rows": 10, "sha256": part.sha256} for part in parts
    ]


def test_a_file_that_nothing_reads_has_no_rows_and_no_hash() -> None:
    """Null says that they are unknown; 0 would be a statement."""
    written = json.loads(to_text(manifest_of_unread(landed_run(1))))
    assert (written["kind"], written["rows"], written["sha256"]) == ("file", None, None)
    assert (written["members"][0]["rows"], written["members"][0]["sha256"]) == (None, None)


def test_a_set_has_a_file() -> None:
    """An empty set is no set."""
    with pytest.raises(ValueError, match="at least one file"):
        manifest_of(TrainingSetKind.BATCH, [], generation="g")


def test_a_member_list_says_what_was_read_of_each_file() -> None:
    """Rows and hash come from the run's intake; a file that nothing read has neither."""
    runs = [landed_run(1), landed_run(2).evolve(NOON, intake=IntakeRecord(7, 1, "utf-8", ",", "ab"))]
    members = member_list_of(TrainingSetKind.BATCH, runs)
    assert member_list_from(to_text(members)) == members
    assert [(member.rows, member.sha256) for member in members.members] == [(None, None), (7, "ab")]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "batch", "members": "x"}', '{"kind": "no", "members": []}'])
def test_a_list_that_is_none_is_refused(text: str) -> None:
    """Nothing is made up for a member that is missing."""
    with pytest.raises(UnreadableRowError):
        member_list_from(text)
    with pytest.raises(UnreadableRowError):
        manifest_from(text)
