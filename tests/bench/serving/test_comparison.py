"""The comparison with the baselines: ratios, MLServer's faster setting, and what is left out."""

import io
import json

import pytest
from rich.console import Console

import bench.__main__ as command
from bench.report import show
from bench.results import LeftOut, Results, Row
from bench.serving.comparison import Round, fastest_settings, ratios
from bench.serving.load import Outcome


def rounds(*rates: float, p99_s: float = 0.01, cpu_s: float = 0.001) -> list[Round]:
    """Return rounds with these throughputs."""
    return [Round(Outcome(int(rate), 1.0, p99_s / 2, p99_s, 0, 0, [int(rate)]), cpu_s) for rate in rates]


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
