"""The pure parts of measuring the studio: percentiles, ratios, which MLServer setting counts, a user's CSV."""

import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console

import bench.__main__ as command
from bench.errors import BenchError
from bench.report import show
from bench.results import LeftOut, Results, Row
from bench.serving import virtualenvs
from bench.serving.comparison import Round, fastest_settings, ratios
from bench.serving.fixtures import Table, number_or_none
from bench.serving.load import Outcome
from bench.serving.stats import median_ratio, percentile


def rounds(*rates: float, p99_s: float = 0.01, cpu_s: float = 0.001) -> list[Round]:
    """Return rounds with these throughputs."""
    return [Round(Outcome(int(rate), 1.0, p99_s / 2, p99_s, 0, 0, [int(rate)]), cpu_s) for rate in rates]


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (0.1, 1)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    """It is the smallest value that so many percent of the values do not exceed; of no values it is NaN."""
    assert percentile(range(1, 101), percent) == value
    assert math.isnan(percentile([], percent))


def test_rounds_are_compared_one_by_one() -> None:
    """A slow moment of the machine slows both services of a round, and one odd round decides nothing."""
    assert median_ratio([1, 20, 3], [2, 40, 1]) == 0.5
    with pytest.raises(ValueError, match="shorter"):
        median_ratio([1, 2], [1])


def test_the_studio_is_ahead_below_one() -> None:
    """Time a request and p99 have a goal of 1 and no limit; processor time is only reported."""
    rows = ratios(
        {"the studio": rounds(400, 400, p99_s=0.03), "plain FastAPI": rounds(200, 100, p99_s=0.02, cpu_s=0.002)}, 1
    )
    assert [(row.measured, row.goal, row.limit) for row in rows] == [
        (0.38, 1, None),
        (1.5, 1, None),
        (0.5, None, None),
    ]
    assert [row.verdict for row in rows] == ["met", "missed", ""]
    assert rows[0].what == "one row, time a request: the studio's to that of plain FastAPI"


def test_mlserver_is_measured_at_its_best() -> None:
    """Of its two ways the one with the higher median throughput counts; without it nothing is missing."""
    both = {"a": rounds(1), "MLServer without a worker": rounds(300, 10, 300), "MLServer with a worker": rounds(200)}
    assert fastest_settings(both) == ["a", "MLServer without a worker"]
    assert fastest_settings({"a": rounds(1)}) == ["a"]


def test_what_is_left_out_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The report and the JSON name it with the reason; it does not fail the benchmark."""
    results = Results([Row("x", 1)], left_out=[LeftOut("MLServer", "no [network]")])
    console = Console(file=io.StringIO(), width=120)
    show(results, console)
    assert isinstance(console.file, io.StringIO)
    assert "left out: MLServer: no [network]" in console.file.getvalue()
    monkeypatch.setattr(command, "measure_serving", lambda *_: results)
    assert command.main(["serving", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)[-1]
    assert (printed["what"], printed["measured"], printed["left_out"]) == ("MLServer", None, "no [network]")


def test_a_missing_installer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do."""
    monkeypatch.setattr(virtualenvs, "FOLDER", tmp_path)
    monkeypatch.setattr(virtualenvs, "UV", tmp_path / "uv")
    with pytest.raises(virtualenvs.UnavailableError, match="make setup"):
        virtualenvs.interpreter(virtualenvs.PLAIN)


@pytest.mark.parametrize("name", [virtualenvs.PLAIN, virtualenvs.MLSERVER])
def test_the_environments_are_locked(name: str) -> None:
    """Each package of a lock file has hashes, and none an address."""
    text = (virtualenvs.LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    packages = [part for part in text.split("\n") if part and part[0].isalnum()]
    assert len(packages) > 10
    assert all(line.endswith("\\") for line in packages)
    assert text.count("--hash=sha256:") >= len(packages)
    assert "://" not in text


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
