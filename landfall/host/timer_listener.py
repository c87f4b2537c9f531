"""Timer triggers: schedules in UTC, with a status that survives a restart.

Schedules follow the wall clock, which jumps when it is set; waits follow the monotonic clock. So a wait consists of
short ones, and the wall clock is read after each: a jump costs at most one interval.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError, ResourceNotFoundError

from landfall.host.executor import Executor
from landfall.host.schedule import Schedule
from landfall.host.settings import SettingsError, resolve
from landfall.host.singleton import Term
from landfall.host.storage import Storage
from landfall.host.worker import Function

log = logging.getLogger("host.timer")

POLL_S = 1.0  # between two reads of the wall clock
STEP_BACK = timedelta(seconds=1)  # smaller corrections of the clock are ignored
_NEVER = "0001-01-01T00:00:00+00:00"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TimerListener:
    """Fires one timer-triggered function; its executions never overlap. `now` is the wall clock.

    Raises:
        SettingsError: the schedule is not an NCRONTAB expression, or needs a setting that is not set.
    """

    def __init__(
        self,
        storage: Storage,
        executor: Executor,
        function: Function,
        host_id: str,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._executor = executor
        self._now = now
        self._function = function
        self._binding = function.trigger
        try:
            self._schedule = Schedule(resolve(self._binding["schedule"]))
        except ValueError as error:
            raise SettingsError(f"{function.name}: {error}") from error
        # The Functions host keeps no status of a schedule that fires more often than once a minute.
        self._monitored = self._binding.get("useMonitor", True) and not self._schedule.fires_within_a_minute
        self._on_startup = bool(self._binding.get("runOnStartup"))  # once after the start of a host
        self._status = storage.hosts().get_blob_client(f"timers/{host_id}/Host.Functions.{function.name}/status")

    def listen(self, term: Term) -> None:
        """Fire at every occurrence within a term; several missed occurrences become one immediate execution."""
        armed = self._now()
        last, due, past_due = self._begin()
        at_once = past_due or self._on_startup
        while not term.over:
            if not at_once:
                occurrence = self._wait(term, armed, due)
                if occurrence is None:
                    return
                due = occurrence
            self._on_startup = False
            started = self._now()
            self._fire(last, due, past_due=past_due)
            # The next occurrence counts from the start of the execution; from now if the clock was set back meanwhile.
            now = self._now()
            armed = now if now < started - STEP_BACK else started
            last, due, at_once, past_due = armed.isoformat(), self._schedule.next(armed), False, False
            if not term.held:
                return  # the status is another host's now
            self._save(last, due)

    def _wait(self, term: Term, armed: datetime, due: datetime) -> datetime | None:
        """Wait until the wall clock reaches an occurrence; returns it, or None if the term is over.

        If the clock was set back meanwhile, that is the next occurrence by the new time: otherwise nothing would fire
        until the clock has caught up.
        """
        last = armed
        while True:
            now = self._now()
            if now < last - STEP_BACK:
                log.warning("timer %s: the clock was set back by %s", self._function.name, last - now)
                due = min(due, self._schedule.next(now))
            if now >= due:
                return due
            if term.wait(min((due - now).total_seconds(), POLL_S)):
                return None
            last = now

    def _begin(self) -> tuple[str, datetime, bool]:
        """Return the last and the next occurrence, and whether the stored one was missed; a new schedule has none."""
        now = self._now()
        last, due, past_due = _NEVER, self._schedule.next(now), False
        if self._monitored:
            try:
                stored = json.loads(self._status.download_blob().readall())
                if self._schedule.next(datetime.fromisoformat(stored["LastUpdated"])).isoformat() == stored["Next"]:
                    # An occurrence after the next one was written while the clock was ahead.
                    last, due = stored["Last"], min(due, datetime.fromisoformat(stored["Next"]))
                    past_due = now > due
            except (ResourceNotFoundError, ValueError, KeyError):
                pass  # no status yet, or another program wrote it
            except AzureError as error:
                log.warning("status of timer %s: %s", self._function.name, type(error).__name__)
        self._save(last, due)
        return last, due, past_due

    def _fire(self, last: str, due: datetime, *, past_due: bool) -> None:
        status = {"Last": last, "Next": due.isoformat(), "LastUpdated": last} if self._monitored else None
        body = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        reason = f"Timer fired at {self._now().isoformat(timespec='milliseconds')}"
        self._executor.execute(self._function, reason, {self._binding["name"]: ("json", json.dumps(body))}, {})

    def _save(self, last: str, due: datetime) -> None:
        if not self._monitored:
            return
        updated = last if last != _NEVER else self._now().isoformat()
        try:
            text = json.dumps({"Last": last, "Next": due.isoformat(), "LastUpdated": updated})
            self._status.upload_blob(text, overwrite=True)
        except AzureError as error:
            log.warning("status of timer %s: %s", self._function.name, type(error).__name__)
