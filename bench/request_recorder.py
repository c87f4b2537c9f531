"""Records every request that passes the proxies, and tells the app's own from the studio's."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.proxy import Exchange

# The studio uses the same storage through the same proxies. The SDK adds this variable's text to its User-Agent.
AGENT_VARIABLE = "AZURE_HTTP_USER_AGENT"
STUDIO_AGENT = "landfall-bench-studio"


class RequestRecorder:
    """Keeps the exchanges that the proxies report, in the order of their answers."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []

    def report(self, exchange: Exchange) -> None:
        """Record one exchange. The proxies call this from their threads."""
        self._exchanges.append(exchange)

    @contextmanager
    def recording(self) -> Iterator[list[Exchange]]:
        """Yield a list that the end of the `with` fills with the app's requests made inside it."""
        recorded: list[Exchange] = []
        first = len(self._exchanges)
        yield recorded
        recorded += [
            exchange
            for exchange in self._exchanges[first:]
            if STUDIO_AGENT not in exchange.headers.get("user-agent", "")
        ]


def writes(exchanges: list[Exchange]) -> int:
    """Count the requests that may change something."""
    return sum(exchange.method not in {"GET", "HEAD"} for exchange in exchanges)


def rows_read(exchanges: list[Exchange]) -> int:
    """Count the table rows in the answers."""
    return sum(exchange.rows for exchange in exchanges)
