"""The types of an answer's columns."""

import pytest

from studio.tables.column_types import type_of


@pytest.mark.parametrize(
    ("cells", "wire_type"),
    [
        (["0", "1"], "Int32"),
        (["-2147483648", "+7", "007"], "Int32"),
        (["2147483648"], "Double"),
        (["1", "2.0"], "Double"),
        (["1e3"], "Double"),
        (["1", "2", "rose"], "String"),
        (["yes", "no"], "String"),
        ([], "String"),
    ],
)
def test_the_type_follows_from_the_cells(cells: list[str], wire_type: str) -> None:
    """Whole numbers of 32 bits, other numbers, everything else."""
    assert type_of(cells) == wire_type
