"""A file from before a column was added has it with nothing in it, and is checked like any other."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.table_schema import Constraints, FieldType, SchemaField, TableSchema
from tests.unit.intake.checked_files import EXPECTED, SCHEMA, check

CITY = SchemaField(name="city")
ZIP = SchemaField(name="zip", type=FieldType.NUMBER, decimal_char=".")
WIDER = TableSchema(fields=(SCHEMA.fields[0], CITY, *SCHEMA.fields[1:], ZIP))
OLDER = replace(EXPECTED, schema=WIDER, optional=("city", "zip"))


@pytest.mark.parametrize("row_by_row", [False, True])
def test_absent(*, row_by_row: bool) -> None:
    """The added columns stand where the schema has them, and every cell of theirs is counted as missing."""
    checked = check("age,job,pay,income\n1,a,2,low\n2,b,,high\n", expected=OLDER, row_by_row=row_by_row)
    assert checked.clean == "age,city,job,pay,income,zip\n1,,a,2,low,\n2,,b,,high,\n"
    assert checked.report.missing == {"city": 2, "zip": 2, "pay": 1}


@pytest.mark.parametrize("row_by_row", [False, True])
def test_one_of_two(*, row_by_row: bool) -> None:
    """A column that the file has is read, whatever may be absent."""
    checked = check("zip,age,job,pay,income\n7,1,a,2,low\n8,2,b,3,high\n", expected=OLDER, row_by_row=row_by_row)
    assert checked.clean == "age,city,job,pay,income,zip\n1,,a,2,low,7\n2,,b,3,high,8\n"


def test_still_refused() -> None:
    """Other absent columns are refused, and a required one too."""
    assert check("age,job,income\n1,a,low\n", expected=OLDER).errors == [("missing-label", 1, "pay")]
    required = replace(CITY, constraints=Constraints(required=True))
    strict = replace(OLDER, schema=replace(WIDER, fields=(SCHEMA.fields[0], required, *SCHEMA.fields[1:])))
    assert [error[0] for error in check("age,job,pay,income\n1,a,2,low\n", expected=strict).errors] == [
        "constraint-error"
    ]


@pytest.mark.parametrize("row_by_row", [False, True])
def test_rows_that_are_none(*, row_by_row: bool) -> None:
    """The header again is left out, and a category called Total is no sum because a column is absent."""
    text = "job,age,pay,income\nTotal,1,2,low\njob,age,pay,income\nTotal,2,3,high\n"
    checked = check(text, expected=OLDER, row_by_row=row_by_row)
    assert checked.errors == []
    assert checked.report.rows == 2
    assert checked.report.left_out.repeated_header == 1


@given(
    st.lists(
        st.lists(st.sampled_from(["", "1", "a", " ", "job", "Total", '"x,y"']), min_size=3, max_size=4), max_size=5
    )
)
def test_both_ways_agree(rows: list[list[str]]) -> None:
    """Blocks and rows give the same verdict and the same bytes."""
    text = "age,job,pay,income\n" + "".join(",".join([*row[:3], "low"]) + "\n" for row in rows)
    fast, slow = check(text, expected=OLDER), check(text, expected=OLDER, row_by_row=True)
    assert (fast.clean, fast.errors, fast.changes) == (slow.clean, slow.errors, slow.changes)
    assert fast.report.missing == slow.report.missing
