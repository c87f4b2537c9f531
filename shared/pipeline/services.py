"""What every pipeline step is given: the ports, the routes, and the names of the containers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.ports import BlobFiles, Clock, EndpointStore, RunStore, ScoringService, TrainingService
from shared.routes import Routes

TRAINING = "training"  # pinned inputs and job outputs, in <run_id>/<attempt>/
QUARANTINE = "quarantine"  # copies of bad files
MOST_PINNED = 31
MODELS = "models"  # kept copies of promoted models


class PinnedRows:
    """Texts of pinned golden rows by path: a pinned copy is written once and never changes, so memory cannot be wrong."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[str, str]] = {}

    def get(self, path: str, read: Callable[[], tuple[str, str]]) -> tuple[str, str]:
        """Return text and ETag, read at most once while they are among the last few."""
        found = self._texts.get(path) or read()
        self._texts = {**dict(list(self._texts.items())[-MOST_PINNED:]), path: found}
        return found


@dataclass(frozen=True)
class Services:
    """The world, as one invocation sees it."""

    routes: Routes
    runs: RunStore
    endpoints: EndpointStore
    blobs: BlobFiles
    training: TrainingService
    scoring: ScoringService
    clock: Clock
    pinned: PinnedRows = field(default_factory=PinnedRows)
