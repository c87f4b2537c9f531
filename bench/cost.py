"""What a run and an idle month cost on Azure: the counted requests times prices that you can replace.

`python -m bench requests --json > counts.json; python -m bench.cost counts.json [--price NAME=USD ...]`
"""
# ruff: noqa: T201 (a command speaks by printing)

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import goals

TICKS_A_MONTH = 30 * 24 * 60  # the poller's schedule in Azure is every minute
SWEEPS_A_MONTH = 30 * 24 * 4
# US dollars as list prices were in 2025 in a large US region; yours differ: --price replaces them.
PRICES = {
    "table": 0.00036 / 10_000,  # a transaction over the rows of one partition counts as one
    "blob-read": 0.004 / 10_000,
    "blob-write": 0.05 / 10_000,
    "queue": 0.004 / 10_000,
    "event": 0.60 / 1_000_000,
    "execution": 0.40 / 1_000_000,
    "gigabyte-second": 0.000026,
}
MEMORY_GB = 0.5  # the smallest instance
LEAST_S = 1.0  # that an execution is billed for
# What the host does besides, for each run: one event, one message put, taken and deleted, and a receipt for the blob.
HOST_OF_A_RUN = {"event": 1.0, "queue": 3.0, "blob-write": 1.0, "blob-read": 1.0}
EXECUTIONS_OF_A_RUN = 2  # its landing, and its message; ticks are counted by themselves


@dataclass(frozen=True)
class Item:
    """One line of the bill: how many of what."""

    what: str
    amounts: Mapping[str, float]

    def cost(self, prices: Mapping[str, float]) -> float:
        """Return US dollars."""
        return sum(amount * prices[name] for name, amount in self.amounts.items())


def executed(count: float, seconds: float = LEAST_S) -> dict[str, float]:
    """Return what executions of a function are billed as."""
    return {"execution": count, "gigabyte-second": count * max(seconds, LEAST_S) * MEMORY_GB}


def items(counts: Mapping[str, float]) -> list[Item]:
    """Return the bill: 1,000 promoted runs, and a month in which nothing happens.

    Args:
        counts: what a promotion over a champion asks of `table`, `blob-read` and `blob-write`.
    """
    run = {name: counts.get(name, 0) + HOST_OF_A_RUN.get(name, 0) for name in PRICES}
    of_runs = {name: 1000 * amount for name, amount in (run | executed(EXECUTIONS_OF_A_RUN, 5)).items() if amount}
    queries = goals.IDLE_REQUESTS_A_ROUTE * TICKS_A_MONTH
    return [
        Item("1,000 promoted runs", of_runs),
        Item("a month of ticks, a minute apart, one route", executed(TICKS_A_MONTH) | {"table": queries}),
        Item(
            "a month of sweeps, 15 minutes apart, 5,000 files",
            executed(SWEEPS_A_MONTH) | {"blob-write": SWEEPS_A_MONTH},
        ),
    ]


def counts_of(rows: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Return the counts of a promotion over a champion from what `python -m bench requests --json` printed.

    Raises:
        SystemExit: they are not in it.
    """
    found = {name: row["measured"] for row in rows for name in PRICES if str(row["what"]).endswith(f"champion: {name}")}
    if not found:
        raise SystemExit("the file has no counts of a promotion: make it by `python -m bench requests --json`")
    return {name: float(str(value)) for name, value in found.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the bill."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("counts", type=Path, help="what `python -m bench requests --json` printed")
    parser.add_argument("--price", action="append", default=[], metavar="NAME=USD", help=f"of one {', '.join(PRICES)}")
    given = parser.parse_args(arguments)
    changed = dict(pair.split("=", 1) for pair in given.price if "=" in pair)
    if len(changed) < len(given.price) or set(changed) - set(PRICES):
        parser.error(f"--price takes NAME=USD, where NAME is one of {', '.join(PRICES)}")
    prices = PRICES | {name: float(text) for name, text in changed.items()}
    table = Table("what", *PRICES, "USD")
    for item in items(counts_of(json.loads(given.counts.read_text(encoding="utf-8")))):
        amounts = (f"{item.amounts.get(name, 0):,.0f}" for name in PRICES)
        table.add_row(item.what, *amounts, f"{item.cost(prices):.2f}")
    Console(width=160).print(table)
    print("without free grants, and without what logs, secrets, training and scoring cost")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
