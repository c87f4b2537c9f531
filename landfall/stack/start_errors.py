"""Errors of a start, in one sentence for people."""

from azure.core.exceptions import AzureError

from landfall.errors import CommandError
from shared.errors import ConfigError


def readable_error(error: Exception) -> CommandError | None:
    """Return an error of a start as one sentence to people; None: it is one already, or a defect."""
    match error:
        case BrokenPipeError():  # nobody reads what is reported any more: the command's own matter
            return None
        case ConfigError():
            problems = "\n".join(f"  {problem}" for problem in error.problems)
            return CommandError(f"it cannot start with these settings:\n{problems}")
        case AzureError():  # a name that it does not take, or another service on its port
            return CommandError(f"the stack's storage refuses: {str(error).splitlines()[0]}")
        case RuntimeError() | OSError():  # Azurite or Node.js is not installed; a folder cannot be written
            return CommandError(str(error))
    return None
