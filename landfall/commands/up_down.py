"""`landfall up` and `landfall down`."""

import argparse
import threading

from rich.console import Console

from landfall.command_line import command_line
from landfall.commands.start_config import choose_config, terminal_prompt
from landfall.console import console, escape
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.interrupts import record_signals
from landfall.run_display import colored_state, subject
from landfall.stack.down import stop_stack
from landfall.stack.stack_state import StateFolder
from landfall.stack.up import RunningStack, StackOptions, start_stack
from landfall.times import clock
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import LandfallError

POLL_S = 1.0


def up(options: argparse.Namespace) -> int:
    """Start the stack; without `--detach` show the runs until Ctrl-C.

    Raises:
        UsageError: the options contradict each other.
        CommandError: the stack cannot be started, or a part of it ended by itself.
    """
    StateFolder(options.state).check_idle()
    choice = choose_config(options, terminal_prompt())
    chosen = StackOptions(
        state=options.state,
        routes=choice.routes,
        experiments=choice.experiments,
        settings=choice.settings,
        studio=choice.studio,
        **({"host": options.host} if options.host else {}),
    )
    out = console()

    def report(line: str) -> None:
        try:
            out.print(escape(line))
        except BrokenPipeError:  # the reader has closed the pipe; a detached stack is wanted nevertheless
            if not options.detach:
                raise

    with record_signals() as received:
        with out.status("starting the stack …"):
            stack = start_stack(chosen, report)
        if not options.detach:
            return _stay(stack, received.came, out)
        if received.came.is_set():  # after the start, but before the stack is left alone
            stack.stop()
            return received.status
        _print_places(stack, out)
        out.print(escape(f"running; {command_line('down', state=stack.state.path)} ends it"))
    return ExitStatus.SUCCESS


def _stay(stack: RunningStack, stop: threading.Event, out: Console) -> int:
    """Show the runs until `stop` is set, and end the stack."""
    with stack:
        _print_places(stack, out)
        folder = stack.state.path
        out.print(escape(f"drop a CSV with {command_line('submit', 'FILE', '--route', 'R', state=folder)}"))
        out.print(escape(f"Ctrl-C ends everything, as {command_line('down', state=folder)} does") + "\n")
        end_report = _watch(stack, stop, out)
        out.print("stopping …")
    if end_report:
        raise CommandError(end_report)
    return ExitStatus.SUCCESS


def _print_places(stack: RunningStack, out: Console) -> None:
    folder = stack.state.path
    out.print(f"routes            {escape(stack.document['routes'])}")
    out.print(f"input container   {escape(stack.document['input'])}")
    out.print(f"state             {escape(str(folder))}/stack.json  (logs in {escape(str(folder))}/logs)")


def _watch(stack: RunningStack, stop: threading.Event, out: Console) -> str:
    """Show every change of a run until `stop` is set; returns how a part ended if one did, else ""."""
    store = TableRunStore.from_connection_string(stack.document["storage"])
    shown: dict[str, tuple[str, str]] = {}
    while not stop.wait(POLL_S):
        part = stack.dead_part()
        if part is not None:
            return part.end_report()
        try:
            runs = [stored.run for stored in store.list_runs(limit=200)]
        except LandfallError as error:
            out.print(f"[yellow]storage: {escape(str(error))}[/]")
            continue
        for run in reversed(runs):
            if shown.get(run.run_id) != (run.state, run.reason):
                shown[run.run_id] = (run.state, run.reason)
                reason = f"  {escape(run.reason)}" if run.reason else ""
                what = f"{run.run_id[:8]}  {escape(subject(run))}  {colored_state(run.state)}"
                out.print(f"{clock(run.updated_at)}  {what}{reason}")
    return ""


def down(options: argparse.Namespace) -> int:
    """Stop the stack."""
    ended = stop_stack(options.state)
    out = console()
    out.print(f"ended: {', '.join(ended)}" if ended else f"no stack runs in {options.state.resolve()}")
    return ExitStatus.SUCCESS
