"""Turns the errors of a start into one sentence."""

from azure.core.exceptions import AzureError

from landfall.errors import CommandError
from shared.errors import ConfigError


def readable_error(error: Exception) -> CommandError | None:
    """Return an error of a start as one sentence; None for one that is readable already, or is a defect."""
    match error:
        case BrokenPipeError():  # the reader has closed the pipe, which the command handles itself
            return None
        case ConfigError():
            problems = "\n".join(f"  {problem}" for problem in error.problems)
            return CommandError(f"the stack cannot start with these settings:\n{problems}")
        case AzureError():  # for example an invalid name, or another service on its port
            return CommandError(f"the stack's storage refuses: {str(error).splitlines()[0]}")
        case RuntimeError() | OSError():  # Azurite or Node.js is not installed; a folder cannot be written
            return CommandError(str(error))
    return None
