"""The last row of a file: where its upload was cut, the label is the beginning of another class (pure)."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.intake.clean_columns import CleanColumn
from shared.intake.problems import Code, Problem
from shared.intake.tally import Tally


class LastRow(NamedTuple):
    """The last row so far.

    Attributes:
        end: its line end.
        cell, label: its label in the file, and clean.
    """

    line: int
    end: str
    cell: str
    label: str


def cut_label(last: LastRow, label: CleanColumn, tally: Tally, classes: Sequence[str]) -> Problem | None:
    """Return the problem of a file that ends within the label of its last row; None if the label is whole.

    Args:
        last: its last row.
        label: the label's column, the last one of the file.
        tally: what was counted in it.
        classes: labels that are whole.
    """
    if last.end or not last.label or last.label in classes or tally.labels[last.label] > 1:
        return None
    others = {text for text in tally.labels if text != last.label} | set(classes)
    whole = sorted(text for text in others if text.startswith(last.label) and text != last.label)
    if not whole:
        return None
    whose = next((repr(text) for text in whole if text in classes), "one of the rows above")  # no cell's value
    message = f"The file ends in the middle of its last line: the label is the beginning of {whose}."
    where = Problem(Code.TYPE_ERROR, f"{message} Upload the whole file.", line=last.line, row=tally.rows_read)
    return where._replace(column=label.shown, field_number=label.field_number, value=last.cell)
