"""Golden rows: read whole, or refused with every problem; only a few files are cached."""

import pytest

from shared.errors import ConfigError
from shared.gates.golden_rows import MAX_PINNED_FILES, GoldenRows, PinnedRows, read_golden_rows


def test_rows_are_text() -> None:
    """Cells stay as they are written, quotes and a byte order mark aside."""
    golden = read_golden_rows("m/g.csv", '\ufeffage,"a, b"\n 39 ,"x ""y"""\n\n50,?\n', "0x1")

    assert golden == GoldenRows(("age", "a, b"), ((" 39 ", 'x "y"'), ("50", "?")), "0x1")


def test_every_problem_is_listed() -> None:
    """Each ragged row by its line, and that there are too many."""
    with pytest.raises(ConfigError) as error:
        read_golden_rows("m/g.csv", "a,b\n1\n" + "1,2\n" * 200 + "1,2,3\n", "0x1")

    assert [problem.partition(": ")[2] for problem in error.value.problems] == [
        "line 2 has 1 cell, the header names 2 columns",
        "line 203 has 3 cells, the header names 2 columns",
        "it has 202 rows: leave at most 200",
    ]


@pytest.mark.parametrize(("text", "message"), [("", " is empty"), ("a\n", ": it has no row"), ('a\n"', " is no CSV")])
def test_unusable_files_are_named(text: str, message: str) -> None:
    """The message has the path."""
    with pytest.raises(ConfigError, match=rf"m/g\.csv{message}"):
        read_golden_rows("m/g.csv", text, "0x1")


def test_only_the_last_few_are_cached() -> None:
    """However many runs a worker sees, it keeps a handful."""
    pinned, golden = PinnedRows(), GoldenRows(("a",), (("1",),), "0x1")
    for number in range(MAX_PINNED_FILES + 1):
        pinned.put(str(number), golden)

    assert pinned.get("0") is None
    assert [pinned.get(str(number)) for number in range(1, MAX_PINNED_FILES + 1)] == [golden] * MAX_PINNED_FILES
