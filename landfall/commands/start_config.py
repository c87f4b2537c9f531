"""The configuration that `landfall up` starts with: the options given, over the one that the folder remembers."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from landfall.command_line import command_line
from landfall.errors import CommandError, UsageError
from landfall.stack.last_start import read_last_start
from landfall.stack.settings import parse_settings
from landfall.stack.stack_config import ConfigChanges, StackConfig, differences
from landfall.stack.stack_state import StateFolder
from landfall.stack.up import EXAMPLE_EXPERIMENT, EXAMPLE_ROUTES

EXAMPLE = StackConfig(EXAMPLE_ROUTES, (EXAMPLE_EXPERIMENT,), {})


def choose_config(options: argparse.Namespace, ask: Callable[[str], str] | None) -> StackConfig:
    """Return the configuration to start with; `ask` asks the person at the terminal, None if there is nobody.

    Raises:
        UsageError: the options contradict each other.
        CommandError: the folder remembers another configuration and nobody agreed to replace it, or a remembered file
            is missing.
    """
    changes = _read_changes(options)
    state = StateFolder(options.state)
    last = read_last_start(state)
    if last is None:
        return changes.applied_to(EXAMPLE)
    config = changes.applied_to(last.config)
    changed = differences(last.config, config)
    if changed and not options.replace:
        title = f"{state.path} was started with another configuration before, to which its data belong:"
        problem = "\n".join((title, *(f"  {difference}" for difference in changed)))
        if ask is None:
            raise CommandError(f"{problem}\n{_alternatives(options, state.path)}")
        if ask(f"{problem}\nuse the new configuration? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError(f"the stack is not started.\n{_alternatives(options, state.path)}")
    _check_files(options, config, state.path)
    return config


def terminal_prompt() -> Callable[[str], str] | None:
    """Return a function that asks the person at the terminal; None if the command runs without a terminal."""

    def ask(question: str) -> str:
        try:
            return input(question)
        except EOFError:
            return ""

    return ask if sys.stdin.isatty() and sys.stdout.isatty() else None


def _read_changes(options: argparse.Namespace) -> ConfigChanges:
    if options.experiment and options.no_studio:
        raise UsageError("--experiment needs the studio that --no-studio leaves out: keep one of the two")
    changes = ConfigChanges(
        options.routes, options.experiment, parse_settings(options.set), False if options.no_studio else None
    )
    if options.replace and changes == ConfigChanges(settings={}):
        raise UsageError("--replace has nothing to replace: add --routes, --experiment, --set or --no-studio")
    return changes


def _alternatives(options: argparse.Namespace, state: Path) -> str:
    """Return the complete commands to continue with. They leave out the values of settings, which may be secrets."""
    changes = ["--routes", str(options.routes)] if options.routes else []
    for path in options.experiment or ():
        changes += ["--experiment", str(path)]
    for pair in options.set:
        changes += ["--set", f"{pair.partition('=')[0]}=VALUE"]
    if options.no_studio:
        changes.append("--no-studio")
    others = ["--host", options.host] if options.host else []
    if options.detach:
        others.append("--detach")
    return "\n".join(
        (
            f"  as before:         {command_line('up', *others, state=state)}",
            f"  as given now:      {command_line('up', *changes, '--replace', *others, state=state)}",
            f"  both, each apart:  {command_line('up', *changes, *others, '--state', 'ANOTHER_FOLDER')}",
        )
    )


def _check_files(options: argparse.Namespace, config: StackConfig, state: Path) -> None:
    """Check that every remembered file that no option replaces still exists.

    Raises:
        CommandError: one is missing.
    """
    remembered = []
    if options.routes is None:
        remembered.append(("--routes", config.routes))
    if not options.experiment:
        remembered += [("--experiment", path) for path in config.experiments]
    missing = [(option, path) for option, path in remembered if not path.is_file()]
    if missing:
        files = ", ".join(str(path) for _, path in missing)
        words = [word for option, _ in missing for word in (option, "FILE")]
        replace = command_line("up", *words, "--replace", state=state)
        raise CommandError(f"{files} is missing; {state} was started with it. Put it back, or replace it: {replace}")
