"""One call of a service, with its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.routes.host_allowlist import AllowedHosts, redacted

ANSWER_LIMIT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Key:
    """A bearer token, and the app setting that holds it; errors name only the setting."""

    value: str = field(repr=False)
    setting: str


@dataclass(frozen=True)
class Call:
    """One request to a service.

    Attributes:
        operation: its name in errors and the log: "submit job".
        keys: the bearer tokens, the primary one first; none for a link.
        repeatable: whether it is idempotent, so that it may be sent again after a lost answer.
        within_s: how long it may take with every retry and the last byte of its answer; None: as long as is usual.
        hosts: the hosts that may receive the keys, besides the client's own list; None for that list alone.
    """

    operation: str
    method: str
    url: str
    keys: tuple[Key, ...] = ()
    body: object = None
    repeatable: bool = True
    limit_bytes: int = ANSWER_LIMIT_BYTES
    hosts: AllowedHosts | None = None
    within_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # of the service's own protocol

    def __repr__(self) -> str:
        """Show operation and URL without key, query and body."""
        return f"Call({self.operation} {self.method} {redacted(self.url)})"


class Answer(NamedTuple):
    """A 2xx answer.

    Attributes:
        headers: by name in lower case.
    """

    text: str
    headers: Mapping[str, str]
