"""What every pipeline step is given: the ports, the routes, and the names of the containers."""

from dataclasses import dataclass, field

from shared.golden_rows import PinnedRows
from shared.ports import BlobFiles, Clock, EndpointStore, RunStore, ScoringService, TrainingService
from shared.routes import Routes

TRAINING = "training"  # pinned inputs and job outputs, in <run_id>/<attempt>/
QUARANTINE = "quarantine"  # copies of bad files
MODELS = "models"  # kept copies of promoted models


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
