"""`python -m bench`: measures, and fails if a count exceeds its limit."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bench.errors import BenchError
from bench.report import PIPED_WIDTH, show
from bench.results import Results
from bench.serving.fixtures import Table
from bench.serving.sizes import Sizes
from bench.serving.suite import measure_serving
from bench.suite import measure
from bench.ticks import SHORT_HISTORY
from landfall.errors import CommandError
from landfall.option_types import positive, whole

HISTORY = 100_000
REQUESTS, SERVING = "requests", "serving"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Return 1 if a count exceeds its limit, 2 if it could not be measured."""
    options = _parser().parse_args(arguments)
    try:
        results = _measured(options)
    except (BenchError, CommandError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(results.to_json(), indent=2))  # noqa: T201
    else:
        show(results, Console(width=None if sys.stdout.isatty() else PIPED_WIDTH))
    return int(results.failed)


def _measured(options: argparse.Namespace) -> Results:
    """Measure, with progress on stderr."""
    results = Results([])
    # Read first: a mistake in it must not show only after minutes.
    table = Table.from_csv(options.csv, options.label) if options.csv else None
    with Progress(console=Console(stderr=True), transient=True) as progress:
        history = progress.add_task("writing a history of finished runs", total=options.history, visible=False)

        def announce(what: str) -> None:
            progress.console.print(f"{what} …")

        if options.part in (None, REQUESTS):
            results += measure(
                options.history,
                announce,
                lambda done: progress.update(history, completed=done, visible=done < options.history),
            )
        if options.part in (None, SERVING):
            results += measure_serving(Sizes(rounds=options.rounds, swaps=options.swaps), table, announce)
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="Count the app's requests and measure the studio, each beside its goal."
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=(REQUESTS, SERVING),
        help=f"{REQUESTS}: count the app's requests; {SERVING}: compare the studio with other services (default: both)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of {what, goal, measured, unit, ok}")
    parser.add_argument(
        "--csv", type=Path, metavar="PATH", help=f"{SERVING}: train on this CSV, whose label has two values"
    )
    parser.add_argument("--label", metavar="NAME", help="the column of --csv to predict (default: the last)")
    parser.add_argument(
        "--rounds", type=positive, default=Sizes.rounds, help="rounds of alternating loads (default: %(default)s)"
    )
    parser.add_argument(
        "--swaps", type=positive, default=Sizes.swaps, help="model swaps, in rounds of 20 (default: %(default)s)"
    )
    parser.add_argument(
        "--history",
        type=_history,
        default=HISTORY,
        metavar="N",
        help=f"finished runs beside which a tick is counted (default: {HISTORY:,})",
    )
    return parser


def _history(text: str) -> int:
    number = whole(text)
    if number < SHORT_HISTORY:
        raise argparse.ArgumentTypeError(f"{number} is not {SHORT_HISTORY} or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
