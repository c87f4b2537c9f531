"""The `landfall` command."""

import sys

try:
    import argparse
    import importlib
    import os
    from collections.abc import Callable, Sequence

    from landfall.command_options import build_parser
    from landfall.errors import CommandError, UsageError
    from landfall.exit_status import ExitStatus
    from landfall.interrupts import interruptible, record_signals
    from shared.errors import LandfallError
    from shared.visible_text import visible
except KeyboardInterrupt:  # Ctrl-C during the imports, before main() can handle it
    sys.exit(130)

type Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status (`ExitStatus`, or 130 after Ctrl-C)."""
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # a closed pipe raises here, and not at the interpreter's end
    except BrokenPipeError:  # the reader has closed the pipe, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.SUCCESS
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return _import_command(options.command)(options)
    except BrokenPipeError:
        raise
    except UsageError as error:
        return _fail(options, str(error), ExitStatus.USAGE)
    except (CommandError, LandfallError) as error:
        return _fail(options, str(error), ExitStatus.FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(options, f"{where}{error.strerror or error}", ExitStatus.FAILED)


def _import_command(target: str) -> Command:
    """Import a command, `module:function`, only when it is called: `landfall --help` stays fast."""
    module, _, function = target.partition(":")
    with record_signals(), interruptible():  # an import may lose a Ctrl-C otherwise
        command: Command = getattr(importlib.import_module(module), function)
    return command


def _fail(options: argparse.Namespace, problem: str, status: ExitStatus) -> int:
    # An error with several problems has a line for each.
    sys.stderr.write(f"landfall {options.command_name}: {visible(problem, keep='\n')}\n")
    return status
