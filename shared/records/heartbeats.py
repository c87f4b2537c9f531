"""The heartbeats of the ticks, one for each source: ticks over HTTP say nothing about the timer."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class TickSource(StrEnum):
    """What asks for ticks."""

    TIMER = "timer"  # the function poll_pending_jobs
    HTTP = "http"  # POST /api/tick: an operator, or a clock outside the app


class Heartbeats(NamedTuple):
    """When each source last ticked; None: never.

    `awaited_since`: when the app was first seen without a heartbeat of its timer; None: that was never recorded.
    """

    timer: datetime | None = None
    http: datetime | None = None
    awaited_since: datetime | None = None
