"""The bill: counted requests times prices, which can be replaced; what was not counted is not made up."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.cost import PRICES, Item, counts_of, items, main

ROWS: list[dict[str, Any]] = [
    {"what": "of these in a promotion over a champion: table", "measured": 14},
    {"what": "of these in a promotion over a champion: blob-read", "measured": 4},
    {"what": "of these in a promotion over a champion: blob-write", "measured": 2},
    {"what": "an idle tick on one route", "measured": 1},
    {"what": "a sweep, for each file that lies there", "measured": 1},
    {"what": "a sweep, for each file that lies there: table", "measured": 1},
    {"what": "a sweep, besides: table", "measured": 3},
    {"what": "a sweep, besides: blob-write", "measured": 1},
]


def test_a_bill_is_amounts_times_prices() -> None:
    """Twice the price, twice the cost; a month of ticks is 43,200 queries, and half a gigabyte for a second each."""
    item = Item("x", {"table": 1e6, "event": 10})
    assert item.cost(PRICES) == pytest.approx(1e6 * PRICES["table"] + 10 * PRICES["event"])
    runs, ticks, _ = items(counts_of(ROWS))
    assert (runs.amounts["table"], runs.amounts["blob-write"], runs.amounts["event"]) == (14_000, 3_000, 1_000)
    assert (ticks.amounts["table"], ticks.amounts["gigabyte-second"]) == (43_200 + 8_640, 21_600)
    assert ticks.amounts["blob-write"] == 43_200


def test_the_sweeps_reads_are_billed() -> None:
    """2,880 sweeps over 5,000 files read 14.4 million rows: that is most of what an idle month costs."""
    *_, sweeps = items(counts_of(ROWS))
    assert sweeps.amounts["table"] == 2_880 * (5_000 + 3)
    assert sweeps.amounts["blob-write"] == 2_880 * (1 + 1)
    assert sweeps.amounts["gigabyte-second"] > 2_880 * 0.5 * 2
    assert sweeps.cost(PRICES) > 14_400_000 * PRICES["table"]
    doubled = [
        {**row, "measured": 2} if row["what"] == "a sweep, for each file that lies there: table" else row
        for row in ROWS
    ]
    assert items(counts_of(doubled))[2].amounts["table"] == 2_880 * (10_000 + 3)


@pytest.mark.parametrize("left_out", ["a sweep, besides", "a sweep, for each", "of these in a promotion"])
def test_nothing_that_was_not_counted_is_billed_as_nothing(left_out: str) -> None:
    """A file of an older benchmark, without the sweep, makes no bill without it."""
    rows = [row for row in ROWS if not str(row["what"]).startswith(left_out)]
    with pytest.raises(SystemExit, match="has no counts of"):
        counts_of(rows)


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
    with pytest.raises(SystemExit, match="has no counts of"):
        main([str(file)])
