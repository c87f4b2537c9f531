"""`python -m bench`: measures, and tells whether a count exceeds what was promised."""

import argparse
import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress

from bench.findings import Findings
from bench.report import PIPED_WIDTH, show
from bench.suite import measure
from bench.ticks import SHORT_HISTORY
from bench.world import BenchError
from landfall.stack.state import StackError

HISTORY = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 if a count exceeds its limit, 2 if it could not be measured."""
    options = _parser().parse_args(arguments)
    try:
        findings = _measured(options.history)
    except (BenchError, StackError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps([row.to_json() for row in findings.rows], indent=2))  # noqa: T201
    else:
        show(findings, Console(width=None if sys.stdout.isatty() else PIPED_WIDTH))
    return int(findings.failed)


def _measured(finished: int) -> Findings:
    """Measure, and show on stderr how far it is."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        history = progress.add_task(f"writing a history of {finished:,} finished runs", total=finished, visible=False)
        return measure(
            finished,
            lambda what: progress.console.print(f"{what} …"),
            lambda done: progress.update(history, completed=done, visible=done < finished),
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Count the requests of the app against its goals.")
    parser.add_argument("--json", action="store_true", help="print a list of {what, goal, measured, unit, ok}")
    parser.add_argument(
        "--history",
        type=_history,
        default=HISTORY,
        metavar="N",
        help=f"finished runs that a tick must not notice (default: {HISTORY:,})",
    )
    return parser


def _history(text: str) -> int:
    number = int(text)
    if number < SHORT_HISTORY:
        raise argparse.ArgumentTypeError(f"{number} is not {SHORT_HISTORY} or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
