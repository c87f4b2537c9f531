"""The model and the golden rows that `landfall up` uploads for a route."""

from pathlib import Path

import pytest

from landfall.stack.publishing import golden_rows
from shared.gates.golden_rows import read_golden_rows


def test_golden_rows_name_columns_as_the_training_does(tmp_path: Path) -> None:
    """An unnamed column is named by its position in the whole file, although the label is left out."""
    (tmp_path / "sample.csv").write_text("income, age,,\nyes, 39,x,1\n\nno, 50,y,2\n", encoding="utf-8")

    text = golden_rows(tmp_path / "experiment.toml", {"label": "income", "data": "sample.csv"})

    golden = read_golden_rows("models/golden/census.csv", text, "e")
    assert golden.columns == ("age", "Col3", "Col4")
    assert golden.rows == ((" 39", "x", "1"), (" 50", "y", "2"))


@pytest.mark.parametrize("line", ["sep=,\n", '"sep=,"\r\n'])
def test_excels_separator_line_is_no_header(tmp_path: Path, line: str) -> None:
    """The studio trains on such a file, so the golden rows are those below that line."""
    (tmp_path / "sample.csv").write_text(f'{line}age,"in\ncome"\n39,yes\n', encoding="utf-8", newline="")

    assert golden_rows(tmp_path / "e.toml", {"label": " in\ncome ", "data": "sample.csv"}) == "age\n39\n"
