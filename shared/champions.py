"""What is known of one endpoint: its champion, who may promote to it now, and what is being done to it (pure)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that an endpoint was verified to serve."""

    run_id: str
    generation: str
    model: str  # container/path of the kept copy
    metrics: dict[str, float | None]
    promoted_at: datetime
    golden_etag: str  # version of the golden rows that `answers` belong to
    answers: tuple[tuple[str, ...], ...]

    def summary(self) -> dict[str, Any]:
        """Return what a decision record names: run, generation, kept model and metrics."""
        return {"run_id": self.run_id, "generation": self.generation, "model": self.model, "metrics": self.metrics}


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right of one run to promote to an endpoint, until `expires_at`."""

    run_id: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A promotion that was begun and must be finished: verified or put back."""

    run_id: str
    generation: str
    from_model: str  # container/path of what to put back
    to_model: str  # container/path of the kept challenger
    began_at: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointRecord:
    """The row of one endpoint. Absent parts are None; a new endpoint has none of them."""

    route: str
    name: str
    champion: Champion | None = None
    lease: Lease | None = None
    intent: Intent | None = None
