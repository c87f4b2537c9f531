"""Whether a version of a file may be read, or may still be growing or awaits its marker; and its first record (pure).

A file that settles has one run for its name, however often it grows. The run of its settled version takes that run's
place.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.lifecycle.input_preparation import LANDING_LEASE_S
from shared.ports.blob_files import BlobVersion
from shared.records.run import Run
from shared.records.run_identity import (
    UNROUTED,
    generation_for,
    modified_at_of,
    run_id_for,
    settling_run_id,
)
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from shared.records.times import shown_time
from shared.routes.route import GROWING_SETTLE_S, Route

MOVED = "While the file settled, routes.toml gave its name to another route, or to none. Its version has another run."
DELETED = "The file was deleted before it had settled: it was never read."


class Unsettled(NamedTuple):
    """Why a version is not read yet, and when to look again."""

    reason: str
    not_before: datetime


def too_young(route: Route, version: BlobVersion, now: datetime, *, grows: bool) -> Unsettled | None:
    """Return what a version waits for by its age; None if it is old enough.

    `grows`: whether its writer may add to it, so that a route without `settle_s` waits as well.
    """
    if route.reading is None:
        return None
    settle_s = route.reading.settle_s
    if settle_s is None:
        settle_s = GROWING_SETTLE_S if grows else 0
    settled_at = version.modified_at + timedelta(seconds=settle_s)
    if now >= settled_at:
        return None
    written = shown_time(version.modified_at)
    return Unsettled(f"The file was written at {written} and is read once it is {settle_s:,} s old.", settled_at)


def not_released(route: Route, version: BlobVersion, marker: BlobVersion | None, now: datetime) -> Unsettled | None:
    """Return what a version waits for by its marker, which the route awaits; None if the marker releases it."""
    suffix = route.reading.marker if route.reading is not None else None
    if suffix is None:
        return None
    name = f"{version.name}{suffix}"
    if marker is None:
        return Unsettled(f"The file is read once its marker is there: upload {name}.", now)
    if marker.modified_at < version.modified_at:
        return Unsettled(f"The marker {name} is older than the file: upload it again, after the file.", now)
    return None


def new_run(version: BlobVersion, route: Route | None, now: datetime) -> Run:
    """Return the first record of a version of a route, or of one that no route matches."""
    run_id = run_id_for(version.container, version.name, version.etag)
    return Run(
        run_id=run_id,
        route=route.name if route else UNROUTED,
        container=version.container,
        blob=version.name,
        etag=version.etag,
        size=version.size,
        generation=generation_for(version.modified_at, now, run_id),
        state=RunState.LANDED,
        landed_at=now,
        updated_at=now,
        not_before=now + timedelta(seconds=LANDING_LEASE_S),
        deadline_at=now + timedelta(seconds=route.deadlines.not_started) if route else None,
    )


def settling_run(version: BlobVersion, route: Route, unsettled: Unsettled, now: datetime) -> Run:
    """Return the first record of a file that must settle: it stands for the file's name."""
    return replace(
        new_run(version, route, now),
        run_id=settling_run_id(version.container, version.name),
        state=RunState.WAITING,
        step=WaitingStep.SETTLE,
        reason=unsettled.reason,
        not_before=unsettled.not_before,
        deadline_at=None,
    )


def still_settling(run: Run, version: BlobVersion, unsettled: Unsettled, now: datetime) -> Run:
    """Return the record of a file that still settles; the same object if nothing is to be written."""
    if version.etag == run.etag and unsettled.reason == run.reason:
        return run
    newer = replace(
        run,
        etag=version.etag,
        size=version.size,
        generation=generation_for(version.modified_at, now, run.run_id),
    )
    return newer.evolve(now, reason=unsettled.reason, not_before=unsettled.not_before)


def deleted_run(run: Run, route: Route, now: datetime) -> Run:
    """Return the record of the last version of a file that was deleted while it settled."""
    version = BlobVersion(run.container, run.blob, run.etag, run.size, modified_at_of(run.generation))
    deleted = replace(new_run(version, route, now), state=RunState.SUPERSEDED, reason=DELETED, not_before=now)
    return replace(deleted, landed_at=run.landed_at, deadline_at=None)


def moved_run(run: Run, now: datetime) -> Run:
    """Return the record of a file whose name has left its route while it settled; the sweep lands it anew."""
    return run.transitioned(now, RunState.SUPERSEDED, MOVED)
