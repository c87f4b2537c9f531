"""What is sent to a service: one call, with the keys that may open it."""

from dataclasses import dataclass, field
from typing import Any

from shared.routes.host_allowlist import AllowedHosts, redacted

ANSWER_LIMIT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Key:
    """A bearer token, and the app setting that it comes from: that is all an error may say of it."""

    value: str = field(repr=False)
    setting: str


@dataclass(frozen=True)
class Call:
    """One request to a service.

    Attributes:
        operation: what it does, for errors and the log: "submit job".
        keys: the bearer tokens that may open the service, the usual one first; none for a link.
        repeatable: whether sending it again after a lost answer is harmless.
        hosts: where the keys may be sent, within the list for everything; None: anywhere on that.
    """

    operation: str
    method: str
    url: str
    keys: tuple[Key, ...] = ()
    body: Any = None
    repeatable: bool = True
    limit_bytes: int = ANSWER_LIMIT_BYTES
    hosts: AllowedHosts | None = None

    def __repr__(self) -> str:
        """Show operation and place without key, query and body."""
        return f"Call({self.operation} {self.method} {redacted(self.url)})"
