"""The virtual environments of the baselines, made on first use, each from its own lock file."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from landfall.stack.azurite import ROOT

FOLDER = ROOT / ".bench-venv"
LOCKS = Path(__file__).parent
UV = ROOT / ".uv" / "bin" / "uv"
PLAIN, MLSERVER = "plain", "mlserver"  # FastAPI, pandas and scikit-learn; MLServer, which needs an older FastAPI


class UnavailableError(Exception):
    """A baseline cannot run on this machine; the text says why."""


def interpreter(name: str) -> Path:
    """Return the Python of an environment; creates the environment if it is missing or its lock file changed.

    Raises:
        UnavailableError: it cannot be created; the text ends with the installer's own error.
    """
    lock, folder = LOCKS / f"{name}.txt", FOLDER / name
    python, stamp = folder / "bin" / "python", folder / "lock"
    fingerprint = f"{sys.version_info[:2]} {hashlib.sha256(lock.read_bytes()).hexdigest()}"
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint:
        return python
    if not UV.exists():
        raise UnavailableError("the installer is missing: run `make setup`")
    _run("venv", "--clear", "--no-project", "--python", sys.executable, str(folder))
    _run("pip", "sync", "--python", str(python), "--require-hashes", str(lock))
    stamp.write_text(fingerprint, encoding="utf-8")
    return python


def _run(*arguments: str) -> None:
    # Compile now: under PYTHONDONTWRITEBYTECODE the baselines would compile at every start.
    settings = {**os.environ, "UV_COMPILE_BYTECODE": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(
        [str(UV), "--quiet", *arguments], env=settings, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()[-60:])
        raise UnavailableError(f"its environment cannot be made (uv {arguments[0]}): {reason}")
