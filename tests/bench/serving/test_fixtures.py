"""The user's CSV of the benchmark: its label, what is refused, and numbers as JSON."""

import math
from pathlib import Path

import pytest

import bench.__main__ as command
from bench.errors import BenchError
from bench.serving.fixtures import Table, number_or_none


def test_a_csv_of_the_user_tells_its_label(tmp_path: Path) -> None:
    """The last column unless one is named; the rarer of its two values is positive."""
    path = tmp_path / "in.csv"
    path.write_text("a, b ,c\n1,x,no\n2,y,no\n3,x,yes\n", encoding="utf-8")
    assert Table.from_csv(path, None) == Table(path, "c", "yes")
    assert Table.from_csv(path, "b") == Table(path, "b", "y")
    assert Table.from_csv(path, None).sample(4) == [["1", "x"], ["2", "y"], ["3", "x"], ["1", "x"]]


@pytest.mark.parametrize(("label", "reason"), [("a", "has 3 values"), ("d", "has no column 'd'")])
def test_an_unsuitable_csv_is_refused(
    tmp_path: Path, label: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error comes before anything is measured and says why."""
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,x\n2,y\n3,x\n", encoding="utf-8")
    with pytest.raises(BenchError, match=reason):
        Table.from_csv(path, label)
    assert command.main(["serving", "--csv", str(path), "--label", label]) == 2
    assert reason in capsys.readouterr().err


def test_a_missing_number_is_null() -> None:
    """JSON has no NaN."""
    assert (number_or_none(math.nan), number_or_none(2.5)) == (None, 2.5)
