"""Limits how many requests of an endpoint are executed concurrently (protocol 1.10)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from studio.api.protocol_errors import SERVICE_UNAVAILABLE, protocol_error
from studio.workspace.services import Endpoint


class Throttle:
    """Counts the requests in execution, by endpoint. Used by the event loop's thread only."""

    def __init__(self) -> None:
        self._executing: Counter[str] = Counter()

    @contextmanager
    def slot(self, endpoint: Endpoint) -> Iterator[None]:
        """Count one request for the time of the `with`.

        Raises:
            ProtocolError: RequestThrottled, if the endpoint executes as many as it may.
        """
        limit = endpoint.settings.max_concurrent_calls
        if self._executing[endpoint.id] >= limit:
            raise protocol_error(
                SERVICE_UNAVAILABLE,
                "RequestThrottled",
                f"Request was throttled for {endpoint.name} endpoint."
                f" The maximum concurrency for the endpoint is {limit}.",
            )
        self._executing[endpoint.id] += 1
        try:
            yield
        finally:
            self._executing[endpoint.id] -= 1
            if not self._executing[endpoint.id]:
                del self._executing[endpoint.id]
