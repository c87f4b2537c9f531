"""How the command reads the values of its options: what cannot be meant is refused with what is allowed."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class StoreAndMark(argparse.Action):
    """Stores a value and notes under `<name>_given` that it was given: a command refuses an option it would ignore."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Store it."""
        del parser, option_string
        setattr(namespace, self.dest, values)
        setattr(namespace, f"{self.dest}_given", True)


def text(given: str) -> str:
    """Read a text that says something.

    Raises:
        ArgumentTypeError: it is blank.
    """
    if not given.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return given


def path(given: str) -> Path:
    """Read a path.

    Raises:
        ArgumentTypeError: it is blank, which would be the folder one is in.
    """
    return Path(text(given))


def whole(given: str) -> int:
    """Read a whole number.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        return int(given)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is no whole number") from None


def count(given: str) -> int:
    """Read a whole number from 0 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    number = whole(given)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is less than 0")
    return number


def positive(given: str) -> int:
    """Read a whole number from 1 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    number = whole(given)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number
