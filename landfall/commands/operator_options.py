"""The options of every command that the app carries out for an operator: the reason, and the operator's name."""

import argparse
import getpass

from landfall.errors import UsageError


def require_reason(options: argparse.Namespace) -> None:
    """Check that a reason is given, which the record keeps.

    Raises:
        UsageError: there is none.
    """
    if not (options.reason or "").strip():
        raise UsageError("--reason is missing: give a reason, which is kept in the record")


def operator_of(options: argparse.Namespace) -> str:
    """Return the name of the operator: the given one, else this machine's user."""
    return str(options.by or getpass.getuser())
