"""Commands that a message suggests: whole, with the state folder in use, so that they can be pasted as they stand."""

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "landfall"


def command(*words: str, state: Path | None = None) -> str:
    """Return a command line of `landfall` for a message; `state` is the state folder that it is about."""
    chosen = ["--state", str(state.resolve())] if state is not None else []
    return f"`{program()} {shlex.join([*words, *chosen])}`"


def program() -> str:
    """Return how the command is called in this shell: by its name if that finds it, else as it was called now."""
    called = Path(sys.argv[0] or NAME)
    if (called.parent.name, called.name) == (NAME, "__main__.py"):
        return f"{shlex.quote(_short(Path(sys.executable)))} -m {NAME}"
    found = shutil.which(NAME)
    if called.name != NAME or (found is not None and _same(Path(found), called)):
        return NAME
    return shlex.quote(_short(called))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _short(path: Path) -> str:
    """Return a path as seen from here, if that is below here."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - a link must stay one: the interpreter of an environment is one
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
