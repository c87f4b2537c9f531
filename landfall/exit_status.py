"""What the command's exit status says."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """One meaning each, the same for every command. 130 and 143 say that Ctrl-C or SIGTERM ended it."""

    SUCCESS = 0  # of a run: promoted, or unchanged
    FAILED = 1  # the tool could not do what was asked
    USAGE = 2  # the command line is wrong
    OTHER_END = 3  # the run ended otherwise than promoted or unchanged
    BROKEN = 4  # something that was looked at is broken or missing
