"""Command lines that messages suggest: complete, with the state folder in use, ready to paste."""

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "landfall"


def command_line(*words: str, state: Path | None = None) -> str:
    """Return a command line of `landfall` for a message; `state` is the state folder of the stack it is about."""
    options = ["--state", str(state.resolve())] if state is not None else []
    return f"`{program()} {shlex.join([*words, *options])}`"


def program() -> str:
    """Return how to call the command in this shell: by its name if the PATH leads to it, else as it was called now."""
    called = Path(sys.argv[0] or NAME)
    if (called.parent.name, called.name) == (NAME, "__main__.py"):
        return f"{shlex.quote(_short(Path(sys.executable)))} -m {NAME}"
    on_path = shutil.which(NAME)
    if called.name != NAME or (on_path is not None and _is_same_file(Path(on_path), called)):
        return NAME
    return shlex.quote(_short(called))


def _is_same_file(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        return False


def _short(path: Path) -> str:
    """Return a path relative to the current folder, if it is below that folder."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - keeps links: the interpreter of an environment is a link
    current = Path.cwd()
    return str(absolute.relative_to(current)) if absolute.is_relative_to(current) else str(absolute)
