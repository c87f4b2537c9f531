"""The tick: polls the pending jobs and takes the next step of every run that is due."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.effects.run_driver import drive
from shared.errors import LandfallError, RetryableError, UnreadableRowError
from shared.lifecycle.clocks import is_too_far
from shared.lifecycle.in_hand import in_hand
from shared.lifecycle.intake_states import is_announced, is_unheard, under_lease
from shared.lifecycle.observations import IntakeAnnounced, TimerFired
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.batching import tend_route
from shared.pipeline.settling import look_again
from shared.ports.stored_run import StoredRun
from shared.records.heartbeats import TickSource
from shared.records.messages import EvaluationMessage
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from shared.routes.route import Route
from shared.services import Services

log = get_log("tick")

MAX_READ_AGE_S = 5  # a run that the tick read longer ago is read again before its step: other workers go on meanwhile
TICK_BUDGET_S = 240  # after this, the tick begins no step: at its function timeout the host ends the whole worker
HEARTBEAT_S = 300  # an idle tick writes its heartbeat this often, and nothing else
STUCK_OVERDUE_S = 900  # a run is stuck when it is past its deadline for so long; the tick before tries to end it
STUCK_FAILURES = 10  # or when its step failed so often in a row, which takes some 25 minutes
MAX_STUCK_NAMED = 5  # runs that the log line names
# These states last long, so their runs are polled at growing intervals.
_POLLED_RARELY = frozenset({RunState.STARTED, RunState.HELD, RunState.WAITING})
POLL_ALWAYS_S = 120  # a job younger than this is polled at every tick,
POLL_INTERVAL_SHARE = 0.1  # an older one after another tenth of its age,
MAX_POLL_INTERVAL_S = 300  # but at least this often


class TickResult(NamedTuple):
    """What a tick did.

    Attributes:
        messages: for the runs that are trained now.
        active: the number of runs without an outcome.
        due: the number of those whose next step was due.
        left: ids of the due runs that this tick had no time for.
        unread: names of the routes whose runs could not be read.
    """

    messages: list[EvaluationMessage]
    active: int
    due: int
    left: list[str]
    unread: list[str]


class Ticker:
    """Ticks for one source, and remembers the last tick to space out heartbeats and polls, and what that tick missed.

    A new worker starts without that memory.
    """

    def __init__(self, source: TickSource = TickSource.TIMER) -> None:
        self._source = source
        self._previous: datetime | None = None
        self._missed: frozenset[str] = frozenset()
        self._last_heartbeat: datetime | None = None

    def tick(self, services: Services, budget_s: float = TICK_BUDGET_S) -> TickResult:
        """Take one tick, which begins no step after `budget_s` seconds."""
        now = services.clock.now()
        result = tick(services, self._previous, budget_s, self._missed)
        self._previous, self._missed = now, frozenset([*result.left, *result.unread])
        age = None if self._last_heartbeat is None else now - self._last_heartbeat
        if age is None or not timedelta() <= age < timedelta(seconds=HEARTBEAT_S):  # negative: the clock was set back
            services.runs.write_heartbeat(self._source, now)
            self._last_heartbeat = now
        return result


def tick(
    services: Services,
    previous: datetime | None = None,
    budget_s: float = TICK_BUDGET_S,
    missed: Collection[str] = frozenset(),
) -> TickResult:
    """Poll the jobs and take the due steps of every route's active runs.

    `previous`: time of the last tick; None: poll every job. `missed`: run ids and routes that the last tick did not
    come to: their jobs are polled now, however short the time since. An error with one run never stops the others.
    After `budget_s` seconds no step is begun.
    """
    now, began_s = services.clock.now(), services.clock.elapsed_s()
    active, unread = _active(services)
    _log_stuck(active, now, previous)

    def polled_before(route: Route, run: Run) -> datetime | None:
        return None if route.name in missed or run.run_id in missed else previous

    unheard = _unheard(active, now)
    due = [
        (route, stored) for route, stored in active if _is_due(route, stored.run, now, polled_before(route, stored.run))
    ]
    due = _rotated(due, now)

    def advance(item: tuple[Route, StoredRun]) -> StoredRun | None:
        passed_s = services.clock.elapsed_s() - began_s
        if passed_s > budget_s:
            return None
        route, stored = item
        return _advance(services, route, stored, read_age_s=passed_s, previous=polled_before(route, stored.run))

    after = services.map_concurrently(advance, due)
    messages = [
        EvaluationMessage(stored.run.route, stored.run.run_id)
        for (_, before), stored in zip(due, after, strict=True)
        if stored is not None and stored.run.state is RunState.TRAINED and before.run.state is not RunState.TRAINED
    ]
    if unheard is not None and services.clock.elapsed_s() - began_s <= budget_s:
        _take_unheard(services, *unheard)
    left = [stored.run.run_id for (_, stored), result in zip(due, after, strict=True) if result is None]
    return TickResult(messages, len(active), len(due), left, unread)


def _unheard(active: Iterable[tuple[Route, StoredRun]], now: datetime) -> tuple[Route, StoredRun] | None:
    """Return the oldest run whose announcements nobody heard; None while a worker reads any file: its turn comes."""
    runs = list(active)
    if any(under_lease(stored.run, now) for _, stored in runs):
        return None
    unheard = [(route, stored) for route, stored in runs if is_unheard(stored.run, now)]
    return min(unheard, key=lambda item: item[1].run.landed_at, default=None)


def _take_unheard(services: Services, route: Route, stored: StoredRun) -> None:
    """Read or assemble one run in the tick, since its queue delivers nothing: messages are only hints."""
    run = stored.run
    log.warning(
        "run %s was announced for minutes and nobody began: this tick reads its file. Check the queue `intake`.",
        run.run_id[:8],
        extra=log_fields(LogAction.INTAKE_UNHEARD, run_id=run.run_id, route=route.name),
    )
    fresh = services.runs.get(route.name, run.run_id)
    if fresh is not None and is_announced(fresh.run):
        drive(services, route, fresh, IntakeAnnounced())


def _active(services: Services) -> tuple[list[tuple[Route, StoredRun]], list[str]]:
    """Return the active runs of every route, with one query a route, and the routes that could not be read."""
    active: list[tuple[Route, StoredRun]] = []
    unread: list[str] = []
    for route in services.routes.routes.values():
        try:
            active += [(route, stored) for stored in _runs_of(services, route)]
        except (RetryableError, UnreadableRowError) as error:
            unread.append(route.name)
            log.warning(
                "the active runs of route %s could not be read: %s",
                route.name,
                error,
                extra=log_fields(LogAction.RUNS_NOT_READ, route=route.name),
            )
    return active, unread


def _runs_of(services: Services, route: Route) -> list[StoredRun]:
    """Return the active runs of a route, as they were before its next batch was sealed, if it gathers its files."""
    if route.batch is None:
        return services.runs.active(route.name)
    rows = services.runs.in_progress(route.name)
    tend_route(services, route, rows)
    return rows.runs


def stuck(run: Run, now: datetime) -> bool:
    """Return whether a run without outcome needs a person: it has made no progress for too long."""
    overdue_since = now - timedelta(seconds=STUCK_OVERDUE_S)
    return run.overdue(overdue_since) or run.consecutive_failures >= STUCK_FAILURES


def _log_stuck(active: Iterable[tuple[Route, StoredRun]], now: datetime, previous: datetime | None) -> None:
    """Log the stuck runs, in one line for all, at most every five minutes."""
    if previous is not None and now.timestamp() // HEARTBEAT_S == previous.timestamp() // HEARTBEAT_S:
        return
    runs = sorted((stored.run for _, stored in active if stuck(stored.run, now)), key=lambda run: run.landed_at)
    if runs:
        oldest = ", ".join(f"{run.run_id[:8]} of {run.blob} ({run.state})" for run in runs[:MAX_STUCK_NAMED])
        log.error("runs stuck: %d; the oldest: %s", len(runs), oldest, extra=log_fields(LogAction.RUNS_STUCK))


def _is_due(route: Route, run: Run, now: datetime, previous: datetime | None) -> bool:
    if run.not_before > now:
        return is_too_far(route, run.not_before, now)
    if in_hand(run, now):
        return False
    return run.state not in _POLLED_RARELY or poll_due(run.not_before, now, previous)


def poll_due(since: datetime, now: datetime, previous: datetime | None) -> bool:
    """Return whether a job that was started at `since` is polled at this tick; the intervals grow with its age.

    After the first minutes the polls lie at fixed ages of the job: it is due if such an age has passed since the
    previous tick. So nothing needs to be stored.
    """
    age_s = (now - since).total_seconds()
    if previous is None or previous > now or age_s <= POLL_ALWAYS_S:  # the second: the clock was set back
        return True
    poll_age_s = float(POLL_ALWAYS_S)
    previous_age_s = (previous - since).total_seconds()
    while poll_age_s <= previous_age_s:
        poll_age_s += min(MAX_POLL_INTERVAL_S, poll_age_s * POLL_INTERVAL_SHARE)
    return poll_age_s <= age_s


def _rotated[Item](due: list[Item], now: datetime) -> list[Item]:
    """Start at another run in every tick: if a slow service lets a tick reach only some runs, each gets its turn."""
    if not due:
        return due
    start = int.from_bytes(hashlib.sha256(now.isoformat().encode()).digest()[:8]) % len(due)
    return due[start:] + due[:start]


def _advance(
    services: Services, route: Route, stored: StoredRun, *, read_age_s: float, previous: datetime | None
) -> StoredRun:
    """Take the next step of a run that was read `read_age_s` seconds ago."""
    try:
        if read_age_s > MAX_READ_AGE_S:
            fresh = services.runs.get(route.name, stored.run.run_id)
            if fresh is None or fresh.run.terminal or not _is_due(route, fresh.run, services.clock.now(), previous):
                return stored  # another worker went on with it
            stored = fresh
        if stored.run.step == WaitingStep.SETTLE:
            return look_again(services, route, stored)
        return drive(services, route, stored, TimerFired())
    except LandfallError as error:
        log.warning(
            "run %s was not advanced: %s",
            stored.run.run_id[:8],
            error,
            extra=log_fields(LogAction.RUN_NOT_ADVANCED, run_id=stored.run.run_id, route=route.name),
        )
        return stored
    except Exception:  # a bug with one run must not stop the others
        log.exception(
            "run %s was not advanced",
            stored.run.run_id[:8],
            extra=log_fields(LogAction.RUN_STEP_CRASHED, run_id=stored.run.run_id, route=route.name),
        )
        return stored
