"""What only one of several hosts may do: a lock per host id, which is a lease on a blob that is renewed while held."""

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobLeaseClient

from landfall.host.storage import Storage

log = logging.getLogger("host.singleton")

LEAST_S, MOST_S = 15, 60  # how long a lease of Azure Storage may be, apart from one without an end
LOOK_S = 0.2  # how soon a listener that waits notices that its term is over
AGAIN_S = 1.0  # between two attempts to renew while the storage does not answer
# A request must have ended long before the lease does; the storage library's own retries begin after 15 s.
_SOON: dict[str, Any] = {"retry_total": 0, "connection_timeout": 4, "read_timeout": 4}
_TAKEN = {404, 409, 412}  # the lease is another's, or its blob is gone


def _now_s() -> float:
    """Return a monotonic time; on Linux the one that also goes on while the machine sleeps, as leases do."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class Term:
    """One time of holding a lock: until its lease may have ended, or the host stops."""

    def __init__(self, stop: threading.Event, held_until: float) -> None:
        self._stop = stop
        self._held_until = held_until

    @property
    def held(self) -> bool:
        """Whether no other host can have the lock; the clock goes on while this process is stopped."""
        return _now_s() < self._held_until

    @property
    def over(self) -> bool:
        """Whether nothing more may be begun."""
        return self._stop.is_set() or not self.held

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than the term; tells whether it is over."""
        end = _now_s() + seconds
        while not self.over and (left_s := end - _now_s()) > 0:
            self._stop.wait(min(left_s, LOOK_S))
        return self.over

    def hold_until(self, moment: float) -> None:
        """Put the end of the lease at a moment of this module's clock."""
        self._held_until = moment


class Singleton:
    """The lock `name` of a host id. Times in seconds; the path of its blob is that of the Functions host."""

    def __init__(self, storage: Storage, host_id: str, name: str, *, lock_s: int, retry_s: float) -> None:
        self._name = name
        self._blob = storage.hosts().get_blob_client(f"locks/{host_id}/{name}.Listener")
        self._lock_s = lock_s
        self._retry_s = retry_s

    def run(self, stop: threading.Event, work: Callable[[Term], None]) -> None:
        """Do `work` whenever this host has the lock, until `stop` is set; it has to return when its term is over."""
        waits = False
        while not stop.is_set():
            lease = BlobLeaseClient(self._blob)
            asked = _now_s()  # before the storage counts, so that its lease never ends first
            if not self._acquire(lease):
                if not waits:
                    log.info("%s: waiting for the lock, asking every %.0f s", self._name, self._retry_s)
                waits = True
                stop.wait(self._retry_s)
                continue
            log.info("%s: this host has the lock", self._name)
            waits = False
            self._serve(lease, Term(stop, asked + self._lock_s), work)

    def _serve(self, lease: BlobLeaseClient, term: Term, work: Callable[[Term], None]) -> None:
        """Work for one term, and give the lock back at its end."""
        done = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(lease, term, done), daemon=True)
        renewer.start()
        try:
            work(term)
        finally:
            done.set()
            renewer.join()
            if not term.held:
                log.warning("%s: the lock was lost", self._name)
            with contextlib.suppress(AzureError):  # another's by now, or it ends by itself
                lease.release(**_SOON)

    def _acquire(self, lease: BlobLeaseClient) -> bool:
        try:
            try:
                lease.acquire(self._lock_s, **_SOON)
            except ResourceNotFoundError:
                with contextlib.suppress(ResourceExistsError):
                    self._blob.upload_blob(b"", **_SOON)
                lease.acquire(self._lock_s, **_SOON)
        except HttpResponseError as error:
            if error.status_code not in _TAKEN:
                log.warning("%s: %s", self._name, str(error).splitlines()[0])
            return False
        except AzureError as error:
            log.warning("%s: %s", self._name, type(error).__name__)
            return False
        return True

    def _renew(self, lease: BlobLeaseClient, term: Term, done: threading.Event) -> None:
        """Renew until the work is done; a lease that could not be renewed before its end is given up."""
        pause_s = self._lock_s / 3
        while not done.wait(pause_s) and term.held:
            asked = _now_s()
            try:
                lease.renew(**_SOON)
            except HttpResponseError as error:
                log.warning("%s: the lock was not renewed: %s", self._name, str(error).splitlines()[0])
                if error.status_code in _TAKEN:
                    term.hold_until(asked)
            except AzureError as error:
                log.warning("%s: the lock was not renewed: %s", self._name, type(error).__name__)
            else:
                term.hold_until(asked + self._lock_s)
                pause_s = self._lock_s / 3
                continue
            pause_s = AGAIN_S
