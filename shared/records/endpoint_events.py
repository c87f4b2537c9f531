"""The events of a run's endpoints (pure)."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class EndpointEventKind(StrEnum):
    """The kind of an event of an endpoint."""

    PATCHED = "patched"  # the endpoint accepted the challenger
    ANSWERS = "answers"  # the endpoint answers as the challenger
    VERIFIED = "verified"  # the endpoint's row names the challenger as the champion
    PUT_BACK = "put_back"  # the endpoint accepted the previous model


class EndpointEvent(NamedTuple):
    """One event of one endpoint; `role` is `serve` or `staging`."""

    name: str
    role: str
    event: EndpointEventKind
    at: datetime
