"""Types of the command's options. A value that makes no sense is refused with the values that are allowed."""

import argparse
from pathlib import Path


class StoreAndMark(argparse.Action):
    """Stores a value, and sets `<name>_given`: a command refuses an option that it would ignore."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store the value and the mark."""
        del parser, option_string
        setattr(namespace, self.dest, values)
        setattr(namespace, f"{self.dest}_given", True)


def text(argument: str) -> str:
    """Read a text.

    Raises:
        ArgumentTypeError: it is blank.
    """
    if not argument.strip():
        raise argparse.ArgumentTypeError("it must not be empty")
    return argument


def path(argument: str) -> Path:
    """Read a path.

    Raises:
        ArgumentTypeError: it is blank; a blank path would be the current folder.
    """
    return Path(text(argument))


def whole(argument: str) -> int:
    """Read a whole number.

    Raises:
        ArgumentTypeError: it is no whole number.
    """
    try:
        return int(argument)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a whole number") from None


def count(argument: str) -> int:
    """Read a whole number of at least 0.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    return _at_least(0, argument)


def positive(argument: str) -> int:
    """Read a whole number of at least 1.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    return _at_least(1, argument)


def _at_least(minimum: int, argument: str) -> int:
    number = whole(argument)
    if number < minimum:
        raise argparse.ArgumentTypeError(f"{number} is less than {minimum}")
    return number
