"""Options of the host's command line, beside the app settings and `host.json`."""

from dataclasses import dataclass

from landfall.host.settings import SettingsError
from landfall.host.singleton import MAX_LEASE_S, MIN_LEASE_S

DAY_S = 86400


@dataclass(frozen=True)
class HostOptions:
    """The port of HTTP functions (0 takes a free one), and times in seconds.

    The host's status repeats the `nonce`, which tells this host from any other.

    Raises:
        SettingsError: a value is out of range; the text names the option.
    """

    port: int = 7071
    blob_scan_s: float = 10  # between two scans for new blobs
    visibility_s: int = 600  # the lock on a queue message; renewed at half time while its function runs
    lock_s: int | None = None  # duration of a singleton's lease; None for that of `host.json`
    drain_s: float = 30  # how long functions may run on after a stop
    nonce: str = ""

    def __post_init__(self) -> None:
        _check("--port", self.port, 0, 65535)
        _check("--blob-scan-s", self.blob_scan_s, 0.01, DAY_S)
        _check("--visibility-s", self.visibility_s, 1, 7 * DAY_S)
        _check("--drain-s", self.drain_s, 0, DAY_S)
        if self.lock_s is not None:
            _check("--lock-s", self.lock_s, MIN_LEASE_S, MAX_LEASE_S)


def _check(option: str, value: float, minimum: float, maximum: float) -> None:
    if not minimum <= value <= maximum:
        raise SettingsError(f"{option} is {value}: use a number from {minimum} to {maximum}")
