"""The ledger: every request that came through the proxies, and which of them the app made in a stretch of work."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.proxy import Exchange

# The studio uses the same storage through the same proxies. The SDK adds this variable's text to its User-Agent.
AGENT_VARIABLE = "AZURE_HTTP_USER_AGENT"
STUDIO_AGENT = "landfall-bench-studio"


class Ledger:
    """Keeps what the proxies report, in the order of the answers."""

    def __init__(self) -> None:
        self._all: list[Exchange] = []

    def report(self, exchange: Exchange) -> None:
        """Take down one exchange; called by the proxies' threads."""
        self._all.append(exchange)

    @contextmanager
    def recording(self) -> Iterator[list[Exchange]]:
        """Give a list that holds, once the `with` has ended, what the app asked for in it."""
        made: list[Exchange] = []
        first = len(self._all)
        yield made
        made += [one for one in self._all[first:] if STUDIO_AGENT not in one.headers.get("user-agent", "")]


def writes(exchanges: list[Exchange]) -> int:
    """Count the requests that are not mere reads."""
    return sum(one.method not in {"GET", "HEAD"} for one in exchanges)


def rows_read(exchanges: list[Exchange]) -> int:
    """Count the table rows in the answers."""
    return sum(one.rows for one in exchanges)
