"""What every pipeline step is given: the ports, the routes, and who acts."""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from shared.gates.golden_rows import PinnedRows
from shared.ports import BlobFiles, Clock, EndpointStore, RunStore, ScoringService, TrainingService
from shared.routes.load import Routes
from shared.run_places import RunPlaces

AT_ONCE = 16  # requests in flight; the service serves 40 jobs an endpoint, and each poll is one thread here
QUARANTINE = "quarantine"  # copies of bad files


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
    places: RunPlaces = field(default_factory=RunPlaces)
    actor: str = "unknown"  # the function, or the operator, on whose behalf runs are written
    at_once: int = AT_ONCE

    def acting_as(self, actor: str) -> "Services":
        """Return the same services for what one function does; its name stands in the history of what it writes."""
        return replace(self, actor=actor)

    def for_each[Item, Result](self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the same for every item, some at once, and return the results in order.

        Each has a copy of the caller's context: the worker tells by it which invocation a log line belongs to, and the
        host drops lines that belong to none.
        """
        if self.at_once == 1:
            return [work(item) for item in items]
        pairs = [(contextvars.copy_context(), item) for item in items]
        with ThreadPoolExecutor(max_workers=self.at_once, thread_name_prefix=self.actor) as pool:
            return list(pool.map(lambda pair: pair[0].run(work, pair[1]), pairs))
