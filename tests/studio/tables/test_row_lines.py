"""The line of each row in its file."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.tables import csv_reader
from studio.tables.csv_reader import read_table
from studio.tables.row_lines import RowLines


def test_ranges_are_kept_as_ranges() -> None:
    """A file whose rows are lines takes no memory for them, however many blocks it was read in."""
    lines = RowLines.of_blocks([range(2, 5), [5, 6, 7], [], [9, 12], range(13, 15)])
    assert lines.blocks[0] == range(2, 8)
    assert lines.blocks[2] == range(13, 15)
    assert lines.of(np.array([0, 5, 6, 7, 9])) == [2, 7, 9, 12, 14]


rows = st.lists(st.sampled_from(["1,2", '"a\nb",2', "", '"x",3']), min_size=1, max_size=40)


@given(rows, st.integers(1, 60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lines_are_those_of_the_csv_module(tmp_path: Path, lines: list[str], at_once: int) -> None:
    """With line breaks in cells, empty lines and quotes, however few characters are read at once."""
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "\n".join([*lines, "7,7"]) + "\n", encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader)
        ends = [reader.line_num for row in reader if row]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "_AT_ONCE", at_once)
        patch.setattr(csv_reader, "_AT_ONCE_A_COLUMN", 1)
        table = read_table(path, "y")
    assert table.lines.of(np.arange(table.rows)) == ends
