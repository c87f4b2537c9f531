"""Timer triggers: schedules in UTC, with the status that survives a restart."""

import json
import logging
from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError

from landfall.host.execution import Executor
from landfall.host.schedule import Schedule
from landfall.host.settings import SettingsError, resolve
from landfall.host.singleton import Term
from landfall.host.storage import Storage
from landfall.host.worker import Function

log = logging.getLogger("host.timer")

_NEVER = "0001-01-01T00:00:00+00:00"


class TimerListener:
    """Fires one timer-triggered function; it never overlaps itself.

    Raises:
        SettingsError: the schedule is no NCRONTAB expression, or needs a setting that is not set.
    """

    def __init__(self, storage: Storage, executor: Executor, function: Function, host_id: str) -> None:
        self._executor = executor
        self._function = function
        self._binding = next(one for one in function.bindings if one["type"].lower() == "timertrigger")
        try:
            self._schedule = Schedule(resolve(self._binding["schedule"]))
        except ValueError as error:
            raise SettingsError(f"{function.name}: {error}") from error
        # The Functions host monitors no schedule that fires more often than once a minute.
        self._monitored = self._binding.get("useMonitor", True) and not self._schedule.more_often_than_a_minute
        self._on_startup = bool(self._binding.get("runOnStartup"))  # once in the life of a host
        self._status = storage.hosts().get_blob_client(f"timers/{host_id}/Host.Functions.{function.name}/status")

    def listen(self, term: Term) -> None:
        """Fire at every occurrence of a term; several missed ones become one immediate execution."""
        last, due, past_due = self._begin()
        at_once = past_due or self._on_startup
        while not term.over:
            if not at_once and term.wait((due - datetime.now(UTC)).total_seconds()):
                return
            self._on_startup = False
            started = datetime.now(UTC)
            self._fire(last, due, past_due=past_due)
            # The next occurrence counts from the start, and is armed after the end.
            base = started if at_once else max(started, due)
            last, due, at_once, past_due = base.isoformat(), self._schedule.next(base), False, False
            if not term.held:
                return  # the status is another host's now
            self._save(last, due)

    def _begin(self) -> tuple[str, datetime, bool]:
        """Return last and next occurrence, and whether the stored one was missed; another schedule begins anew."""
        now = datetime.now(UTC)
        last, due, past_due = _NEVER, self._schedule.next(now), False
        if self._monitored:
            try:
                stored = json.loads(self._status.download_blob().readall())
                if self._schedule.next(datetime.fromisoformat(stored["LastUpdated"])).isoformat() == stored["Next"]:
                    last, due = stored["Last"], datetime.fromisoformat(stored["Next"])
                    past_due = now > due
            except (ResourceNotFoundError, ValueError, KeyError):
                pass  # no status yet, or one that another program wrote
            except AzureError as error:
                log.warning("status of timer %s: %s", self._function.name, type(error).__name__)
        self._save(last, due)
        return last, due, past_due

    def _fire(self, last: str, due: datetime, *, past_due: bool) -> None:
        status = {"Last": last, "Next": due.isoformat(), "LastUpdated": last} if self._monitored else None
        body = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        reason = f"Timer fired at {datetime.now(UTC).isoformat(timespec='milliseconds')}"
        self._executor.execute(self._function, reason, {self._binding["name"]: ("json", json.dumps(body))}, {})

    def _save(self, last: str, due: datetime) -> None:
        if not self._monitored:
            return
        updated = last if last != _NEVER else datetime.now(UTC).isoformat()
        try:
            text = json.dumps({"Last": last, "Next": due.isoformat(), "LastUpdated": updated})
            self._status.upload_blob(text, overwrite=True)
        except AzureError as error:
            log.warning("status of timer %s: %s", self._function.name, type(error).__name__)
