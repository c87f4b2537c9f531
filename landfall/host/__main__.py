"""`python -m landfall.host`: hosts a function app until Ctrl-C or SIGTERM."""

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path

from landfall.host.host import Host
from landfall.host.invoker import AppError
from landfall.host.options import HostOptions
from landfall.host.settings import SettingsError, load_settings
from shared.visible_text import visible


class _VisibleLines(logging.Formatter):
    """Formats lines in UTC, with control and direction characters as their codes: lines name files."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return visible(super().format(record), keep="\n\t")


def main() -> int:
    """Run the host; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m landfall.host", description=__doc__)
    parser.add_argument("--app", type=Path, default=Path.cwd(), help="folder of function_app.py and host.json")
    parser.add_argument(
        "--port", type=int, default=HostOptions.port, help="port for HTTP functions; 0 takes a free one"
    )
    parser.add_argument("--settings", type=Path, help="settings file; default: the app's local.settings.json")
    times = parser.add_argument_group("times, in seconds")
    times.add_argument("--blob-scan-s", type=float, default=HostOptions.blob_scan_s, help="between two scans for blobs")
    times.add_argument("--visibility-s", type=int, default=HostOptions.visibility_s, help="lock on a queue message")
    times.add_argument(
        "--lock-s", type=int, help="lock on a timer and on the blob scan, 15 to 60; default: host.json's"
    )
    times.add_argument("--drain-s", type=float, default=HostOptions.drain_s, help="for running functions after a stop")
    parser.add_argument("--nonce", default="", metavar="TEXT", help="text that the host's status repeats")
    given = parser.parse_args()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_VisibleLines("%(asctime)s UTC %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("azure", "uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    app = given.app.resolve()
    try:
        os.environ.update(load_settings(given.settings or app / "local.settings.json", os.environ))
        options = HostOptions(
            given.port, given.blob_scan_s, given.visibility_s, given.lock_s, given.drain_s, given.nonce
        )
        host = Host(app, options)
    except (AppError, SettingsError, OSError) as error:
        sys.stderr.write(f"The host cannot start: {error}\n")
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.stop())
    host.start()
    host.wait()
    return 1 if host.failed else 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    os._exit(status)  # does not wait for a listener that still waits for its storage after the drain
