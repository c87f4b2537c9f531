"""`landfall chaos`: starts a stack of its own, injects faults and kills, audits it from outside, reports violations."""

import argparse
import contextlib
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
from landfall.chaos.proxied_stack import start_proxied_stack
from landfall.chaos.report import Report
from landfall.chaos.scenario import Progress, Scenario
from landfall.chaos.schedule import Schedule, draw_schedule
from landfall.console import PIPED_WIDTH, console, escape, guard, print_json
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.stack.scratch_folder import scratch_folder
from shared.errors import LandfallError
from shared.intake.settings import TrainingSetKind

PROGRESS_INTERVAL_S = 15.0  # without a terminal; on a terminal one line changes all the time
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def chaos(options: argparse.Namespace) -> int:
    """Play a chaos run; returns 0 only if no invariant is violated and a kill hit every state.

    Raises:
        CommandError: the stack cannot be started, or a part of it cannot be started again.
    """
    kind = TrainingSetKind(options.training_set) if options.training_set else None
    schedule = draw_schedule(options.files, options.kills, options.seed, kind)
    # Progress goes to standard error: standard output belongs to the result.
    width = None if sys.stderr.isatty() else PIPED_WIDTH
    err = guard(Console(stderr=True, highlight=False, soft_wrap=True, width=width))
    with _one_interrupt():
        folder = scratch_folder(options.state, "landfall-chaos-")
        report = _play(schedule, folder, err)
    if report.ok and options.state is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        err.print(f"data and logs are kept in {folder}")
    report.explain(err)
    if options.json:
        print_json(report.to_json())
    else:
        console().print(report.table())
    return ExitStatus.SUCCESS if report.ok else ExitStatus.FAILED


def _play(schedule: Schedule, state: Path, err: Console) -> Report:
    """Play a schedule on a stack that has ended when this returns."""
    with err.status("starting Azurite, the studio and the functions host …") as status:
        try:
            with start_proxied_stack(schedule, state, lambda line: err.print(escape(line))) as proxied:
                scenario = Scenario(proxied, schedule, _progress_printer(schedule, err, status))
                settled = scenario.play()
                status.update("auditing …")
                return audit(proxied, schedule, scenario, settled=settled)
        except (LandfallError, AzureError) as error:
            raise CommandError(f"the stack's storage does not answer: {str(error).splitlines()[0]}") from error


def _progress_printer(schedule: Schedule, err: Console, status: Status) -> Callable[[Progress], None]:
    """Return a function that shows the progress: one line that changes, or a line every `PROGRESS_INTERVAL_S`."""
    began = time.monotonic()
    printed_at_s = -PROGRESS_INTERVAL_S

    def show(progress: Progress) -> None:
        nonlocal printed_at_s
        passed_s = time.monotonic() - began
        states = ", ".join(f"{count} {state}" for state, count in progress.states.most_common())
        line = (
            f"{progress.phase} {passed_s:4.0f} s  files {progress.written}/{len(schedule.uploads)}"
            f"  kills {progress.kills}/{schedule.kill_count}  {states}"
        )
        status.update(line)
        if not err.is_terminal and passed_s - printed_at_s >= PROGRESS_INTERVAL_S:
            printed_at_s = passed_s
            err.print(line)

    return show


@contextlib.contextmanager
def _one_interrupt() -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end everything in order, and ignore the next ones."""

    def leave(number: int, _: object) -> None:
        for ignored in _SIGNALS:
            signal.signal(ignored, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = [signal.signal(number, leave) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
