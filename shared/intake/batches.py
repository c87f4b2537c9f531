"""When the accepted files of a route become a batch, and which of them are in it (pure)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.intake.settings import BatchSettings
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, WaitingStep

_ASSEMBLED = frozenset({LandedStep.PREPARING, LandedStep.ASSEMBLING})


class Burst(NamedTuple):
    """The files of a route that belong to no batch yet.

    Attributes:
        accepted: those that wait for their batch, in order of generation.
        pending: those that are claimed, and neither accepted nor refused.
    """

    accepted: tuple[Run, ...]
    pending: tuple[Run, ...]


def burst_of(runs: Iterable[Run]) -> Burst:
    """Return the files without a batch among a route's active runs.

    A file that has yet to settle is not claimed: its own version has no run. One in the archive tier waits for a
    person, who may never come.
    """
    accepted: list[Run] = []
    pending: list[Run] = []
    for run in runs:
        if run.state is RunState.WAITING and run.step == WaitingStep.BATCH:
            accepted.append(run)
        elif run.state is RunState.LANDED and run.step not in _ASSEMBLED and not _left_burst(run):
            pending.append(run)
    return Burst(tuple(sorted(accepted, key=_generation)), tuple(pending))


def _left_burst(run: Run) -> bool:
    """Tell whether a run is trained already: it carries a batch, or landed alone and has its job's input."""
    return run.batch is not None or bool(run.input_blob)


def is_due(settings: BatchSettings, burst: Burst, now: datetime) -> bool:
    """Tell whether the accepted files become a batch: the burst is over, or it lasts too long, or it is large.

    Claims count, for a file may be read long after it landed. A clock that was set back makes a claim look as if it
    came from the future: its distance counts, or the batch would wait until the clock is past it.
    """
    accepted, pending = burst
    if not accepted:
        return False
    if len(accepted) >= settings.max_files:
        return True
    if max(_age(run, now) for run in accepted) >= timedelta(seconds=settings.max_wait_s):
        return True
    return not pending and min(_age(run, now) for run in accepted) >= timedelta(seconds=settings.debounce_s)


def candidate_batches(settings: BatchSettings, accepted: tuple[Run, ...]) -> tuple[tuple[Run, ...], ...]:
    """Return which files may become the next batch, the preferred ones first.

    These are the oldest `max_files`, so that a later batch is never older. If they make no whole training set, all
    that wait are tried: otherwise the batch could never grow, and no file of the route would be trained.
    """
    first = accepted[: settings.max_files]
    return (first,) if len(first) == len(accepted) else (first, accepted)


def replaced_versions(burst: Burst) -> Mapping[str, Run]:
    """Return the newest accepted version of a name for each older one without a batch, by the id of the older's run.

    An older one may still be read: it is replaced all the same. A newer one that may yet be refused replaces nothing.
    """
    newest = {(run.container, run.blob): run for run in burst.accepted}  # in order of generation
    successors: dict[str, Run] = {}
    for run in (*burst.accepted, *burst.pending):
        successor = newest.get((run.container, run.blob))
        if successor is not None and run.generation < successor.generation:
            successors[run.run_id] = successor
    return successors


def carrier_of(members: Iterable[Run]) -> Run:
    """Return the member that is trained: the newest.

    Raises:
        ValueError: there are no members.
    """
    return max(members, key=_generation)


def _generation(run: Run) -> str:
    return run.generation


def _age(run: Run, now: datetime) -> timedelta:
    return abs(now - run.landed_at)
