"""A first file teaches what is certain: all else stays a note, a question or a refusal."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.cells import Cell
from shared.intake.column_readers import column_readers
from shared.intake.field_learning import Label
from shared.intake.learning import Learner, Learnt
from shared.intake.schema_reader import parse_schema
from shared.intake.settings import Dialect
from shared.intake.table_schema import FieldType, Origin, SchemaField, Undecided, to_json
from shared.intake.tightening import open_columns, tightened

ORIGIN = Origin("run1", datetime(2026, 11, 30, tzinfo=UTC))
LATER = Origin("run2", datetime(2026, 12, 1, tzinfo=UTC))


def gathered(
    columns: Mapping[str, Sequence[str]],
    label: Label | None = None,
    golden: Mapping[str, Sequence[str]] | None = None,
    dialect: Dialect | None = None,
) -> Learner:
    """Return a learner that has the cells of a file."""
    learner = Learner(columns, label, dialect or Dialect(), golden)
    for name, cells in columns.items():
        learner.add_rows([name], [cells])
    return learner


def taught(cells: Sequence[str], golden: Sequence[str] = (), dialect: Dialect | None = None) -> SchemaField:
    """Return the field that one column of a file teaches."""
    return gathered({"x": cells}, golden={"x": golden}, dialect=dialect).learnt(ORIGIN).schema.fields[0]


def refused_cells(learnt: Learnt, cells: Sequence[str]) -> list[str]:
    """Return the cells of column x that the check against a learnt schema refuses."""
    reader = column_readers(learnt.schema)["x"]
    return [cell for cell in cells if reader.read(cell).problem is not None]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2", ""], FieldType.NUMBER),
        (["1.5", "-2", "1e3"], FieldType.NUMBER),
        (["1", "NA", "-", "#DIV/0!"], FieldType.NUMBER),
        (["007", "12"], FieldType.STRING),
        (["0", "0.5", "-0.25"], FieldType.NUMBER),
        (["2024-01-31", "2024-02-01"], FieldType.DATE),
        (["31.12.2024", "01.02.2024"], FieldType.DATE),
        (["2024-01-31 10:00:00"], FieldType.DATETIME),
        (["2024-01-31T10:00:00Z"], FieldType.DATETIME),
        (["10:30", "23:59"], FieldType.TIME),
        (["true", "FALSE"], FieldType.BOOLEAN),
        (["yes", "no"], FieldType.STRING),
        (["a", "b", ""], FieldType.STRING),
        (["a", "12", "13", "14"], FieldType.STRING),
        (["", ""], FieldType.ANY),
        (["20240131", "20240201"], FieldType.NUMBER),
    ],
)
def test_types(cells: list[str], kind: FieldType) -> None:
    """A column gets the type that all of its cells have, and its file passes the check against it."""
    learnt = gathered({"x": cells}).learnt(ORIGIN)
    assert learnt.schema.fields[0].type is kind
    assert refused_cells(learnt, cells) == []


def test_every_learnt_schema_is_read_back() -> None:
    """What is learnt is supported: it is read back as it was written."""
    columns = {"n": ["1,5", "2"], "d": ["01/02/2024"], "t": ["a"], "b": ["True"], "p": ["5%"], "y": ["no", "yes"]}
    schema = gathered(columns, Label("y")).learnt(ORIGIN).schema
    assert parse_schema(json.dumps(to_json(schema)), "models/schemas/r/1.json") == schema


def test_zero_first_by_golden_rows() -> None:
    """Digits of the golden rows that begin with 0 make a column text too."""
    assert taught(["12", "13"], golden=["007"]).type is FieldType.STRING


def test_decimal_comma() -> None:
    """A decimal comma is learnt only where a cell decides."""
    assert taught(["1,5", "1,234"]).decimal_char == ","
    assert taught(["1.5", "3"]).decimal_char == "."
    assert taught(["1.234,5"]).group_char == "."
    undecided = taught(["1", "2"])
    assert undecided.decimal_char is None
    assert undecided.notes.undecided is Undecided.DECIMAL


def test_undecided_number_is_refused() -> None:
    """Numbers with two readings teach no decimal sign: the check refuses them, unless routes.toml says it."""
    cells = ["1.234", "5"]
    assert refused_cells(gathered({"x": cells}).learnt(ORIGIN), cells) == ["1.234"]
    assert taught(cells, dialect=Dialect(decimal=",", thousands=".")).decimal_char == ","


def test_decimal_of_the_file() -> None:
    """One program wrote the file: what the cells of another column prove holds for a column that proves nothing."""
    schema = gathered({"x": ["1.234"], "y": ["0.5"]}).learnt(ORIGIN).schema
    assert [field.decimal_char for field in schema.fields] == [".", "."]
    both = gathered({"x": ["1.234"], "y": ["0.5"], "z": ["1,5"]}).learnt(ORIGIN).schema
    assert [field.decimal_char for field in both.fields] == [None, ".", ","]


def test_mixed_decimals_are_refused() -> None:
    """Decimal points beside commas in a column: the check refuses the fewer ones."""
    cells = ["1,5", "2,5", "3.5"]
    assert refused_cells(gathered({"x": cells}).learnt(ORIGIN), cells) == ["3.5"]


def test_percent() -> None:
    """Percent signs are read only if every number has one, and the golden rows too."""
    assert taught(["5%", "6 %"]).notes.unit == "%"
    mixed = ["5%", "0.06"]
    assert refused_cells(gathered({"x": mixed}).learnt(ORIGIN), mixed) == ["5%"]
    learnt = gathered({"x": ["5%"]}, golden={"x": ["0.05"]}).learnt(ORIGIN)
    assert refused_cells(learnt, ["5%"]) == ["5%"]


def test_dates() -> None:
    """A date is learnt only where the order is certain; a change of order midway is refused."""
    assert taught(["01/02/2024", "13/02/2024"]).format == "%d/%m/%Y"
    assert taught(["01/02/2024", "02/13/2024"]).format == "%m/%d/%Y"
    mixed = ["13/02/2024", "14/02/2024", "02/13/2024"]
    assert refused_cells(gathered({"x": mixed}).learnt(ORIGIN), mixed) == ["02/13/2024"]


def test_undecided_dates() -> None:
    """Dates whose order nothing decides are text with a warning, and only such dates are accepted in them."""
    learnt = gathered({"x": ["01/02/2024", "", "NA"]}).learnt(ORIGIN)
    field = learnt.schema.fields[0]
    assert field.type is FieldType.STRING
    assert field.notes.undecided is Undecided.DATE
    assert [warned.column for warned in learnt.warnings] == ["x"]
    assert refused_cells(learnt, ["03/04/2024", "13/04/2024", "04/13/2024", "13/13/2024", "soon", "NA"]) == [
        "13/13/2024",
        "soon",
    ]


def test_golden_rows_decide_an_order() -> None:
    """A certain date of the golden rows decides the order."""
    assert taught(["01/02/2024"], golden=["28/02/2024"]).format == "%d/%m/%Y"


@pytest.mark.parametrize("wrong", ["31.02.2024", "01.02.24", "45351"])
def test_wrong_date_teaches_no_text(wrong: str) -> None:
    """What looks like a date and is none does not make a column of dates a text: it is refused."""
    cells = ["13.02.2024", "14.02.2024", wrong]
    learnt = gathered({"x": cells}).learnt(ORIGIN)
    assert learnt.schema.fields[0].type is FieldType.DATE
    assert refused_cells(learnt, cells) == [wrong]


def test_golden_rows_decide_a_type() -> None:
    """Where the golden rows have numbers, a word in a column of numbers is refused and teaches no text."""
    cells = ["1.5", "2", "abc"]
    assert refused_cells(gathered({"x": cells}, golden={"x": ["3"]}).learnt(ORIGIN), cells) == ["abc"]
    exchanged = ["a", "b"]
    assert refused_cells(gathered({"x": exchanged}, golden={"x": ["3"]}).learnt(ORIGIN), exchanged) == exchanged
    assert taught(["1", "2"], golden=["A1"]).type is FieldType.STRING


def test_mixed_column_is_warned_of() -> None:
    """A column that is mostly numbers is text if nothing decides, with a warning that names a row."""
    learnt = gathered({"x": ["1", "abc", "2", "3"]}).learnt(ORIGIN)
    assert [(warned.column, warned.row) for warned in learnt.warnings] == [("x", 2)]


def test_categories_are_notes() -> None:
    """A new category is accepted with a warning; it is no rule."""
    learnt = gathered({"x": ["a", "b"]}).learnt(ORIGIN)
    reader = column_readers(learnt.schema)["x"]
    assert reader.read("a") == Cell("a")
    assert reader.warning == ""
    assert reader.read("c") == Cell("c")
    assert reader.read("c") == Cell("c")
    assert "has 1 value " in reader.warning
    assert gathered({"x": ["a"]}).learnt(ORIGIN, keeps_values=False).schema.fields[0].notes.values == ()


@pytest.mark.parametrize(
    ("cells", "label", "enum"),
    [
        (["no", "yes", "No", ""], Label("x"), ("no", "yes")),
        (["0", "1", "1.0"], Label("x"), ("0", "1")),
        (["0", "1", "2"], Label("x"), None),
        (["0", "1", "2"], Label("x", has_classes=True), ("0", "1", "2")),
        (["0", "1"], Label("x", has_classes=False), None),
        (["Yes"], Label("x", classes=("yes", "no")), ("yes", "no")),
        (["1.5", "2.5", "3.5"], Label("x"), None),
    ],
)
def test_label(cells: list[str], label: Label, enum: tuple[str, ...] | None) -> None:
    """The label's classes are learnt, in the champion's spelling or the first; amounts have none."""
    field = gathered({"x": cells}, label).learnt(ORIGIN).schema.fields[0]
    assert field.constraints.enum == enum


def test_one_class_is_no_rule() -> None:
    """A day's file with one class teaches no classes; the next one decides them with it."""
    schema = gathered({"x": ["a", "a"]}, Label("x")).learnt(ORIGIN).schema
    assert open_columns(schema) == ("x",)
    assert tightened(schema, gathered({"x": ["A"]}, Label("x")), LATER) is None
    decided = tightened(schema, gathered({"x": ["b", "A"]}, Label("x")), LATER)
    assert decided is not None
    assert decided.fields[0].constraints.enum == ("a", "b")
    assert decided.origin == LATER


def test_date_is_tightened() -> None:
    """A certain date decides the order; an uncertain one decides nothing."""
    schema = gathered({"x": ["01/02/2024"]}).learnt(ORIGIN).schema
    assert tightened(schema, gathered({"x": ["02/03/2024"]}), LATER) is None
    decided = tightened(schema, gathered({"x": ["02/03/2024", "28/03/2024"]}), LATER)
    assert decided is not None
    assert (decided.fields[0].type, decided.fields[0].format) == (FieldType.DATE, "%d/%m/%Y")
    assert open_columns(decided) == ()


def test_decimal_is_tightened() -> None:
    """A certain decimal sign decides a column of whole numbers; an uncertain number does not."""
    schema = gathered({"x": ["1"], "y": ["2"]}).learnt(ORIGIN).schema
    assert tightened(schema, gathered({"x": ["1.234"], "y": []}), LATER) is None
    decided = tightened(schema, gathered({"x": ["1.234,5"], "y": ["1,234"]}), LATER)
    assert decided is not None
    assert [field.decimal_char for field in decided.fields] == [",", ","]
    assert decided.fields[0].group_char == "."


@given(st.lists(st.text(alphabet="0123456789.,-/:% aNA", max_size=12), min_size=1, max_size=8))
def test_any_column(cells: list[str]) -> None:
    """Whatever a column holds, its schema is supported, and cells that are accepted as numbers keep their digits."""
    schema = gathered({"x": cells}).learnt(ORIGIN).schema
    assert parse_schema(json.dumps(to_json(schema)), "m/s.json") == schema
    reader = column_readers(schema)["x"]
    for cell in cells:
        answer = reader.read(cell)
        if schema.fields[0].type is FieldType.NUMBER and answer.problem is None and not answer.missing:
            assert [c for c in answer.text if c.isdigit()] == [c for c in cell if c.isdigit()]


def test_booleans_are_spelt_as_the_golden_rows() -> None:
    """True and false are spelt as in the golden rows, else as they come first, else as the other one is."""
    assert taught(["TRUE", "false"], golden=["True"]).true_values == ("True",)
    assert taught(["TRUE", "false", "true"]).true_values == ("TRUE",)
    assert taught(["True", "True"]).false_values == ("False",)


def test_values_are_noted_up_to_a_limit() -> None:
    """Up to 50 different texts are noted; a column with more is no column of categories."""
    texts = [f"text {number}" for number in range(51)]
    assert taught(texts[:50]).notes.values == tuple(sorted(texts[:50]))
    assert taught(texts).notes.values == ()


def test_notes() -> None:
    """Range and share of missing cells are noted; no cell is refused for them."""
    learnt = gathered({"x": ["1", "9", "", "NA"]}).learnt(ORIGIN)
    notes = learnt.schema.fields[0].notes
    assert (notes.minimum, notes.maximum, notes.missing) == (1.0, 9.0, 0.5)
    assert refused_cells(learnt, ["-100", "100"]) == []
