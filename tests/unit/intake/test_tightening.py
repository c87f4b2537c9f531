"""A file decides what a schema leaves open while it is checked, in the same pass."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.intake.field_learning import Label
from shared.intake.learning import Learner
from shared.intake.table_schema import FieldType, Notes, Origin, SchemaField, TableSchema, Undecided
from shared.intake.tightening import open_columns, tightened, watch_of
from tests.unit.intake.checked_files import EXPECTED, check

ORIGIN = Origin("run1", datetime(2026, 11, 30, tzinfo=UTC))
SCHEMA = TableSchema(
    fields=(
        SchemaField(name="age", type=FieldType.NUMBER, notes=Notes(undecided=Undecided.DECIMAL)),
        SchemaField(name="day", notes=Notes(undecided=Undecided.DATE, formats=("%d/%m/%Y", "%m/%d/%Y"))),
        SchemaField(name="job", notes=Notes(values=("clerk",))),
        SchemaField(name="income", notes=Notes(undecided=Undecided.CLASSES, values=("low",))),
    ),
    origin=ORIGIN,
)


@pytest.mark.parametrize("row_by_row", [False, True])
def test_decided_while_it_is_checked(*, row_by_row: bool) -> None:
    """The cells that decide reach the learner in the pass that checks the file, in blocks or row by row."""
    learner = Learner(open_columns(SCHEMA), Label("income"))
    expected = replace(EXPECTED, schema=SCHEMA, classes=(), watch=watch_of(learner))
    rows = ["1;01/02/2024;clerk;low", "2,5;28/02/2024;clerk;high"]
    checked = check("age;day;job;income\n" + "\n".join(rows) + "\n", expected=expected, row_by_row=row_by_row)
    assert checked.errors == []
    decided = tightened(SCHEMA, learner, ORIGIN)
    assert decided is not None
    assert [field.decimal_char for field in decided.fields] == [",", None, None, None]
    assert decided.fields[1].format == "%d/%m/%Y"
    assert decided.fields[3].constraints.enum == ("low", "high")


def test_nothing_is_decided() -> None:
    """Whole numbers, dates with two readings and the only class leave the schema as it is."""
    learner = Learner(open_columns(SCHEMA), Label("income"))
    expected = replace(EXPECTED, schema=SCHEMA, classes=(), watch=watch_of(learner))
    assert check("age,day,job,income\n1,01/02/2024,clerk,low\n", expected=expected).errors == []
    assert tightened(SCHEMA, learner, ORIGIN) is None


def test_new_category_is_a_warning() -> None:
    """A value that no file had is accepted, and the report says so."""
    expected = replace(EXPECTED, schema=SCHEMA, classes=())
    checked = check("age,day,job,income\n1,01/02/2024,nurse,low\n", expected=expected)
    assert checked.errors == []
    assert [(problem.level, problem.column) for problem in checked.report.problems] == [("warning", "job")]
