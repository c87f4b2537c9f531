"""Batching, in the tick: the accepted files of a route become a batch, and one run carries it.

A seal is final, so everything that decides it is checked before. Conditional writes decide: of two workers that seal at
once one wins, and a worker that dies half-way leaves a seal that anybody can complete.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from shared.effects.batch_members import complete_seal
from shared.effects.run_log import log_change
from shared.errors import ConflictError, LandfallError
from shared.intake.batches import Burst, burst_of, candidate_batches, carrier_of, is_due, replaced_versions
from shared.intake.manifest import member_list_of, to_text
from shared.intake.settings import BatchSettings, TrainingSetKind
from shared.intake.training_sets import choose, problems_of_set
from shared.lifecycle.batch_states import carrying, replaced, still_unfit, was_unfit
from shared.lifecycle.job_paths import member_list_path
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.plurals import counted
from shared.ports.intake_rows import RouteRows, RunChange, StoredBatch
from shared.ports.stored_run import StoredRun
from shared.records.batch import BatchRef, Seal
from shared.records.part import Part
from shared.records.run import Run
from shared.routes.route import Route
from shared.services import Services

log = get_log("batch")

# A file that lands alone is simply its run. The sets of the other kinds take the seal's sequence.
_ALONE = frozenset({TrainingSetKind.FILE, TrainingSetKind.BATCH})


class _Choice(NamedTuple):
    """The files of the next batch, and why their training set is not fit to train on; no reasons: it is."""

    members: tuple[Run, ...]
    problems: tuple[str, ...]


def tend_route(services: Services, route: Route, rows: RouteRows) -> None:
    """Do what is due for the batch of a route; an error stops neither the route's other runs nor other routes."""
    with log_subject(route=route.name):
        try:
            tend_batch(services, route, rows)
        except ConflictError as conflict:
            log.debug(
                "route %s: another worker seals its batch: %s",
                route.name,
                conflict,
                extra=log_fields(LogAction.BATCH_CONFLICT),
            )
        except LandfallError as error:
            log.warning(
                "the batch of route %s was not sealed; the next tick tries again: %s",
                route.name,
                error,
                extra=log_fields(LogAction.BATCH_NOT_SEALED),
            )
        except Exception:  # a bug with one route must not stop the others
            log.exception("the batch of route %s was not sealed", route.name, extra=log_fields(LogAction.BATCH_CRASHED))


def tend_batch(services: Services, route: Route, rows: RouteRows) -> StoredRun | None:
    """Complete the last seal if it is unfinished, else seal the next batch if it is due; return its carrier.

    `rows`: the route's runs without an outcome and its open batch, as the tick read them.

    Raises:
        StaleWriteError: another worker does the same; the next tick looks again.
    """
    settings = route.batch
    if settings is None:
        return None
    seal = rows.batch.batch.seal
    if seal is not None and not seal.done:
        complete_seal(services, rows.batch)
        return None  # the rows are out of date
    stored = {item.run.run_id: item for item in rows.runs}
    burst = _without_replaced(services, stored, burst_of(item.run for item in rows.runs))
    now = services.clock.now()
    # Files that wait for others have had their turn: their age must not cut the next burst short.
    fresh = tuple(run for run in burst.accepted if not was_unfit(run))
    if not is_due(settings, burst._replace(accepted=fresh or burst.accepted), now):
        return None
    if not fresh and carrier_of(burst.accepted).not_before > now:
        return None
    choice = _choose(services, route, settings, burst.accepted)
    if choice.problems:
        _explain(services, choice, stored)
        return None
    return _seal(services, route, rows.batch, choice.members, stored)


def _without_replaced(services: Services, stored: Mapping[str, StoredRun], burst: Burst) -> Burst:
    """End every file of a burst that a newer accepted version of its name replaces, and return the others."""
    successors = {run_id: run.run_id for run_id, run in replaced_versions(burst).items()}
    for run in burst.accepted:
        # Only an operator's retry lets an old version be accepted after a newer one that may have left the burst.
        if run.attempt > 1 and run.run_id not in successors and (successor := _accepted_since(services, run)):
            successors[run.run_id] = successor
    now = services.clock.now()
    changes = [
        (stored[run.run_id], replaced(run, successors[run.run_id], now))
        for run in (*burst.accepted, *burst.pending)
        if run.run_id in successors
    ]
    _save(services, changes)
    for _, run in changes:
        log_change(run)
    return Burst(
        tuple(run for run in burst.accepted if run.run_id not in successors),
        tuple(run for run in burst.pending if run.run_id not in successors),
    )


def _accepted_since(services: Services, run: Run) -> str:
    """Return the run of a newer version of a run's file that was accepted; "" if there is none."""
    for version in reversed(services.runs.runs_of_blob(run.route, run.blob)):
        if version.generation <= run.generation:
            return ""
        newer = services.runs.get(run.route, version.run_id)
        if newer is not None and not newer.run.forgotten and _was_accepted(services, newer.run):
            return version.run_id
    return ""


def _was_accepted(services: Services, run: Run) -> bool:
    return bool(run.batch_run_id or run.input_blob) or services.runs.part(run) is not None


def _choose(services: Services, route: Route, settings: BatchSettings, accepted: tuple[Run, ...]) -> _Choice:
    """Return the files of the next batch; the checks of the set are those of all its files together."""
    if settings.training_set is TrainingSetKind.FILE or route.reading is None:
        return _Choice(candidate_batches(settings, accepted)[0], ())
    parts = _parts(services, route, settings, accepted)
    classes = _champion_classes(services, route)
    choice = _Choice(accepted, ())
    for members in candidate_batches(settings, accepted):
        left = {run.run_id for run in accepted} - {run.run_id for run in members}
        chosen = choose(settings, [part for part in parts if part.run_id not in left])
        choice = _Choice(members, problems_of_set(route.reading, chosen.parts, classes))
        if not choice.problems:
            break
    return choice


def _champion_classes(services: Services, route: Route) -> tuple[str, ...]:
    """Return the classes of the champion's training set, which the next set must have; empty if it may lose some."""
    if route.classes_may_change:
        return ()
    champion = services.endpoints.get(route.name, route.serving.name).record.champion
    return champion.classes if champion is not None else ()


def _parts(services: Services, route: Route, settings: BatchSettings, accepted: tuple[Run, ...]) -> list[Part]:
    """Return the parts that the next set is taken from, those of all accepted files among them."""
    if settings.training_set is TrainingSetKind.BATCH:
        return [part for part in services.map_concurrently(services.runs.part, accepted) if part is not None]
    return list(services.runs.parts(route.name))


def _explain(services: Services, choice: _Choice, stored: Mapping[str, StoredRun]) -> None:
    """Write into every file that waits why its set is not fit; the newest one's row says when that is checked again."""
    now = services.clock.now()
    newest = carrier_of(choice.members)
    changes = [(stored[run.run_id], still_unfit(run, choice.problems, now)) for run in choice.members]
    news = [(before, run) for before, run in changes if run.reason != before.run.reason or run.run_id == newest.run_id]
    _save(services, news)
    if any(run.reason != before.run.reason for before, run in news):
        log.info(
            "%s of route %s wait: %s",
            counted(len(choice.members), "file"),
            newest.route,
            " ".join(choice.problems),
            extra=log_fields(LogAction.BATCH_UNFIT, run_id=newest.run_id, route=newest.route),
        )


def _seal(
    services: Services, route: Route, batch: StoredBatch, members: tuple[Run, ...], stored: Mapping[str, StoredRun]
) -> StoredRun:
    kind = route.batch.training_set if route.batch is not None else TrainingSetKind.FILE
    now = services.clock.now()
    carrier = stored[carrier_of(members).run_id]
    if len(members) == 1 and kind in _ALONE:
        saved = services.save_run(carrier, carrying(route, carrier.run, None, now))
        services.announce(saved.run)
        return saved
    text = to_text(member_list_of(kind, members))
    path, sha256 = member_list_path(route.name, text)
    services.blobs.create_text(path, text)
    last = batch.batch.seal
    sequence = last.sequence + 1 if last is not None else 1
    seal = Seal(carrier.run.run_id, path, len(members), sha256, sequence, now, done=len(members) == 1)
    carried = carrying(route, carrier.run, BatchRef(path, len(members), sha256, sequence), now)
    sealed, saved = services.seal_batch(batch, replace(batch.batch, seal=seal), carrier, carried)
    services.announce(saved.run)
    log.info(
        "batch %d of route %s: %s, carried by run %s of %s",
        sequence,
        route.name,
        counted(len(members), "file"),
        carrier.run.run_id[:8],
        carrier.run.blob,
        extra=log_fields(LogAction.BATCH_SEALED, run_id=carrier.run.run_id, route=route.name),
    )
    complete_seal(services, sealed, stored)
    return saved


def _save(services: Services, changes: list[RunChange]) -> None:
    for together in services.runs.in_transactions(changes):
        services.save_runs(together)
