"""`landfall package`: the files that are deployed to Azure, with the app's packages, as a list or as a zip."""

import argparse
import subprocess
import sys
import zipfile
from pathlib import Path

from pathspec import GitIgnoreSpec

from landfall.console import console, escape, print_json
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.stack.azurite import ROOT
from shared.plurals import counted

_ENTRY_TIME = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold: the same files make the same bytes
_MODE = 0o644
_PACKAGES = Path(".python_packages")


def package(options: argparse.Namespace) -> int:
    """List the files that are deployed, or write them to a zip.

    Raises:
        CommandError: the packages cannot be installed, the zip cannot be written, or a file that the app needs is
            missing.
    """
    fill_packages()
    files = deployed_files(ROOT)
    missing = {"function_app.py", "host.json", "requirements.txt"} - set(map(str, files))
    if missing:
        raise CommandError(
            f"{ROOT} is not a function app: {', '.join(sorted(missing))} missing. Restore the file, or remove it from"
            " .funcignore."
        )
    size = sum((ROOT / file).stat().st_size for file in files)
    if options.out is not None:
        try:
            write_zip(ROOT, files, options.out)
        except OSError as error:
            raise CommandError(f"{options.out} cannot be written: {error.strerror}") from error
    if options.json:
        print_json({"files": [file.as_posix() for file in files], "bytes": size})
        return ExitStatus.SUCCESS
    out = console()
    of_packages = [file for file in files if file.parts[0] == _PACKAGES.name]
    total = f"{counted(len(files), 'file')}, {counted(size, 'byte')}"
    if options.out is None:
        for file in files:
            if file not in of_packages:
                out.print(escape(file.as_posix()))
        out.print(f"{total}; {counted(len(of_packages), 'file')} of packages are in {_PACKAGES}")
    else:
        out.print(f"{total}; {escape(str(options.out))} has {counted(options.out.stat().st_size, 'byte')}")
    return ExitStatus.SUCCESS


def fill_packages() -> None:
    """Put the app's packages into `.python_packages` with the hook that azd runs before it packs the app.

    Raises:
        CommandError: they cannot be installed; the text is the hook's.
    """
    hook = [sys.executable, str(ROOT / "infra" / "hooks" / "prepackage.py")]
    done = subprocess.run(hook, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(done.stderr.strip())


def deployed_files(root: Path) -> list[Path]:
    """Return the files that `.funcignore` does not exclude, relative to the folder, sorted.

    The patterns are such that `azd`, which reads them with a library of its own, and git's rules agree.
    """
    ignored = GitIgnoreSpec.from_lines((root / ".funcignore").read_text(encoding="utf-8").splitlines())
    files = []
    for folder, folders, names in root.walk():
        at = folder.relative_to(root)
        folders[:] = [name for name in folders if not ignored.match_file(f"{(at / name).as_posix()}/")]
        files += [at / name for name in names if not ignored.match_file((at / name).as_posix())]
    return sorted(files)


def write_zip(root: Path, files: list[Path], target: Path) -> None:
    """Write files into a zip; the same files make the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.as_posix(), _ENTRY_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _MODE << 16
            archive.writestr(entry, (root / file).read_bytes())
