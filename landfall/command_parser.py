"""How a command becomes part of the command line: with its options that many commands share."""

import argparse

from landfall.option_types import StoreAndMark, path, text
from landfall.stack.stack_state import DEFAULT_STATE


class Commands:
    """Adds commands to the parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(self, name: str, purpose: str, target: str, *, json: str = "print JSON") -> argparse.ArgumentParser:
        """Add a command that needs no stack; `target` is `module:function`. An empty `json` adds no `--json`."""
        # No abbreviated options: a new option would change what `verify --set` means in old scripts.
        parser = self._commands.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
        parser.set_defaults(command=target, command_name=name)
        if json:
            parser.add_argument("--json", action="store_true", help=json)
        return parser

    def add_on_stack(
        self, name: str, purpose: str, target: str, *, json: str = "print JSON"
    ) -> argparse.ArgumentParser:
        """Add a command that works on the stack in a state folder."""
        parser = self.add(name, purpose, target, json=json)
        parser.set_defaults(state_given=False)
        parser.add_argument(
            "--state",
            type=path,
            action=StoreAndMark,
            default=DEFAULT_STATE,
            metavar="DIR",
            help="state folder of the stack; default: .local",
        )
        return parser

    def add_operation(
        self, name: str, purpose: str, subject: str, subject_help: str, *, module: str = "operate"
    ) -> argparse.ArgumentParser:
        """Add a command that the app carries out for an operator; `module`: of `landfall.commands`."""
        parser = self.add_on_stack(name, purpose, f"landfall.commands.{module}:{name}")
        parser.add_argument(subject, type=text, metavar=subject.upper(), help=subject_help)
        parser.add_argument("--reason", type=text, metavar="TEXT", help="reason, kept in the record")
        parser.add_argument(
            "--by", type=text, metavar="NAME", help="name of the operator; default: this machine's user"
        )
        return parser
