"""Each cell is read as it was meant, or refused with the reason."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.cells import Cell, CellChange, CellCode, ColumnReader
from shared.intake.column_readers import column_readers
from shared.intake.settings import Dialect
from shared.intake.table_schema import Constraints, FieldType, Notes, Origin, SchemaField, TableSchema

NOW = datetime(2026, 11, 30, tzinfo=UTC)
NUMBER, INTEGER, STRING, DATE = FieldType.NUMBER, FieldType.INTEGER, FieldType.STRING, FieldType.DATE


def reader(kind: FieldType, *, learnt: bool = False, dialect: Dialect | None = None, **members: Any) -> ColumnReader:
    """Return the reader of a feature's column."""
    origin = Origin("run", NOW) if learnt else None
    schema = TableSchema(fields=(SchemaField(name="x", type=kind, **members),), origin=origin)
    return column_readers(schema, dialect=dialect or Dialect())["x"]


def label_reader(*classes: str, **members: Any) -> ColumnReader:
    """Return the reader of a label's column."""
    return column_readers(TableSchema(fields=(SchemaField(name="x", **members),)), "x", classes)["x"]


@pytest.mark.parametrize("cell", ["0", "-1.5", "1e5", "1.234", "12345678", "007", ".5", "5."])
def test_number_as_it_is(cell: str) -> None:
    """A number by the standard's own grammar stays as it is."""
    assert reader(NUMBER).read(cell) == Cell(cell)


@pytest.mark.parametrize(
    ("members", "cell", "text", "change"),
    [
        ({}, " 5 ", "5", CellChange.SPACES),
        ({}, "1,234.5", "1234.5", CellChange.NUMBER),
        ({}, "1,234,567", "1234567", CellChange.NUMBER),
        ({}, "1'234.50", "1234.50", CellChange.NUMBER),
        ({}, "1\u00a0234", "1234", CellChange.NUMBER),
        ({}, "12-", "-12", CellChange.NUMBER),
        ({}, "\u22125", "-5", CellChange.NUMBER),
        ({}, "$12.50", "12.50", CellChange.UNIT),
        ({}, "12.50 €", "12.50", CellChange.UNIT),
        ({}, "-€ 3", "-3", CellChange.UNIT),
        ({"group_char": ","}, "1,234", "1234", CellChange.NUMBER),
        ({"decimal_char": ","}, "1,234", "1.234", CellChange.NUMBER),
        ({"decimal_char": ","}, "1.234,5", "1234.5", CellChange.NUMBER),
        ({"decimal_char": ",", "group_char": "."}, "1.234", "1234", CellChange.NUMBER),
        ({"bare_number": False}, "95%", "95", CellChange.UNIT),
    ],
)
def test_number_cleaned(members: dict[str, Any], cell: str, text: str, change: str) -> None:
    """A number with one reading becomes that, and the change is named."""
    assert reader(NUMBER, **members).read(cell) == Cell(text, change=change)


@pytest.mark.parametrize(
    ("members", "cell", "code"),
    [
        ({}, "1,234", CellCode.AMBIGUOUS),
        ({}, "$1,234", CellCode.AMBIGUOUS),
        ({"decimal_char": ","}, "1.234", CellCode.AMBIGUOUS),
        ({"learnt": True}, "1.234", CellCode.AMBIGUOUS),
        ({"learnt": True}, "1,234", CellCode.AMBIGUOUS),
        ({}, "12%", CellCode.AMBIGUOUS),
        ({"notes": Notes(unit="%"), "bare_number": False}, "0.12", CellCode.AMBIGUOUS),
        ({"notes": Notes(unit="$")}, "€5", CellCode.AMBIGUOUS),
        ({}, "1,5", CellCode.TYPE),
        ({"decimal_char": ","}, "1.5", CellCode.TYPE),
        ({}, "1.2.3", CellCode.TYPE),
        ({}, "abc", CellCode.TYPE),
        ({}, "NaN", CellCode.TYPE),
        ({}, "Infinity", CellCode.TYPE),
        ({}, "1e999", CellCode.TYPE),
        ({}, "1_000", CellCode.TYPE),
        ({}, "12 34", CellCode.TYPE),
        ({}, "\u0661\u0662", CellCode.TYPE),
        ({}, "", None),
        ({"missing_values": ("NA",)}, "", CellCode.TYPE),
    ],
)
def test_number_refused(members: dict[str, Any], cell: str, code: CellCode | None) -> None:
    """A number with two readings, or with none, is refused."""
    answer = reader(NUMBER, **members).read(cell)
    assert (answer.problem.code if answer.problem else None) == code


def test_number_by_routes() -> None:
    """What routes.toml says of decimals and thousands settles what the schema leaves open."""
    german = Dialect(decimal=",", thousands=".")
    assert reader(NUMBER, learnt=True, dialect=german).read("1.234").text == "1234"
    assert reader(NUMBER, learnt=True, dialect=Dialect(thousands=".")).read("1,5").text == "1.5"
    assert reader(NUMBER, decimal_char=".", dialect=Dialect(decimal=",")).read("1.5").text == "1.5"


def test_two_currencies() -> None:
    """A second currency in a column is another measure: refused."""
    column = reader(NUMBER)
    assert column.read("$5").text == "5"
    assert column.read("€5").problem is not None
    assert column.read("6").problem is None


def test_integer() -> None:
    """A whole number may have zeros behind its point, and no other digits."""
    column = reader(INTEGER)
    assert column.read("12.0") == Cell("12", change=CellChange.NUMBER)
    assert column.read("12.5").problem is not None
    assert column.read("1e3").problem is not None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float(value: float) -> None:
    """Every finite number that a program writes is accepted as it is."""
    assert reader(NUMBER).read(repr(value)) == Cell(repr(value))


@given(st.text(alphabet="0123456789.,-+%€ '", max_size=12))
def test_value_is_kept(cell: str) -> None:
    """A cleaned number has the digits of the cell, in order, with one point at most."""
    answer = reader(NUMBER, bare_number=False).read(cell)
    if answer.problem is None and not answer.missing:
        assert re.sub(r"\D", "", answer.text) == re.sub(r"\D", "", cell)
        float(answer.text)


def test_text_stays() -> None:
    """A text is never changed: NA may be Namibia."""
    column = reader(STRING)
    for cell in ("NA", "None", " Private", "1,234", "-"):
        assert column.read(cell) == Cell(cell)
    assert column.read("") == Cell("", missing=True)
    assert column.read("  ") == Cell("", missing=True, change=CellChange.MISSING)


def test_shortened_id() -> None:
    """An id in scientific notation has lost its digits: refused in a text column."""
    assert reader(STRING).read("1.23457E+12").problem is not None
    assert reader(STRING).read("4E+11").problem is not None
    assert reader(STRING).read("-1.23e+12").problem is not None
    assert reader(STRING).read("123.4E+09").problem is not None
    assert reader(STRING).read("model E+2x").problem is None
    assert reader(STRING).read("1e10").problem is None


def test_placeholders() -> None:
    """A missing value of the schema becomes the empty cell, counted."""
    column = reader(NUMBER, missing_values=("", "n/a"))
    assert column.read("n/a") == Cell("", missing=True, change=CellChange.MISSING)
    assert column.read("") == Cell("", missing=True)


@pytest.mark.parametrize(
    ("pattern", "cell", "right"),
    [
        ("default", "2024-02-29", True),
        ("default", "2023-02-29", False),
        ("default", "29.02.2024", False),
        ("%d.%m.%Y", "29.02.2024", True),
        ("%d.%m.%Y", "1.2.2024", True),
        ("%d.%m.%Y", "02.13.2024", False),
        ("%d.%m.%Y", "29.02.24", False),
        ("%d.%m.%Y", "45351", False),
        ("%d. %B %Y", "3. March 2024", True),
        ("%d.%m.%Y", "\u0661.02.2024", False),
    ],
)
def test_dates(pattern: str, cell: str, right: bool) -> None:
    """A date has the schema's one order, and keeps its spelling."""
    answer = reader(DATE, format=pattern).read(cell)
    assert (answer == Cell(cell)) is right
    assert (answer.problem is None) is right


def test_date_advice() -> None:
    """A day number and a year of two digits are named as what they are."""
    column = reader(DATE, format="%d.%m.%Y")
    serial, short = column.read("45351").problem, column.read("01.02.24").problem
    assert serial is not None
    assert "spreadsheet" in serial.message
    assert short is not None
    assert "two digits" in short.message


@pytest.mark.parametrize(
    ("kind", "cell", "right"),
    [
        (FieldType.DATETIME, "2024-02-29T10:00:00Z", True),
        (FieldType.DATETIME, "2024-02-29 10:00:00", False),
        (FieldType.TIME, "23:59:59", True),
        (FieldType.TIME, "24:00:00", False),
        (FieldType.YEAR, "1999", True),
        (FieldType.YEAR, "99", False),
        (FieldType.ANY, "whatever", True),
    ],
)
def test_other_types(kind: FieldType, cell: str, right: bool) -> None:
    """Times and years have the standard's form."""
    assert (reader(kind).read(cell) == Cell(cell)) is right


def test_booleans() -> None:
    """A boolean gets one spelling: the schema's first, or that of the golden rows."""
    column = reader(FieldType.BOOLEAN, true_values=("yes", "ja"), false_values=("no",))
    assert column.read("Yes ") == Cell("yes", change=CellChange.BOOLEAN)
    assert column.read("ja").text == "yes"
    assert column.read("no") == Cell("no")
    assert column.read("perhaps").problem is not None
    schema = TableSchema(fields=(SchemaField(name="x", type=FieldType.BOOLEAN),))
    assert column_readers(schema, golden={"x": ["False", "1"]})["x"].read("TRUE").text == "1"
    assert column_readers(schema, golden={"x": ["False"]})["x"].read("0").text == "False"


def test_labels() -> None:
    """A label gets the spelling of its class; a new one keeps the spelling that comes first."""
    column = label_reader("1", "yes")
    assert column.read("1.0") == Cell("1", change=CellChange.LABEL)
    assert column.read("Yes ") == Cell("yes", change=CellChange.LABEL)
    assert column.read("Maybe") == Cell("Maybe")
    assert column.read("maybe") == Cell("Maybe", change=CellChange.LABEL)
    assert column.read(" ").missing


def test_label_of_schema() -> None:
    """The schema's classes come before the champion's, and no other label is accepted."""
    column = label_reader("YES", constraints=Constraints(enum=("yes", "no")))
    assert column.read("YES").text == "yes"
    problem = column.read("maybe").problem
    assert problem is not None
    assert problem.code == CellCode.CONSTRAINT


@pytest.mark.parametrize(
    ("kind", "limits", "right", "wrong"),
    [
        (NUMBER, Constraints(minimum="0", maximum="1.5"), ["0", "1.50"], ["-0.1", "1.51"]),
        (NUMBER, Constraints(enum=("1", "2")), ["1.0", "2"], ["3"]),
        (DATE, Constraints(minimum="2024-01-01"), ["2024-01-01"], ["2023-12-31"]),
        (STRING, Constraints(min_length=2, max_length=3), ["ab", "abc"], ["a", "abcd"]),
        (STRING, Constraints(pattern="[A-Z]+"), ["AB"], ["ABc", "aB"]),
        (STRING, Constraints(required=True), ["a"], [""]),
        (INTEGER, Constraints(required=True), ["1"], [""]),
    ],
)
def test_constraints(kind: FieldType, limits: Constraints, right: list[str], wrong: list[str]) -> None:
    """A constraint of the schema holds, on the value that the cell has."""
    column = reader(kind, constraints=limits)
    assert all(column.read(cell).problem is None for cell in right)
    assert all((problem := column.read(cell).problem) and problem.code == CellCode.CONSTRAINT for cell in wrong)


def test_no_value_in_messages() -> None:
    """A problem's message does not hold the cell's value: it may be personal data."""
    for column in (reader(NUMBER), reader(DATE), reader(FieldType.BOOLEAN), reader(STRING, format="email")):
        problem = column.read("secret-7731").problem
        assert problem is not None
        assert "7731" not in problem.message


READERS = [
    reader(NUMBER),
    reader(NUMBER, learnt=True),
    reader(NUMBER, decimal_char=","),
    reader(NUMBER, missing_values=("-999",)),
    reader(INTEGER),
    reader(DATE),
    reader(DATE, format="%d/%m/%Y"),
    reader(FieldType.DATETIME),
    reader(FieldType.TIME),
    reader(FieldType.YEAR),
    reader(FieldType.BOOLEAN),
    reader(STRING),
    label_reader("yes", "1"),
]


@pytest.mark.parametrize("column", READERS)
@given(data=st.data())
def test_plain_cells(column: ColumnReader, data: st.DataObject) -> None:
    """Whatever the plain pattern matches is accepted as it is."""
    if column.plain:
        cell = data.draw(st.from_regex(column.plain, fullmatch=True, alphabet=st.characters(codec="ascii")))
        assert column.read(cell) == Cell(cell)


@pytest.mark.parametrize(
    ("column", "plain", "not_plain"),
    [
        (reader(NUMBER), ["12", "-1.5"], ["1,5", "", "1."]),
        (reader(NUMBER, learnt=True), ["12"], ["1.5"]),
        (reader(NUMBER, decimal_char=","), ["12"], ["1.5", "1,5"]),
        (reader(INTEGER), ["12"], ["1.5"]),
        (reader(NUMBER, missing_values=("-999",)), [], ["1", "-999"]),
        (reader(NUMBER, constraints=Constraints(minimum="0")), [], ["1"]),
        (reader(NUMBER, notes=Notes(unit="%"), bare_number=False), [], ["1"]),
        (reader(DATE, format="%d/%m/%Y"), ["29/02/2024", "31/01/2024"], ["30/02/2024", "29/02/2023", "31/04/2024"]),
        (reader(DATE, format="%d/%m/%Y"), ["29/02/1904"], ["29/02/1900", "29/02/2100", "29/02/2000"]),
        (reader(DATE, format="%d/%m"), ["28/02"], ["29/02"]),
        (reader(DATE, missing_values=("1900-01-01",)), [], ["2024-01-01"]),
        (reader(DATE, format="%d %B %Y"), [], ["1 May 2024"]),
        (reader(FieldType.BOOLEAN), ["true", "false"], ["TRUE"]),
        (reader(STRING), ["Private sector", "NA, x", "12a", "12 Elm E"], ["1.2E+12", "1.2e+12", "", " x", "ä"]),
        (reader(STRING, missing_values=("NA",)), [], ["NA", "x"]),
        (reader(STRING, notes=Notes(values=("a", "b"))), ["a", "b"], ["c", "A"]),
        (reader(STRING, constraints=Constraints(max_length=3)), [], ["a"]),
        (label_reader("yes"), ["yes"], ["Yes", "no"]),
    ],
)
def test_what_is_plain(column: ColumnReader, plain: list[str], not_plain: list[str]) -> None:
    """Usual cells of a column are plain, so that whole blocks of them are accepted at once; no others are."""
    assert [cell for cell in plain if not re.fullmatch(column.plain, cell)] == []
    assert [cell for cell in not_plain if column.plain and re.fullmatch(column.plain, cell)] == []
    assert bool(column.plain) is bool(plain)


def test_labels_that_are_numbers() -> None:
    """A label that is a number is cleaned as one, whatever classes are known; then it is spelt as its class."""
    column = label_reader("1", "0", type=NUMBER, decimal_char=",")
    assert column.read("1,0") == Cell("1", change=CellChange.LABEL)
    assert column.read("2,5") == Cell("2.5", change=CellChange.NUMBER)
    assert column.read("x").problem is not None
    assert label_reader(type=NUMBER).read("1.0") == Cell("1.0")
    only = label_reader(type=NUMBER, constraints=Constraints(enum=("0", "1")))
    assert only.read("1.0").text == "1"
    problem = only.read("2").problem
    assert problem is not None
    assert problem.code == CellCode.CONSTRAINT
