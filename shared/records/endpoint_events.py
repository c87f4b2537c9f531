"""What was done to the endpoints of a run (pure)."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class EndpointEventKind(StrEnum):
    """What happened to an endpoint."""

    PATCHED = "patched"  # it accepted the challenger
    ANSWERS = "answers"  # it answers as the challenger
    VERIFIED = "verified"  # it is recorded as serving the challenger
    PUT_BACK = "put_back"  # it accepted the previous model


class EndpointEvent(NamedTuple):
    """One event of one endpoint; `role` is `serve` or `staging`."""

    name: str
    role: str
    event: EndpointEventKind
    at: datetime
