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
from bench.sweeps import BESIDES, PER_FILE
from shared.pipeline.polling import HEARTBEAT_S
from shared.services import AT_ONCE

TICKS_A_MONTH = 30 * 24 * 60  # the poller's schedule in Azure is every minute
SWEEPS_A_MONTH = 30 * 24 * 4
HEARTBEATS_A_MONTH = 30 * 24 * 3600 // HEARTBEAT_S
FILES = 5000  # that lie in the input container in the example
LISTED = 5000  # blobs in one request
READ_S = 0.01  # that reading a row takes
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
HOST_OF_A_TIMER = {"blob-write": 1.0}  # the timer's status, after each execution
PROMOTION = "of these in a promotion over a champion"
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


@dataclass(frozen=True)
class Counts:
    """What was counted, by what is billed alike: `table`, `blob-read`, `blob-write`.

    Attributes:
        promotion: of a promotion over a champion.
        sweep: of a sweep, apart from what it asks for each file.
        per_file: of a sweep, for each file that lies there.
    """

    promotion: Mapping[str, float]
    sweep: Mapping[str, float]
    per_file: Mapping[str, float]


def items(counts: Counts) -> list[Item]:
    """Return the bill: 1,000 promoted runs, and a month in which nothing happens."""
    run = {name: counts.promotion.get(name, 0) + HOST_OF_A_RUN.get(name, 0) for name in PRICES}
    of_runs = {name: 1000 * amount for name, amount in (run | executed(EXECUTIONS_OF_A_RUN, 5)).items() if amount}
    queries = goals.IDLE_REQUESTS_A_ROUTE * TICKS_A_MONTH + HEARTBEATS_A_MONTH
    sweep = {name: counts.sweep.get(name, 0) + FILES * counts.per_file.get(name, 0) for name in PRICES}
    sweep["blob-write"] += -(-FILES // LISTED) - 1  # the first page of the listing is among what was counted
    sweeps = _times(SWEEPS_A_MONTH, sweep, HOST_OF_A_TIMER)
    sweep_s = LEAST_S + sum(counts.per_file.values()) * FILES * READ_S / AT_ONCE
    return [
        Item("1,000 promoted runs", of_runs),
        Item(
            "a month of ticks, a minute apart, one route",
            executed(TICKS_A_MONTH) | {"table": queries} | _times(TICKS_A_MONTH, HOST_OF_A_TIMER),
        ),
        Item(f"a month of sweeps, 15 minutes apart, {FILES:,} files", executed(SWEEPS_A_MONTH, sweep_s) | sweeps),
    ]


def _times(count: float, *amounts: Mapping[str, float]) -> dict[str, float]:
    """Return amounts, added up, so many times."""
    return {name: total for name in PRICES if (total := count * sum(one.get(name, 0) for one in amounts))}


def counts_of(rows: Sequence[Mapping[str, object]]) -> Counts:
    """Return the counts from what `python -m bench requests --json` printed.

    Raises:
        SystemExit: they are not all in it.
    """
    measured = {str(row["what"]): row["measured"] for row in rows}

    def by_kind(what: str) -> dict[str, float]:
        found = {name: measured[f"{what}: {name}"] for name in PRICES if f"{what}: {name}" in measured}
        if not found:
            raise SystemExit(f"the file has no counts of {what!r}: make it by `python -m bench requests --json`")
        return {name: float(str(value)) for name, value in found.items()}

    return Counts(by_kind(PROMOTION), by_kind(BESIDES), by_kind(PER_FILE))


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
    print("without free grants, and without what logs, secrets, training, scoring, and the host's locks cost")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
