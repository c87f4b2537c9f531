"""The folder of a stack that a command starts for itself, such as the demo's."""

import tempfile
from pathlib import Path

from landfall.errors import CommandError


def scratch_folder(chosen: Path | None, prefix: str) -> Path:
    """Return the chosen folder, or a new temporary one.

    Raises:
        CommandError: the chosen folder cannot be used or is not empty: files of an old run would count as new.
    """
    if chosen is None:
        return Path(tempfile.mkdtemp(prefix=prefix))
    try:
        chosen.mkdir(parents=True, exist_ok=True)
        empty = not any(chosen.iterdir())
    except FileExistsError:
        raise CommandError(f"{chosen} is not a folder") from None
    except OSError as error:
        raise CommandError(f"{chosen} cannot be used: {error.strerror}") from error
    if not empty:
        raise CommandError(f"{chosen} is not empty: choose a new or an empty folder")
    return chosen
