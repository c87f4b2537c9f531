"""The bill: counted requests times prices, which can be replaced; what was not counted is not made up."""

import json
from pathlib import Path

import pytest

from bench.cost import PRICES, Item, items, main

ROWS = [
    {"what": "of these in a promotion over a champion: table", "measured": 14},
    {"what": "of these in a promotion over a champion: blob-read", "measured": 4},
    {"what": "of these in a promotion over a champion: blob-write", "measured": 2},
    {"what": "an idle tick on one route", "measured": 1},
]


def test_a_bill_is_amounts_times_prices() -> None:
    """Twice the price, twice the cost; a month of ticks is 43,200 queries, and half a gigabyte for a second each."""
    item = Item("x", {"table": 1e6, "event": 10})
    assert item.cost(PRICES) == pytest.approx(1e6 * PRICES["table"] + 10 * PRICES["event"])
    runs, ticks, _ = items({"table": 14, "blob-read": 4, "blob-write": 2})
    assert (runs.amounts["table"], runs.amounts["blob-write"], runs.amounts["event"]) == (14_000, 3_000, 1_000)
    assert (ticks.amounts["table"], ticks.amounts["gigabyte-second"]) == (43_200, 21_600)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It reads what the benchmark printed; a price of one's own counts, and one of nothing is refused."""
    file = tmp_path / "counts.json"
    file.write_text(json.dumps(ROWS), encoding="utf-8")
    assert main([str(file)]) == 0
    usual = capsys.readouterr().out
    assert main([str(file), "--price", "gigabyte-second=1"]) == 0
    assert capsys.readouterr().out != usual
    with pytest.raises(SystemExit):
        main([str(file), "--price", "gold=1"])
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(SystemExit, match="no counts of a promotion"):
        main([str(file)])
