"""The command `package`: what is deployed, exactly: the files that `.funcignore` leaves, as a zip or as a list."""

import argparse
import json
import zipfile
from pathlib import Path

from pathspec import GitIgnoreSpec

from landfall.console import console, escape
from landfall.errors import CommandError
from landfall.stack.azurite import ROOT
from shared.plurals import counted

_SAME_FOR_ALL = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can tell: the same files make the same bytes
_MODE = 0o644


def package(options: argparse.Namespace) -> int:
    """List what is deployed, or write it to a zip.

    Raises:
        CommandError: it cannot be written, or a file that the app needs is missing.
    """
    files = deployed_files(ROOT)
    missing = {"function_app.py", "host.json", "requirements.txt"} - set(map(str, files))
    if missing:
        raise CommandError(f"{ROOT} is not a function app: {', '.join(sorted(missing))} missing, or in .funcignore")
    size = sum((ROOT / file).stat().st_size for file in files)
    if options.out is not None:
        try:
            write_zip(ROOT, files, options.out)
        except OSError as error:
            raise CommandError(f"{options.out} cannot be written: {error.strerror}") from error
    if options.json:
        print(json.dumps({"files": list(map(str, files)), "bytes": size}, indent=2))  # noqa: T201 - this is a command
        return 0
    out = console()
    for file in files if options.out is None else ():
        out.print(escape(str(file)))
    where = f"; {options.out} has {counted(options.out.stat().st_size, 'byte')}" if options.out is not None else ""
    total = f"{counted(len(files), 'file')}, {counted(size, 'byte')}"
    out.print(f"{total}; packages are installed from requirements.txt{escape(where)}")
    return 0


def deployed_files(root: Path) -> list[Path]:
    """Return the files that `.funcignore` leaves, relative to the folder, in order.

    Its patterns are those of `.gitignore`, as for `func` and `azd`.
    """
    ignored = GitIgnoreSpec.from_lines((root / ".funcignore").read_text(encoding="utf-8").splitlines())
    found = []
    for folder, folders, names in root.walk():
        at = folder.relative_to(root)
        folders[:] = [name for name in folders if not ignored.match_file(f"{(at / name).as_posix()}/")]
        found += [at / name for name in names if not ignored.match_file((at / name).as_posix())]
    return sorted(found)


def write_zip(root: Path, files: list[Path], target: Path) -> None:
    """Write files into a zip; the same files make the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.as_posix(), _SAME_FOR_ALL)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _MODE << 16
            archive.writestr(entry, (root / file).read_bytes())
