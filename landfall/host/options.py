"""What is chosen when the host is started, beside the app settings and `host.json`."""

from dataclasses import dataclass

from landfall.host.settings import SettingsError
from landfall.host.singleton import LEAST_S, MOST_S

DAY_S = 86400


@dataclass(frozen=True)
class HostOptions:
    """The port of HTTP functions (0 takes a free one), and times in seconds.

    `nonce` is a text that the host's status repeats, so that whoever started it knows it from any other host.

    Raises:
        SettingsError: a value that cannot be; the text names the command's option.
    """

    port: int = 7071
    blob_scan_s: float = 10  # between two looks for new blobs
    visibility_s: int = 600  # the lock on a queue message; renewed at half time while its function runs
    lock_s: int | None = None  # the lease of what one host does alone; None leaves it to `host.json`
    drain_s: float = 30  # how long functions that run at the stop may take
    nonce: str = ""

    def __post_init__(self) -> None:
        _check("--port", self.port, 0, 65535)
        _check("--blob-scan-s", self.blob_scan_s, 0.01, DAY_S)
        _check("--visibility-s", self.visibility_s, 1, 7 * DAY_S)
        _check("--drain-s", self.drain_s, 0, DAY_S)
        if self.lock_s is not None:
            _check("--lock-s", self.lock_s, LEAST_S, MOST_S)


def _check(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SettingsError(f"{option} is {value}: a number from {least} to {most} is needed")
