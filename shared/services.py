"""The services of a pipeline step: the ports, the routes, and the actor."""

import contextvars
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from shared.gates.golden_rows import PinnedRows
from shared.lifecycle.intake_states import is_announced
from shared.ports.blob_files import BlobFiles
from shared.ports.clock import Clock
from shared.ports.deployment_service import DeploymentService
from shared.ports.endpoint_store import EndpointStore
from shared.ports.intake_rows import RunChange, StoredBatch
from shared.ports.run_store import RunStore
from shared.ports.scoring_service import ScoringService
from shared.ports.stored_run import StoredRun
from shared.ports.training_service import TrainingService
from shared.recorded_routes import RecordedRoutes
from shared.records.batch import OpenBatch
from shared.records.history import chained
from shared.records.messages import IntakeMessage
from shared.records.part import Part
from shared.records.run import Run
from shared.routes.load import Routes

MAX_CONCURRENCY = 16  # requests in flight, a thread each; a classic endpoint runs 40 jobs at once
QUARANTINE = "quarantine"  # copies of bad files


@dataclass(frozen=True)
class Services:
    """Everything that one invocation works with."""

    routes: Routes
    runs: RunStore
    endpoints: EndpointStore
    blobs: BlobFiles
    training: TrainingService
    scoring: ScoringService
    clock: Clock
    pinned: PinnedRows = field(default_factory=PinnedRows)
    recorded_routes: RecordedRoutes = field(default_factory=RecordedRoutes)
    deployments: DeploymentService | None = None  # of endpoints whose models stand side by side; None: there are none
    actor: str = "unknown"  # the function or the operator that writes runs
    max_concurrency: int = MAX_CONCURRENCY
    announced: list[IntakeMessage] = field(default_factory=list)  # the function puts them into the queue `intake`

    def acting_as(self, actor: str) -> "Services":
        """Return the same services for one function, whose name the history records with each of its writes."""
        return replace(self, actor=actor, announced=[])

    def announce(self, run: Run) -> None:
        """Have the queue `intake` announce a run that was just written, if its file is to be read or its set assembled.

        The message leaves at the end of the function. If it is lost, a tick announces the run again.
        """
        if is_announced(run):
            self.announced.append(IntakeMessage(run.route, run.run_id))

    def claim_run(self, run: Run) -> StoredRun:
        """Insert a new run with the first entry of its history, written by this actor.

        Raises:
            AlreadyClaimedError: the route has a run of that id; nothing was written.
        """
        return self.runs.claim(chained(run, self.actor))

    def save_run(self, before: StoredRun, run: Run) -> StoredRun:
        """Replace `before` by its next revision, with a history entry of this actor, chained to the previous entry.

        Raises:
            StaleWriteError: the run was written since `before` was read; nothing was written.
        """
        return self.runs.save(before, self._next(before, run))

    def save_runs(self, changes: Sequence[RunChange]) -> list[StoredRun]:
        """Save runs of one route as `save_run` does, all or nothing; `RunStore.in_transactions` divides what is more.

        Raises:
            StaleWriteError: one of them was written since it was read; nothing was written.
        """
        return self.runs.save_many([(before, self._next(before, run)) for before, run in changes])

    def accept_part(self, before: StoredRun, run: Run, part: Part) -> StoredRun:
        """Save a run as `save_run` does, together with its part.

        Raises:
            StaleWriteError: the run was written since `before` was read; nothing was written.
        """
        return self.runs.accept(before, self._next(before, run), part)

    def seal_batch(
        self, before: StoredBatch, sealed: OpenBatch, carrier: StoredRun, run: Run
    ) -> tuple[StoredBatch, StoredRun]:
        """Replace the open batch by the sealed one, together with a save of the run that carries it.

        Raises:
            StaleWriteError: the batch or the run was written since it was read; nothing was written.
        """
        return self.runs.seal(before, sealed, carrier, self._next(carrier, run))

    def forget_part(self, before: StoredRun, run: Run) -> StoredRun:
        """Save a run as `save_run` does, together with the deletion of its part.

        Raises:
            StaleWriteError: the run was written since `before` was read; nothing was written.
        """
        return self.runs.forget(before, self._next(before, run))

    def settle_run(self, before: StoredRun, run: Run) -> StoredRun:
        """Claim the version that a file settled at, in place of the run that waited for it.

        Raises:
            AlreadyClaimedError: that version has its run already; the rows of the waiting run are deleted.
            StaleWriteError: the waiting run was written, or settled, since `before` was read.
        """
        return self.runs.settle(before, chained(run, self.actor))

    def _next(self, before: StoredRun, run: Run) -> Run:
        return chained(run, self.actor, before.run.chain)

    def map_concurrently[Item, Result](self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply a function to every item, `max_concurrency` at a time, and return the results in order.

        Each call has a copy of the caller's context: by it the worker tells which invocation a log line belongs to, and
        the host drops lines that belong to none.
        """
        if self.max_concurrency == 1:
            return [work(item) for item in items]
        pairs = [(contextvars.copy_context(), item) for item in items]
        with ThreadPoolExecutor(max_workers=self.max_concurrency, thread_name_prefix=self.actor) as pool:
            return list(pool.map(lambda pair: pair[0].run(work, pair[1]), pairs))
