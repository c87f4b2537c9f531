"""Golden rows: read whole, or refused with every problem; and remembered only while they are few."""

import pytest

from shared.errors import ConfigError
from shared.gates.golden_rows import MOST_KEPT, GoldenRows, PinnedRows, read_golden_rows


def test_rows_are_text() -> None:
    """Cells stay as they are written, quotes and a byte order mark aside."""
    golden = read_golden_rows("m/g.csv", '\ufeffage,"a, b"\n 39 ,"x ""y"""\n\n50,?\n', "0x1")

    assert golden == GoldenRows(("age", "a, b"), ((" 39 ", 'x "y"'), ("50", "?")), "0x1")


def test_every_problem_is_listed() -> None:
    """Each ragged row by its number, and that there are too many."""
    with pytest.raises(ConfigError) as error:
        read_golden_rows("m/g.csv", "a,b\n1\n" + "1,2\n" * 200 + "1,2,3\n", "0x1")

    assert [problem.partition(": ")[2] for problem in error.value.problems] == [
        "row 1 has 1 cell, the header 2",
        "row 202 has 3 cells, the header 2",
        "it has 202 rows, at most 200 are used to verify an endpoint",
    ]


@pytest.mark.parametrize(("text", "says"), [("", "needs a header"), ("a\n", "at least one row"), ('a\n"', "not a CSV")])
def test_unusable_files_are_named(text: str, says: str) -> None:
    """The message has the path."""
    with pytest.raises(ConfigError, match=rf"m/g\.csv: .*{says}"):
        read_golden_rows("m/g.csv", text, "0x1")


def test_only_the_last_few_are_remembered() -> None:
    """However many runs a worker sees, it keeps a handful."""
    pinned, golden = PinnedRows(), GoldenRows(("a",), (("1",),), "0x1")
    for number in range(MOST_KEPT + 1):
        pinned.put(str(number), golden)

    assert pinned.get("0") is None
    assert [pinned.get(str(number)) for number in range(1, MOST_KEPT + 1)] == [golden] * MOST_KEPT
