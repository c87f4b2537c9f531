"""Bounds how many requests of an endpoint are executed at once (protocol 1.10)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from studio.api.protocol_errors import SERVICE_UNAVAILABLE, protocol_error
from studio.workspace.services import Endpoint


class Throttle:
    """Counts the requests that are executed now, by endpoint. Used by the event loop's thread alone."""

    def __init__(self) -> None:
        self._executing: Counter[str] = Counter()

    @contextmanager
    def turn(self, endpoint: Endpoint) -> Iterator[None]:
        """Count one request for the time of the `with`.

        Raises:
            ProtocolError: RequestThrottled, if as many as the endpoint may execute are under way.
        """
        most = endpoint.settings.max_concurrent_calls
        if self._executing[endpoint.id] >= most:
            raise protocol_error(
                SERVICE_UNAVAILABLE,
                "RequestThrottled",
                f"Request was throttled for {endpoint.name} endpoint."
                f" The maximum concurrency for the endpoint is {most}.",
            )
        self._executing[endpoint.id] += 1
        try:
            yield
        finally:
            self._executing[endpoint.id] -= 1
            if not self._executing[endpoint.id]:
                del self._executing[endpoint.id]
