"""A first file is learnt from and then checked: in blocks or row by row, the verdict and the bytes are the same."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.intake.block_check import Columns
from shared.intake.field_learning import Label
from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected
from shared.intake.learning import Learner
from shared.intake.settings import IntakeSettings
from shared.intake.table_schema import Origin, TableSchema
from tests.unit.intake.checked_files import check

ORIGIN = Origin("run1", datetime(2026, 11, 30, tzinfo=UTC))
SETTINGS = IntakeSettings(label="y")
EXPECTED = Expected(columns=("a", "b", "y"), label="y")
KINDS = (
    ("1", "2", "-3.5", "12.25", "1.234", "NA", ""),
    ("1,5", "2", "1.234", "1.234,5", "-"),
    ("5%", "6 %", "7"),
    ("$5", "€6", "7-", " 8"),
    ("31.12.2024", "01.02.2024", "31.02.2024", "45351", ""),
    ("01/02/2024", "02/13/2024", "13/02/2024"),
    ("2024-01-31", "2024-02-29", "2023-02-29"),
    ("true", "FALSE", "True", ""),
    ("007", "12", "1.2E+12"),
    ("a", "b ", " NA", "Total", "a b"),
)
LABELS = ("yes", "No", "no ", "YES", "")


@st.composite
def files(draw: st.DrawFn) -> str:
    """Draw a small file with a column of two kinds each."""
    first, second = draw(st.sampled_from(KINDS)), draw(st.sampled_from(KINDS))
    cells = st.tuples(st.sampled_from(first), st.sampled_from(second), st.sampled_from(LABELS))
    rows = draw(st.lists(cells, min_size=1, max_size=8))
    return "a;b;y\n" + "".join(";".join(row) + "\n" for row in rows)


def learnt_from(text: str) -> TableSchema | None:
    """Return what a file teaches; None if its form is refused."""
    learners: list[Learner] = []

    def observe(columns: Columns) -> None:
        if not learners:
            learners.append(Learner(reading.columns, Label("y")))
        learners[0].add_rows(reading.columns, columns)

    reading = FileCheck("a.csv", SETTINGS, EXPECTED, observe=observe)
    reading.feed(text.encode())
    _, report = reading.finish()
    return None if report.refused or not learners else learners[0].learnt(ORIGIN).schema


@given(files())
def test_both_ways_agree(text: str) -> None:
    """What a learnt schema accepts, cleans and refuses does not depend on the way in which rows are read."""
    schema = learnt_from(text)
    if schema is None:
        return
    expected = replace(EXPECTED, schema=schema)
    fast = check(text, SETTINGS, expected)
    slow = check(text, SETTINGS, expected, row_by_row=True)
    assert (fast.clean, fast.errors, fast.changes) == (slow.clean, slow.errors, slow.changes)
    assert fast.report.labels == slow.report.labels
    assert fast.report.missing == slow.report.missing


@given(files())
def test_clean_rows_are_clean(text: str) -> None:
    """The rows of an accepted file pass once more, unchanged: under a decimal comma they have points, else the same."""
    schema = learnt_from(text)
    if schema is None:
        return
    first = check(text, SETTINGS, replace(EXPECTED, schema=schema))
    if not first.clean:
        return
    points = replace(
        schema,
        fields=tuple(
            replace(
                field,
                decimal_char="." if field.decimal_char else None,
                group_char=None,
                bare_number=True,
                notes=field.notes._replace(unit=""),
            )
            for field in schema.fields
        ),
    )
    again = check(first.clean, SETTINGS, replace(EXPECTED, schema=points))
    assert again.clean == first.clean
    assert again.changes == {}
