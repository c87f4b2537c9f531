"""Limits how many models are fetched concurrently, so that a storage that hangs delays nothing else."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CapacityLimiter

from studio.api.protocol_errors import SERVICE_UNAVAILABLE, protocol_error

MAX_FETCHES = 24  # threads of their own: no other request waits for one of them
MAX_FETCHES_PER_HOST = 8
MAX_FETCHES_PER_ENDPOINT = 2  # its owner's next try need not wait for the one that hangs


class FetchLimiter:
    """Counts the fetches under way, by endpoint and by storage host. Used by the event loop's thread only."""

    def __init__(self) -> None:
        self.threads = CapacityLimiter(MAX_FETCHES)
        self._by_endpoint: Counter[str] = Counter()
        self._by_host: Counter[str] = Counter()

    @contextmanager
    def slot(self, endpoint_id: str, host: str) -> Iterator[None]:
        """Count one fetch for the time of the `with`.

        Raises:
            ProtocolError: RequestThrottled, if a limit is reached.
        """
        _check(self._by_endpoint[endpoint_id], MAX_FETCHES_PER_ENDPOINT, "for this endpoint")
        _check(self._by_host[host], MAX_FETCHES_PER_HOST, f"from the storage host {host}")
        _check(self._by_host.total(), MAX_FETCHES, "by this studio")
        counted = ((self._by_endpoint, endpoint_id), (self._by_host, host))
        for counter, key in counted:
            counter[key] += 1
        try:
            yield
        finally:
            for counter, key in counted:
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]


def _check(under_way: int, limit: int, of: str) -> None:
    if under_way >= limit:
        text = f"{limit} models are being fetched {of}, which is the limit; try again later."
        raise protocol_error(SERVICE_UNAVAILABLE, "RequestThrottled", text)
