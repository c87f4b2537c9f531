"""The tick: polls the pending jobs and takes the next step of every run whose time has come."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.effects.run_driver import drive
from shared.errors import LandfallError, RetryableError
from shared.lifecycle.clocks import is_too_far
from shared.lifecycle.in_hand import in_hand
from shared.lifecycle.observations import TimerFired
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports import StoredRun
from shared.records.messages import EvaluationMessage
from shared.records.run import Run, RunState
from shared.routes.route import Route
from shared.services import Services

log = get_log("tick")

FRESH_S = 5  # what a tick read longer ago is read again before it is acted on: others go on meanwhile
TICK_BUDGET_S = 240  # no step begins later in a tick: the host ends the whole worker at its function timeout
HEARTBEAT_S = 300  # an idle tick writes nothing else
STUCK_OVERDUE_S = 900  # a run that is past its deadline for so long is stuck: the tick ends it with one more try
STUCK_TRIES = 10  # so is one whose step failed so often in a row, which takes some 25 minutes
STUCK_NAMED = 5  # runs that the line about them names
# What takes long and is asked at ever longer intervals.
_ASKED_RARELY = frozenset({RunState.STARTED, RunState.HELD, RunState.WAITING})
POLL_OFTEN_S = 120  # a young job is polled at every tick
POLL_SHARE = 0.1  # later after another tenth of its age,
POLL_LEAST_OFTEN_S = 300  # but at least this often


class Ticker:
    """Ticks, and remembers when: that only spaces out heartbeats and the polls of old jobs; a new worker does all."""

    def __init__(self) -> None:
        self._previous: datetime | None = None
        self._last_heartbeat: datetime | None = None

    def tick(self, services: Services) -> list[EvaluationMessage]:
        """Take one tick; returns the messages for runs that are trained now."""
        now = services.clock.now()
        messages = tick(services, self._previous)
        self._previous = now
        age = None if self._last_heartbeat is None else now - self._last_heartbeat
        if age is None or not timedelta() <= age < timedelta(seconds=HEARTBEAT_S):  # negative: the clock was set back
            services.runs.write_heartbeat(now)
            self._last_heartbeat = now
        return messages


def tick(services: Services, previous: datetime | None = None) -> list[EvaluationMessage]:
    """Poll and step the active runs of every route; returns the messages for runs that are trained now.

    `previous` is when the last tick was (None: poll every job). One run that goes wrong never stops the others.
    """
    now, began_s = services.clock.now(), services.clock.elapsed_s()
    active = list(_active(services))
    _tell_stuck(active, now, previous)
    due = [(route, stored) for route, stored in active if _is_due(route, stored.run, now, previous)]
    due = _rotated(due, now)
    after = services.map_concurrently(lambda one: _advance(services, *one, began_s=began_s, previous=previous), due)
    return [
        EvaluationMessage(stored.run.route, stored.run.run_id)
        for (_, before), stored in zip(due, after, strict=True)
        if stored.run.state is RunState.TRAINED and before.run.state is not RunState.TRAINED
    ]


def _active(services: Services) -> Iterable[tuple[Route, StoredRun]]:
    """Give the active runs of every route; one query a route."""
    found: list[tuple[Route, StoredRun]] = []
    for route in services.routes.routes.values():
        try:
            found += [(route, stored) for stored in services.runs.active(route.name)]
        except RetryableError as error:
            log.warning(
                "the active runs of route %s could not be read: %s",
                route.name,
                error,
                extra=log_fields(LogAction.RUNS_NOT_READ, route=route.name),
            )
    return found


def stuck(run: Run, now: datetime) -> bool:
    """Tell whether somebody should look at a run that has no outcome: it got no further for too long."""
    overdue_since = now - timedelta(seconds=STUCK_OVERDUE_S)
    return run.overdue(overdue_since) or run.consecutive_failures >= STUCK_TRIES


def _tell_stuck(active: Iterable[tuple[Route, StoredRun]], now: datetime, previous: datetime | None) -> None:
    """Log the stuck runs, one line for all at most every five minutes; an alert in Azure looks for it."""
    if previous is not None and now.timestamp() // HEARTBEAT_S == previous.timestamp() // HEARTBEAT_S:
        return
    runs = sorted((one.run for _, one in active if stuck(one.run, now)), key=lambda run: run.landed_at)
    if runs:
        some = ", ".join(f"{run.run_id[:8]} of {run.blob} ({run.state})" for run in runs[:STUCK_NAMED])
        log.error("runs stuck: %d; the oldest: %s", len(runs), some, extra=log_fields(LogAction.RUNS_STUCK))


def _is_due(route: Route, run: Run, now: datetime, previous: datetime | None) -> bool:
    if run.not_before > now:
        return is_too_far(route, run.not_before, now)
    if in_hand(run, now):
        return False
    return run.state not in _ASKED_RARELY or poll_due(run.not_before, now, previous)


def poll_due(since: datetime, now: datetime, previous: datetime | None) -> bool:
    """Tell whether a job that is started `since` is polled at this tick: ever less often, computed from times alone.

    The polls after the first minutes lie at fixed moments of the job's life; it is due if one came since the
    previous tick.
    """
    age_s = (now - since).total_seconds()
    if previous is None or previous > now or age_s <= POLL_OFTEN_S:  # the second: the clock was set back
        return True
    moment_s = float(POLL_OFTEN_S)
    previous_age_s = (previous - since).total_seconds()
    while moment_s <= previous_age_s:
        moment_s += min(POLL_LEAST_OFTEN_S, moment_s * POLL_SHARE)
    return moment_s <= age_s


def _rotated[Item](due: list[Item], now: datetime) -> list[Item]:
    """Begin elsewhere at every tick: where a slow service lets a tick reach only some runs, all get their turn."""
    if not due:
        return due
    start = int.from_bytes(hashlib.sha256(now.isoformat().encode()).digest()[:8]) % len(due)
    return due[start:] + due[:start]


def _advance(
    services: Services, route: Route, stored: StoredRun, *, began_s: float, previous: datetime | None
) -> StoredRun:
    passed_s = services.clock.elapsed_s() - began_s
    if passed_s > TICK_BUDGET_S:
        return stored  # left for the next tick
    try:
        if passed_s > FRESH_S:
            fresh = services.runs.get(route.name, stored.run.run_id)
            if fresh is None or fresh.run.terminal or not _is_due(route, fresh.run, services.clock.now(), previous):
                return stored  # somebody else took it further
            stored = fresh
        return drive(services, route, stored, TimerFired())
    except LandfallError as error:
        log.warning(
            "run %s was not advanced: %s",
            stored.run.run_id[:8],
            error,
            extra=log_fields(LogAction.RUN_NOT_ADVANCED, run_id=stored.run.run_id, route=route.name),
        )
        return stored
    except Exception:  # whatever is wrong with this one run must not keep the tick from the others
        log.exception(
            "run %s was not advanced",
            stored.run.run_id[:8],
            extra=log_fields(LogAction.RUN_STEP_CRASHED, run_id=stored.run.run_id, route=route.name),
        )
        return stored
