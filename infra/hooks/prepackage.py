"""Fills `.python_packages/lib/site-packages` with the packages that the app needs in Azure.

They are the wheels of requirements.txt for Linux on x86-64 and Python 3.13, checked by their hashes, whatever this
computer and its Python are. Where a Python 3.13 is, it adds their bytecode, which Azure could not keep: a cold start
would compile everything again. azd runs the script before it packs the app, and so does `landfall package`. While lock
and packages are unchanged, it installs nothing and needs no network. It runs under any Python from 3.9 on, with the
standard library alone, on Linux, macOS and Windows.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.txt"
PACKAGES = ROOT / ".python_packages"  # the Functions worker puts its lib/site-packages first on the path
SITE = Path("lib", "site-packages")
STAMP = "made-from.json"
IN_AZURE = "/home/site/wwwroot/.python_packages/lib/site-packages"

PYTHON = "3.13"  # as in functionAppConfig of infra/app/function.bicep
# The newest C library that a wheel may ask for, then older ones: the image of Azure Functions for Python 3.13 has glibc
# 2.36. pip takes only the platforms that are named, uv takes the older ones too.
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
# Unchecked: the times of the files in Azure are not those of this computer. The name is for tracebacks.
COMPILE = f"""
import pathlib, py_compile, sys
site = pathlib.Path(sys.argv[1])
for file in sorted(site.rglob("*.py")):
    name = "{IN_AZURE}/" + file.relative_to(site).as_posix()
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(file), dfile=name, quiet=2, invalidation_mode=mode)
"""
# What is for building on a package, and what differs between installers and computers. Licences and METADATA stay.
UNNEEDED_SUFFIXES = {".pyi", ".pyx", ".pxd", ".c", ".h", ".pyc"}
UNNEEDED_RECORDS = {"INSTALLER", "RECORD", "REQUESTED", "WHEEL", "direct_url.json"}


class HookError(Exception):
    """The packages are not there; the text says why and what to do."""


def installers(target: Path, scratch: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the ways to install the lock into a folder, best first: a name and a command."""
    lock = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)]
    into = ["--python-version", PYTHON, "--target", str(target), *lock]
    own = ROOT / ".uv" / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")  # made by `make setup`
    for uv in (str(own) if own.is_file() else None, shutil.which("uv")):
        if uv:
            platform = ["--python-platform", f"x86_64-{PLATFORMS[0]}", "--python", sys.executable]
            yield uv, [uv, "pip", "install", "--link-mode", "copy", *platform, *into]
    tags = [f"--platform={platform}_x86_64" for platform in PLATFORMS]
    tags += ["--implementation=cp", f"--abi=cp{PYTHON.replace('.', '')}", "--abi=abi3", "--abi=none"]
    # pip would compare what a package requires with the Python that runs pip, not with the one named here.
    options = ["--no-compile", "--ignore-requires-python", *tags, *into]
    for python in pythons_with_pip(scratch):
        yield f"{python} -m pip", [python, "-m", "pip", "install", *options]


def pythons_with_pip(scratch: Path) -> Iterator[str]:
    """Yield this Python, then one with a pip of its own: Debian's Python has none, nor has one that uv made."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        yield sys.executable
        return
    folder = scratch / "pip"
    if subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, check=False).returncode == 0:
        yield str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def install(target: Path, scratch: Path) -> None:
    """Install the packages with the first installer that can.

    Raises:
        HookError: none can; the text has the last lines of each.
    """
    environ = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "UV_COMPILE_BYTECODE": "0"}
    problems = []
    for name, command in installers(target, scratch):
        shutil.rmtree(target, ignore_errors=True)
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode == 0:
            return
        problems.append(f"{name} (exit status {done.returncode}):\n" + "\n".join(done.stdout.strip().splitlines()[-8:]))
    if not problems:
        raise HookError("neither uv nor pip is here. Install uv (https://docs.astral.sh/uv/), or pip for this Python.")
    raise HookError("the packages could not be installed.\n" + "\n".join(problems))


def prune(target: Path) -> None:
    """Remove what the app never reads: the scripts, sources and stubs of packages, and the installer's own records."""
    for folder in (target / "bin", target / "Scripts", *target.rglob("__pycache__")):
        shutil.rmtree(folder, ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)  # uv's
    for file in list(target.rglob("*")):
        record = file.parent.name.endswith(".dist-info") and file.name in UNNEEDED_RECORDS
        if file.is_file() and (record or file.suffix in UNNEEDED_SUFFIXES):
            file.unlink()


def find_python() -> list[str] | None:
    """Return the command of a Python whose bytecode Azure's Python can read; None if there is none."""
    own = ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")  # made by `make setup`
    commands = [[sys.executable], [str(own)], [f"python{PYTHON}"], ["py", f"-{PYTHON}"]]
    for command in commands:
        program = shutil.which(command[0])
        if program:
            version = [program, *command[1:], "-c", "import sys; print(sys.implementation.cache_tag)"]
            done = subprocess.run(version, capture_output=True, text=True, check=False)
            if done.stdout.strip() == f"cpython-{PYTHON.replace('.', '')}":
                return [program, *command[1:]]
    return None


def compile_all(target: Path) -> None:
    """Write the bytecode of the packages, if a Python that can is here. A file that does not compile has none.

    Raises:
        HookError: the interpreter ends with an error.
    """
    python = find_python()
    if python is None:
        print(f"prepackage: no Python {PYTHON} is here: the zip has no bytecode, and starts later.", flush=True)
        return
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [*python, "-s", "-S", "-c", COMPILE, str(target)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HookError(f"the packages could not be compiled with {python[0]}:\n{done.stderr[-1000:]}")


def check(target: Path) -> None:
    """Compare the packages with the lock.

    Raises:
        HookError: one is missing. pip reads a marker such as `sys_platform == "linux"` for this computer.
    """
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    installed = {normal(folder.name[: -len(".dist-info")]) for folder in target.glob("*.dist-info")}
    missing = {normal(f"{name}-{version}") for name, version in pins} - installed
    if missing:
        raise HookError(f"not installed: {', '.join(sorted(missing))}. Install uv (https://docs.astral.sh/uv/).")


def normal(name: str) -> str:
    """Return a package's name and version as every installer would write them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def digest(packages: Path) -> dict[str, str]:
    """Return the digests of what the packages are made from, and of the packages themselves."""
    site = packages / SITE
    files = sorted((file.relative_to(site).as_posix(), file) for file in site.rglob("*") if file.is_file())
    tree = hashlib.sha256()
    for name, file in files:
        tree.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    made_from = {"lock": LOCK, "script": Path(__file__)}
    return {**{key: text_digest(file) for key, file in made_from.items()}, "packages": tree.hexdigest()}


def text_digest(file: Path) -> str:
    """Return the digest of a text whose line ends may be those of any system."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def is_ready() -> bool:
    """Return whether the packages are those of the lock, unchanged since then, with bytecode if that can be made."""
    try:
        stamp = json.loads((PACKAGES / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    compiled = next((PACKAGES / SITE).rglob("*.pyc"), None) is not None
    return bool(stamp == digest(PACKAGES)) and (compiled or find_python() is None)


def fill() -> None:
    """Install the packages beside the old ones, then take their place. The stamp is written last.

    Raises:
        HookError: they cannot be installed.
        OSError: the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix=".landfall-packages-", dir=ROOT) as folder:
        new = Path(folder) / "new"
        install(new / SITE, Path(folder))
        prune(new / SITE)
        check(new / SITE)
        compile_all(new / SITE)
        (new / STAMP).write_bytes(f"{json.dumps(digest(new), indent=1)}\n".encode())
        shutil.rmtree(PACKAGES, ignore_errors=True)
        new.rename(PACKAGES)


def main() -> int:
    """Fill the folder; return the exit status."""
    if is_ready():
        return 0
    print(f"prepackage: installing the packages of {LOCK.name} for Linux and Python {PYTHON} ...", flush=True)
    try:
        fill()
    except HookError as error:
        print(f"prepackage: {error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        print(f"prepackage: {PACKAGES} cannot be written: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"prepackage: {PACKAGES.name} is ready.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
