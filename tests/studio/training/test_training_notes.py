"""The notes of a training: one a line, the most important first, and not too long."""

from pathlib import Path

from studio.tables.model_column import Column
from studio.training.column_inference import InferredColumn
from studio.training.train import train
from studio.training.training_notes import MAX_DETAILS_CHARACTERS, MAX_NOTE_CHARACTERS, details_of, notes_of
from studio.training.training_plan import TrainingPlan
from tests.studio.small_tables import write_csv


def test_what_matters_comes_first() -> None:
    """Dropped columns, then those with odd cells, then the others, each in the order of the file."""
    findings = [
        InferredColumn(Column("a", "numeric"), 0, "numbers"),
        InferredColumn(Column("b", "numeric"), 0, "numbers; taken for missing: '-' (3)", is_odd=True),
        InferredColumn(Column("c", "ignored"), 2, "dropped: it has no values"),
        InferredColumn(Column("d", "boolean"), 0, "yes or no"),
        InferredColumn(Column("e", "ignored"), 0, "dropped: an identifier"),
    ]
    assert [note[1] for note in notes_of(findings)] == ["c", "e", "b", "a", "d"]


def test_a_training_tells_of_rows_before_columns(tmp_path: Path) -> None:
    """Rows that were left out, dropped columns, odd cells with their number, kinds."""
    columns = {
        "id": [f"user {number}" for number in range(60)],
        "size": [*range(40), *["late"] * 15, *["-"] * 5],
        "colour": ["red", "blue", "red"] * 20,
        "y": [*range(0, 114, 2), "", "", ""],
    }
    notes = train(write_csv(tmp_path, columns), TrainingPlan("regression", "y", drop_unlabelled=True), 1).notes
    assert notes == (
        "rows without a label that were left out: 3, the first on line 59",
        "'id': dropped: an identifier: nearly every row has a different value",
        "'size': numbers; taken for missing: 'late' (15), '-' (2)",
        "'colour': 2 categories",
    )


def test_details_are_a_note_a_line() -> None:
    """Whatever line breaks a note has; none without notes."""
    assert details_of(["one\nand\r\n more", "two"]) == "one and more\ntwo"
    assert details_of([]) is None


def test_details_have_an_end() -> None:
    """Neither many notes nor a long one make the status too large to poll; what is left out is counted."""
    details = details_of([f"note {number}" for number in range(10_000)]) or ""
    assert len(details) < MAX_DETAILS_CHARACTERS + 100
    *kept, last = details.splitlines()
    assert last == f"and {10_000 - len(kept):,} more notes, in the job's log"
    assert details_of(["x" * 9999]) == "x" * MAX_NOTE_CHARACTERS + "…"
