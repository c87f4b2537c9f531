"""Errors that the command reports in a sentence, without a traceback."""


class CommandError(Exception):
    """The command cannot do what was asked. The text says what is wrong, where, and what to do."""


class UsageError(CommandError):
    """The command line is wrong: an option is missing, contradicts another one, or would be ignored."""
