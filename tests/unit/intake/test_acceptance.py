"""A refused file is accepted by a schema that is loosened where the file does not fit, and nowhere else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.acceptance import Misfit, MisfitReader, fitted
from shared.intake.column_readers import column_readers
from shared.intake.field_learning import Label
from shared.intake.learning import Learner
from shared.intake.schema_comparison import schema_change
from shared.intake.table_schema import Constraints, FieldType, Notes, Origin, SchemaField, TableSchema

OLD = Origin("run1", datetime(2026, 11, 30, tzinfo=UTC))
NEW = Origin("run2", datetime(2026, 12, 1, tzinfo=UTC), "Ada", "new prices")
NUMBER, INTEGER, STRING, DATE = FieldType.NUMBER, FieldType.INTEGER, FieldType.STRING, FieldType.DATE


def misfits_of(schema: TableSchema, columns: Mapping[str, Sequence[str]], label: str | None) -> dict[str, Misfit]:
    """Return how a file's cells do not fit a schema."""
    misfits: dict[str, Misfit] = {}
    readers = column_readers(schema, label)
    for name, cells in columns.items():
        if name in readers:
            reader = MisfitReader(readers[name], misfits)
            for cell in cells:
                reader.read(cell)
    return misfits


def accepted(current: TableSchema, columns: Mapping[str, Sequence[str]], label: str | None = None) -> TableSchema:
    """Return the schema that a file fits, loosened once."""
    learner = Learner(columns, None if label is None else Label(label))
    for name, cells in columns.items():
        for cell in cells:
            learner.add(name, cell)
    return fitted(current, learner.learnt(NEW).schema, misfits_of(current, columns, label), learner.evidence)


def only(field: SchemaField, *, by_hand: bool = False) -> TableSchema:
    """Return a schema of one column."""
    return TableSchema(fields=(field,), origin=None if by_hand else OLD)


def test_other_columns() -> None:
    """New columns are learnt and come last, absent ones go; the rest stays as it is."""
    current = TableSchema(
        fields=(SchemaField(name="a", type=NUMBER, decimal_char="."), SchemaField(name="b")), origin=OLD
    )
    schema = accepted(current, {"c": ["1.5"], "a": ["1"]})
    assert schema.names == ("a", "c")
    assert schema.fields[0] == current.fields[0]
    assert schema.fields[1].type is NUMBER
    assert schema.origin == NEW
    change = schema_change(current, schema)
    assert (change.added, change.removed, change.altered, change.narrowed) == (("c",), ("b",), (), ())


def test_other_type() -> None:
    """A column whose cells are of another type gets the type that the file has."""
    schema = accepted(only(SchemaField(name="x", type=NUMBER, decimal_char=".")), {"x": ["1", "A2"]})
    assert schema.fields[0].type is STRING
    assert misfits_of(schema, {"x": ["1", "A2"]}, None) == {}


def test_new_class() -> None:
    """A new class is added to the label's; those that the file lacks stay."""
    current = only(SchemaField(name="y", constraints=Constraints(enum=("no", "yes"))))
    schema = accepted(current, {"y": ["maybe", "Yes"]}, "y")
    assert schema.fields[0].constraints.enum == ("no", "yes", "maybe")
    assert accepted(current, {"y": ["maybe "]}, "y").fields[0].constraints.enum == ("no", "yes", "maybe")


@pytest.mark.parametrize(
    ("kind", "limits", "cells", "after"),
    [
        (INTEGER, Constraints(minimum="0", maximum="10"), ["-3", "5"], Constraints(minimum="-3", maximum="10")),
        (NUMBER, Constraints(maximum="1"), ["1.5"], Constraints(maximum="1.5")),
        (STRING, Constraints(min_length=2, pattern="[A-Z]+"), ["ab"], Constraints(min_length=2)),
        (STRING, Constraints(required=True, max_length=3), ["", "a"], Constraints(max_length=3)),
        (DATE, Constraints(minimum="2024-01-01"), ["2023-12-31"], Constraints()),
        (NUMBER, Constraints(enum=("1", "2")), ["3-", "1", "", "2 "], Constraints(enum=("1", "2", "-3"))),
    ],
)
def test_constraints(kind: FieldType, limits: Constraints, cells: list[str], after: Constraints) -> None:
    """Only the constraints that cells violate are widened, or dropped where they cannot be."""
    schema = accepted(only(SchemaField(name="x", type=kind, constraints=limits), by_hand=True), {"x": cells})
    assert schema.fields[0].constraints == after


def test_defaults_of_a_schema_by_hand() -> None:
    """What the standard took for granted is written down: an accepted schema leaves nothing more open than before."""
    schema = accepted(only(SchemaField(name="x", type=NUMBER), by_hand=True), {"x": ["1"], "z": ["a"]})
    assert schema.fields[0].decimal_char == "."


@given(
    cells=st.lists(st.text(alphabet="0123456789.-/ aYn", max_size=10), min_size=1, max_size=6),
    kind=st.sampled_from([NUMBER, INTEGER, STRING, DATE, FieldType.BOOLEAN]),
    limits=st.sampled_from([Constraints(), Constraints(required=True), Constraints(enum=("1", "2"))]),
)
def test_file_fits(cells: list[str], kind: FieldType, limits: Constraints) -> None:
    """After at most two rounds a file's cells fit, or they have readings that no form of a column settles."""
    if kind in {DATE, FieldType.BOOLEAN}:
        limits = Constraints(required=limits.required)
    schema = only(SchemaField(name="x", type=kind, decimal_char="." if kind is NUMBER else None, constraints=limits))
    for _ in range(3):
        schema = accepted(schema, {"x": cells})
    assert all(misfit.form for misfit in misfits_of(schema, {"x": cells}, None).values())


def test_narrowed() -> None:
    """A column of which earlier cells may not fit any more is named; text, more classes and no limits take all."""
    number = SchemaField(name="x", type=NUMBER, decimal_char=".", missing_values=("", "NA"))
    text = SchemaField(name="x", missing_values=("", "NA"))
    label = SchemaField(name="x", constraints=Constraints(enum=("a", "b")))
    more = SchemaField(name="x", constraints=Constraints(enum=("a", "b", "c")))

    def narrowed(before: SchemaField, after: SchemaField) -> bool:
        return bool(schema_change(only(before), only(after)).narrowed)

    assert not narrowed(number, text)
    assert narrowed(text, number)
    assert not narrowed(label, more)
    assert narrowed(more, label)
    assert not narrowed(number, SchemaField(name="x", type=FieldType.ANY))
    assert narrowed(number, SchemaField(name="x", type=NUMBER, decimal_char=",", missing_values=("", "NA")))


def test_sentences() -> None:
    """Every difference is a sentence; notes are none."""
    before = SchemaField(name="x", type=NUMBER, decimal_char=".", notes=Notes(maximum=9))
    after = SchemaField(name="x", type=DATE, format="%d.%m.%Y", constraints=Constraints(required=True))
    assert schema_change(only(before), only(after)).sentences == [
        "The column 'x' is date in the format %d.%m.%Y instead of number.",
        "required of column 'x' is True instead of not said.",
    ]
    other_notes = SchemaField(name="x", type=NUMBER, decimal_char=".", notes=Notes(maximum=10))
    assert schema_change(only(before), only(other_notes)).sentences == []
