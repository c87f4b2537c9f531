"""`python -m landfall.host`: hosts a function app until Ctrl-C or SIGTERM."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from landfall.host.host import Host
from landfall.host.invoker import AppError
from landfall.host.queue_listener import DEFAULT_VISIBILITY_S
from landfall.host.settings import SettingsError, load_settings


def main() -> int:
    """Run the host; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m landfall.host", description=__doc__)
    parser.add_argument("--app", type=Path, default=Path.cwd(), help="folder of function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="port for HTTP functions; 0 takes a free one")
    parser.add_argument("--settings", type=Path, help="settings file, by default the app's local.settings.json")
    parser.add_argument("--blob-scan-s", type=float, default=10.0, help="seconds between two looks for new blobs")
    parser.add_argument("--visibility-s", type=int, default=DEFAULT_VISIBILITY_S, help="seconds a message is locked")
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr
    )
    for noisy in ("azure", "uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    app = options.app.resolve()
    try:
        os.environ.update(load_settings(options.settings or app / "local.settings.json", os.environ))
        host = Host(app, options.port, options.blob_scan_s, options.visibility_s)
    except (AppError, SettingsError, OSError) as error:
        print(f"The host cannot start: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.stop())
    host.start()
    host.wait()
    return 1 if host.failed else 0


if __name__ == "__main__":
    sys.exit(main())
