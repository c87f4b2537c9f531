"""The port of what the `runs` table keeps of a route beside its runs: parts, the open batch, the state, the sets."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.ports.stored_run import StoredRun
from shared.records.batch import OpenBatch
from shared.records.part import Part
from shared.records.route_state import RouteState
from shared.records.run import Run

# A transaction takes 100 operations, and a save is three of them.
MAX_RUNS_AT_ONCE = 33


class StoredBatch(NamedTuple):
    """The open batch of a route as read or written; `etag` is None while there is no row yet."""

    batch: OpenBatch
    etag: str | None


class StoredRouteState(NamedTuple):
    """The state of a route as read or written; `etag` is None while there is no row yet."""

    state: RouteState
    etag: str | None


class StoredSet(NamedTuple):
    """Which run trains, or trained, on a training set of one content."""

    run_id: str
    etag: str | None


class RouteRows(NamedTuple):
    """All that a tick needs of a route: its runs without an outcome, its open batch, its state."""

    runs: list[StoredRun]
    batch: StoredBatch
    state: StoredRouteState


class NamedVersion(NamedTuple):
    """A version of a name that has a run; versions sort by generation."""

    generation: str
    run_id: str


type RunChange = tuple[StoredRun, Run]  # a run as read, and its next revision


class IntakeRows(Protocol):
    """Rows of a route's partition beside those of its runs. A row and a run are written together, or not at all.

    Every write raises StaleWriteError if a row was written since it was read; then nothing was written.
    """

    def in_progress(self, route: str) -> RouteRows:
        """Read what a tick needs of a route, in one query."""

    def route_state(self, route: str) -> StoredRouteState:
        """Read the state of a route; a route without a row has the one that it begins with."""

    def save_route_state(self, before: StoredRouteState, state: RouteState) -> StoredRouteState:
        """Replace the state of a route."""

    def open_batch(self, route: str, customer: str = "") -> StoredBatch:
        """Read the open batch of a route; one without a row has never been sealed."""

    def save_batch(self, before: StoredBatch, batch: OpenBatch) -> StoredBatch:
        """Replace the open batch."""

    def accept(self, before: StoredRun, run: Run, part: Part) -> StoredRun:
        """Save a run and write its part; a part of an earlier attempt is replaced."""

    def seal(
        self, before: StoredBatch, sealed: OpenBatch, carrier: StoredRun, run: Run
    ) -> tuple[StoredBatch, StoredRun]:
        """Replace the open batch by the sealed one, and save the run that carries it."""

    def carriers(self, route: str, since: datetime) -> list[StoredRun]:
        """Read the runs of a route that carry a batch and were written at `since` or later, in one query."""

    def save_many(self, changes: Sequence[RunChange]) -> list[StoredRun]:
        """Save runs of one route, all or nothing, with a history entry each.

        Raises:
            StaleWriteError: one of them was written since it was read.
            ValueError: there are none, they are of several routes, or they do not fit into one transaction.
        """

    def in_transactions(self, changes: Sequence[RunChange]) -> Iterator[Sequence[RunChange]]:
        """Divide changes into the least number of `save_many`, in order."""

    def parts(self, route: str, customer: str = "") -> Iterator[Part]:
        """Read the parts of a route in the order of their generations, page by page."""

    def part(self, run: Run) -> Part | None:
        """Read the part of a run; None if it has none."""

    def replace_part(self, part: Part) -> None:
        """Replace the part of a run, which was written anew.

        Raises:
            StaleWriteError: there is no such part, for it was forgotten.
        """

    def forget(self, before: StoredRun, run: Run) -> StoredRun:
        """Save a run, and delete its part if it has one."""

    def settle(self, before: StoredRun, run: Run) -> StoredRun:
        """Delete every row of a run that waited for a file to settle, and claim the version that the file settled at.

        Raises:
            AlreadyClaimedError: that version has its run already; the rows of the waiting run are deleted.
        """

    def trained_set(self, route: str, sha256: str) -> StoredSet | None:
        """Read which run trains, or trained, on the set of this content; None if none does."""

    def claim_set(self, route: str, sha256: str, run_id: str, before: StoredSet | None) -> StoredSet:
        """Record that a run trains on the set of this content, in place of the run that `before` names."""

    def runs_of_blob(self, route: str, name: str) -> list[NamedVersion]:
        """Read which versions of a name have runs of the route, in the order of their generations, in one query."""
