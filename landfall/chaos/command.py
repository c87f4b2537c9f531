"""`landfall chaos`: starts a stack of its own, torments it, audits it from outside, and says what broke."""

import argparse
import contextlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from azure.core.exceptions import AzureError
from rich.console import Console
from rich.status import Status

from landfall.chaos.audit import audit
from landfall.chaos.proxied_stack import staged
from landfall.chaos.report import Report
from landfall.chaos.scenario import Course, Progress
from landfall.chaos.schedule import Plan, draw
from landfall.console import PIPED_WIDTH, console, escape, guard
from landfall.errors import CommandError
from landfall.stack.scratch_folder import own_folder
from shared.errors import LandfallError

TOLD_EVERY_S = 15.0  # where no person watches a line change
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def chaos(options: argparse.Namespace) -> int:
    """Play a run; 0 only if no promise was broken and every state was hit by a kill."""
    plan = draw(options.files, options.kills, options.seed)
    # For people; standard output belongs to the result.
    width = None if sys.stderr.isatty() else PIPED_WIDTH
    err = guard(Console(stderr=True, highlight=False, soft_wrap=True, width=width))
    with _ending_in_order():
        folder = own_folder(options.state, "landfall-chaos-")
        report = _play(plan, folder, err)
    if report.ok and options.state is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        err.print(f"data and logs are kept in {folder}")
    report.explain(err)
    if options.json:
        print(json.dumps(report.to_json(), indent=2))  # noqa: T201 - this is a command
    else:
        console().print(report.table())
    return 0 if report.ok else 1


def _play(plan: Plan, state: Path, err: Console) -> Report:
    """Play a plan on a stack that is ended before this returns."""
    with err.status("starting Azurite, the studio and the functions host …") as status:
        try:
            with staged(plan, state, lambda line: err.print(escape(line))) as stage:
                course = Course(stage, plan, _teller(plan, err, status))
                settled = course.play()
                status.update("auditing …")
                return audit(stage, plan, course, settled=settled)
        except (LandfallError, AzureError) as error:
            raise CommandError(f"the stack's storage does not answer: {str(error).splitlines()[0]}") from error


def _teller(plan: Plan, err: Console, status: Status) -> Callable[[Progress], None]:
    """Return what shows how far it is: one line that changes, or a line from time to time."""
    began = time.monotonic()
    told_at = -TOLD_EVERY_S

    def tell(progress: Progress) -> None:
        nonlocal told_at
        passed_s = time.monotonic() - began
        states = ", ".join(f"{count} {state}" for state, count in progress.states.most_common())
        line = (
            f"{progress.phase} {passed_s:4.0f} s  files {progress.written}/{len(plan.drops)}"
            f"  kills {progress.kills}/{plan.kills}  {states}"
        )
        status.update(line)
        if not err.is_terminal and passed_s - told_at >= TOLD_EVERY_S:
            told_at = passed_s
            err.print(line)

    return tell


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end everything in order, and the next ones not disturb that."""

    def leave(number: int, _: object) -> None:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = [signal.signal(number, leave) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
