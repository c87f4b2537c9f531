"""The command's exit statuses."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """Each status means the same for every command. 130 and 143 mean that Ctrl-C or SIGTERM ended it."""

    SUCCESS = 0  # of a run: promoted, or unchanged
    FAILED = 1  # the command could not do what was asked
    USAGE = 2  # the command line is wrong
    OTHER_END = 3  # the run ended in another state than promoted or unchanged
    BROKEN = 4  # a check or an invariant failed
