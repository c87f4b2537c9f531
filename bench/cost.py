"""What 1,000 runs and an idle month cost on Azure: counted requests times prices, which you can replace.

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

from bench import thresholds
from bench.sweeps import BESIDES, PER_FILE
from shared.pipeline.polling import HEARTBEAT_S
from shared.services import MAX_CONCURRENCY

TICKS_A_MONTH = 30 * 24 * 60  # the poller's schedule in Azure is every minute
SWEEPS_A_MONTH = 30 * 24 * 4
HEARTBEATS_A_MONTH = 30 * 24 * 3600 // HEARTBEAT_S
FILES = 5000  # in the input container of the example
BLOBS_PER_LISTING = 5000  # that one request lists
ROW_READ_S = 0.01  # time to read a row
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
MIN_BILLED_S = 1.0  # an execution is billed for at least this long
# Requests of the functions host for each run: one event; a message put, read and deleted; a receipt of the blob.
HOST_REQUESTS_PER_RUN = {"event": 1.0, "queue": 3.0, "blob-write": 1.0, "blob-read": 1.0}
HOST_REQUESTS_PER_TIMER = {"blob-write": 1.0}  # the timer's status, after each execution
PROMOTION = "of these in a promotion over a champion"
EXECUTIONS_PER_RUN = 2  # its landing and its message; ticks have a line of their own


@dataclass(frozen=True)
class Item:
    """One line of the bill: the amount of each billed thing."""

    what: str
    amounts: Mapping[str, float]

    def cost(self, prices: Mapping[str, float]) -> float:
        """Return US dollars."""
        return sum(amount * prices[name] for name, amount in self.amounts.items())


def executed(count: float, seconds: float = MIN_BILLED_S) -> dict[str, float]:
    """Return the billed amounts of `count` executions of a function."""
    return {"execution": count, "gigabyte-second": count * max(seconds, MIN_BILLED_S) * MEMORY_GB}


@dataclass(frozen=True)
class Counts:
    """Counted requests by billed name: `table`, `blob-read`, `blob-write`.

    Attributes:
        promotion: requests of a promotion over a champion.
        sweep: requests of a sweep, without those for each file.
        per_file: requests of a sweep for each file.
    """

    promotion: Mapping[str, float]
    sweep: Mapping[str, float]
    per_file: Mapping[str, float]


def items(counts: Counts) -> list[Item]:
    """Return the bill: 1,000 promoted runs, and a month in which nothing happens."""
    run = {name: counts.promotion.get(name, 0) + HOST_REQUESTS_PER_RUN.get(name, 0) for name in PRICES}
    of_runs = {name: 1000 * amount for name, amount in (run | executed(EXECUTIONS_PER_RUN, 5)).items() if amount}
    queries = thresholds.IDLE_REQUESTS_A_ROUTE * TICKS_A_MONTH + HEARTBEATS_A_MONTH
    sweep = {name: counts.sweep.get(name, 0) + FILES * counts.per_file.get(name, 0) for name in PRICES}
    sweep["blob-write"] += -(-FILES // BLOBS_PER_LISTING) - 1  # the counts include the first page of the listing
    sweeps = _times(SWEEPS_A_MONTH, sweep, HOST_REQUESTS_PER_TIMER)
    sweep_s = MIN_BILLED_S + sum(counts.per_file.values()) * FILES * ROW_READ_S / MAX_CONCURRENCY
    return [
        Item("1,000 promoted runs", of_runs),
        Item(
            "a month of ticks, a minute apart, one route",
            executed(TICKS_A_MONTH) | {"table": queries} | _times(TICKS_A_MONTH, HOST_REQUESTS_PER_TIMER),
        ),
        Item(f"a month of sweeps, 15 minutes apart, {FILES:,} files", executed(SWEEPS_A_MONTH, sweep_s) | sweeps),
    ]


def _times(count: float, *amounts: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of the amounts, multiplied by `count`."""
    totals = {name: count * sum(each.get(name, 0) for each in amounts) for name in PRICES}
    return {name: total for name, total in totals.items() if total}


def counts_of(rows: Sequence[Mapping[str, object]]) -> Counts:
    """Return the counts from the output of `python -m bench requests --json`.

    Raises:
        SystemExit: a count is missing.
    """
    measured = {str(row["what"]): row["measured"] for row in rows}

    def by_kind(what: str) -> dict[str, float]:
        counted = {name: measured[f"{what}: {name}"] for name in PRICES if f"{what}: {name}" in measured}
        if not counted:
            raise SystemExit(f"the file has no counts of {what!r}. Make it with `python -m bench requests --json`.")
        return {name: float(str(value)) for name, value in counted.items()}

    return Counts(by_kind(PROMOTION), by_kind(BESIDES), by_kind(PER_FILE))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the bill."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("counts", type=Path, help="the output of `python -m bench requests --json`")
    parser.add_argument(
        "--price", action="append", default=[], metavar="NAME=USD", help=f"price of one {', '.join(PRICES)}"
    )
    options = parser.parse_args(arguments)
    replaced = dict(pair.split("=", 1) for pair in options.price if "=" in pair)
    if len(replaced) < len(options.price) or set(replaced) - set(PRICES):
        parser.error(f"--price takes NAME=USD, where NAME is one of {', '.join(PRICES)}")
    prices = PRICES | {name: float(text) for name, text in replaced.items()}
    table = Table("what", *PRICES, "USD")
    for item in items(counts_of(json.loads(options.counts.read_text(encoding="utf-8")))):
        amounts = (f"{item.amounts.get(name, 0):,.0f}" for name in PRICES)
        table.add_row(item.what, *amounts, f"{item.cost(prices):.2f}")
    Console(width=160).print(table)
    print("Not included: free grants, and the cost of logs, secrets, training, scoring and the host's locks.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
