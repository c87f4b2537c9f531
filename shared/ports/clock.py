"""The port of the clocks."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The wall clock and the monotonic clock."""

    def now(self) -> datetime:
        """Return the present as aware UTC. It may jump."""

    def elapsed_s(self) -> float:
        """Return seconds of the monotonic clock; only differences are meaningful."""
