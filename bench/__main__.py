"""`python -m bench`: measures, and tells whether a count exceeds what was promised."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bench.errors import BenchError
from bench.findings import Findings
from bench.report import PIPED_WIDTH, show
from bench.serving.material import Table
from bench.serving.scale import Scale
from bench.serving.suite import measure_serving
from bench.suite import measure
from bench.ticks import SHORT_HISTORY
from landfall.stack.state import StackError

HISTORY = 100_000
REQUESTS, SERVING = "requests", "serving"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 if a count exceeds its limit, 2 if it could not be measured."""
    options = _parser().parse_args(arguments)
    try:
        findings = _measured(options)
    except (BenchError, StackError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(findings.to_json(), indent=2))  # noqa: T201
    else:
        show(findings, Console(width=None if sys.stdout.isatty() else PIPED_WIDTH))
    return int(findings.failed)


def _measured(options: argparse.Namespace) -> Findings:
    """Measure, and show on stderr how far it is."""
    findings = Findings([])
    # Looked at before anything takes its minutes.
    table = Table.given(options.csv, options.label) if options.csv else None
    with Progress(console=Console(stderr=True), transient=True) as progress:
        history = progress.add_task("writing a history of finished runs", total=options.history, visible=False)

        def tell(what: str) -> None:
            progress.console.print(f"{what} …")

        if options.part in (None, REQUESTS):
            findings += measure(
                options.history,
                tell,
                lambda done: progress.update(history, completed=done, visible=done < options.history),
            )
        if options.part in (None, SERVING):
            findings += measure_serving(Scale(rounds=options.rounds, swaps=options.swaps), table, tell)
    return findings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="Count the requests of the app, and measure its studio, against the goals."
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=(REQUESTS, SERVING),
        help=f"{REQUESTS}: what the app asks for; {SERVING}: the studio beside other services; without it, both",
    )
    parser.add_argument("--json", action="store_true", help="print a list of {what, goal, measured, unit, ok}")
    parser.add_argument("--csv", type=Path, metavar="PATH", help=f"{SERVING}: measure on this CSV of two classes")
    parser.add_argument("--label", metavar="NAME", help="the column of --csv to predict (default: its last)")
    parser.add_argument(
        "--rounds", type=_positive, default=Scale.rounds, help="of alternating loads (default: %(default)s)"
    )
    parser.add_argument(
        "--swaps", type=_positive, default=Scale.swaps, help="of models, in rounds of 20 (default: %(default)s)"
    )
    parser.add_argument(
        "--history",
        type=_history,
        default=HISTORY,
        metavar="N",
        help=f"finished runs that a tick must not notice (default: {HISTORY:,})",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def _history(text: str) -> int:
    number = int(text)
    if number < SHORT_HISTORY:
        raise argparse.ArgumentTypeError(f"{number} is not {SHORT_HISTORY} or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
