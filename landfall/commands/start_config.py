"""Which routes, experiments and settings `landfall up` starts with: those given, or those that the folder remembers."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from landfall.command_line import command
from landfall.errors import CommandError, UsageError
from landfall.stack.last_start import read_last_start
from landfall.stack.settings import parse_settings
from landfall.stack.stack_config import ConfigChanges, StackConfig, differences
from landfall.stack.stack_state import StateFolder
from landfall.stack.up import EXAMPLE_EXPERIMENT, EXAMPLE_ROUTES

EXAMPLE = StackConfig(EXAMPLE_ROUTES, (EXAMPLE_EXPERIMENT,), {})


def choose_config(options: argparse.Namespace, ask: Callable[[str], str] | None) -> StackConfig:
    """Return what to start with; `ask` puts a question to a person, None: there is none.

    Raises:
        UsageError: the options contradict each other.
        CommandError: something else was chosen before, and nobody agreed to change it; a remembered file is gone.
    """
    given = _given(options)
    state = StateFolder(options.state)
    memory = read_last_start(state)
    if memory is None:
        return given.over(EXAMPLE)
    now = given.over(memory.choice)
    changed = differences(memory.choice, now)
    if changed and not options.replace:
        said = "\n".join(
            (
                f"{state.path} was started otherwise before, and its data belong to that:",
                *(f"  {one}" for one in changed),
            )
        )
        if ask is None:
            raise CommandError(f"{said}\n{_ways_on(options, state.path)}")
        if ask(f"{said}\ntake what is given now? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError(f"nothing is started.\n{_ways_on(options, state.path)}")
    _check_files(options, now, state.path)
    return now


def terminal_prompt() -> Callable[[str], str] | None:
    """Return how to ask whoever sits at the terminal; None if nobody does."""

    def ask(question: str) -> str:
        try:
            return input(question)
        except EOFError:
            return ""

    return ask if sys.stdin.isatty() and sys.stdout.isatty() else None


def _given(options: argparse.Namespace) -> ConfigChanges:
    if options.experiment and options.no_studio:
        raise UsageError("--experiment needs the studio that --no-studio leaves out")
    given = ConfigChanges(
        options.routes, options.experiment, parse_settings(options.set), False if options.no_studio else None
    )
    if options.replace and given == ConfigChanges(settings={}):
        raise UsageError("--replace needs what to take: --routes, --experiment, --set or --no-studio")
    return given


def _ways_on(options: argparse.Namespace, state: Path) -> str:
    """Return the whole commands that go on from here. The values of settings are left to whoever knows them."""
    chosen = ["--routes", str(options.routes)] if options.routes else []
    chosen += [word for path in options.experiment or () for word in ("--experiment", str(path))]
    chosen += [word for pair in options.set for word in ("--set", f"{pair.partition('=')[0]}=VALUE")]
    chosen += ["--no-studio"] if options.no_studio else []
    more = [*(["--host", options.host] if options.host else []), *(["--detach"] if options.detach else [])]
    return "\n".join(
        (
            f"  as before:         {command('up', *more, state=state)}",
            f"  as given now:      {command('up', *chosen, '--replace', *more, state=state)}",
            f"  both, each apart:  {command('up', *chosen, *more, '--state', 'ANOTHER_FOLDER')}",
        )
    )


def _check_files(options: argparse.Namespace, choice: StackConfig, state: Path) -> None:
    """Check that what is remembered, and not given anew, is still there."""
    remembered = [("--routes", choice.routes)] if options.routes is None else []
    remembered += [("--experiment", path) for path in choice.experiments] if not options.experiment else []
    gone = [(option, path) for option, path in remembered if not path.is_file()]
    if gone:
        files = ", ".join(str(path) for _, path in gone)
        again = command("up", *(word for option, _ in gone for word in (option, "FILE")), "--replace", state=state)
        raise CommandError(f"{files}, with which {state} was started before, is not there: put it back, or {again}")
