"""Work that only one of several hosts may do: a lock per host id, which is a renewed lease on a blob."""

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

MIN_LEASE_S, MAX_LEASE_S = 15, 60  # limits of a lease in Azure Storage that is not infinite
POLL_S = 0.2  # how soon a waiting listener notices the end of its term
RETRY_S = 1.0  # between two attempts to renew while the storage does not answer
# A request must end long before the lease does; the storage library's own retries begin after 15 s.
_FAST: dict[str, Any] = {"retry_total": 0, "connection_timeout": 4, "read_timeout": 4}
_TAKEN = {404, 409, 412}  # another host has the lease, or its blob is deleted


def _now_s() -> float:
    """Return a monotonic time; on Linux one that continues while the machine sleeps, as leases do."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class Term:
    """A term of holding the lock: until its lease may have ended, or the host stops."""

    def __init__(self, stop: threading.Event, held_until: float) -> None:
        self._stop = stop
        self._held_until = held_until

    @property
    def held(self) -> bool:
        """Whether no other host can have the lock; the clock continues while this process is stopped."""
        return _now_s() < self._held_until

    @property
    def over(self) -> bool:
        """Whether no new work may start."""
        return self._stop.is_set() or not self.held

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than the term; returns whether it is over."""
        end = _now_s() + seconds
        while not self.over and (left_s := end - _now_s()) > 0:
            self._stop.wait(min(left_s, POLL_S))
        return self.over

    def hold_until(self, moment: float) -> None:
        """Set the end of the lease, by this module's clock."""
        self._held_until = moment


class Singleton:
    """The lock `name` of a host id; the path of its blob is that of the Functions host."""

    def __init__(self, storage: Storage, host_id: str, name: str, *, lock_s: int, retry_s: float) -> None:
        self._name = name
        self._blob = storage.hosts().get_blob_client(f"locks/{host_id}/{name}.Listener")
        self._lock_s = lock_s
        self._retry_s = retry_s

    def run(self, stop: threading.Event, work: Callable[[Term], None]) -> None:
        """Do `work` whenever this host has the lock, until `stop` is set; `work` must return when its term is over."""
        waiting = False
        while not stop.is_set():
            lease = BlobLeaseClient(self._blob)
            requested_at = _now_s()  # before the storage starts the lease, so that the lease never ends before the term
            if not self._acquire(lease):
                if not waiting:
                    log.info("%s: waiting for the lock, asking every %.0f s", self._name, self._retry_s)
                waiting = True
                stop.wait(self._retry_s)
                continue
            log.info("%s: this host has the lock", self._name)
            waiting = False
            self._serve(lease, Term(stop, requested_at + self._lock_s), work)

    def _serve(self, lease: BlobLeaseClient, term: Term, work: Callable[[Term], None]) -> None:
        """Work for one term, and release the lock at its end."""
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
            with contextlib.suppress(AzureError):  # another host has it, or it ends by itself
                lease.release(**_FAST)

    def _acquire(self, lease: BlobLeaseClient) -> bool:
        try:
            try:
                lease.acquire(self._lock_s, **_FAST)
            except ResourceNotFoundError:
                with contextlib.suppress(ResourceExistsError):
                    self._blob.upload_blob(b"", **_FAST)
                lease.acquire(self._lock_s, **_FAST)
        except HttpResponseError as error:
            if error.status_code not in _TAKEN:
                log.warning("%s: %s", self._name, str(error).splitlines()[0])
            return False
        except AzureError as error:
            log.warning("%s: %s", self._name, type(error).__name__)
            return False
        return True

    def _renew(self, lease: BlobLeaseClient, term: Term, done: threading.Event) -> None:
        """Renew the lease until the work is done; a lease that ends before a renewal is lost."""
        pause_s = self._lock_s / 3
        while not done.wait(pause_s) and term.held:
            requested_at = _now_s()
            try:
                lease.renew(**_FAST)
            except HttpResponseError as error:
                log.warning("%s: the lock was not renewed: %s", self._name, str(error).splitlines()[0])
                if error.status_code in _TAKEN:
                    term.hold_until(requested_at)
            except AzureError as error:
                log.warning("%s: the lock was not renewed: %s", self._name, type(error).__name__)
            else:
                term.hold_until(requested_at + self._lock_s)
                pause_s = self._lock_s / 3
                continue
            pause_s = RETRY_S
