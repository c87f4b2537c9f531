"""The schedules of the timers, and whether the timer of the ticks keeps its schedule (pure)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.key_vault_references import is_unresolved, unresolved_problem
from shared.ncrontab import Ncrontab
from shared.records.heartbeats import Heartbeats
from shared.records.times import shown_time

POLL, SWEEP = "LANDFALL_POLL_SCHEDULE", "LANDFALL_SWEEP_SCHEDULE"
MIN_SILENCE_S = 15 * 60  # a heartbeat is written at most every five minutes, however often the timer fires
MISSED_POLLS = 3  # the timer is silent when it has missed as many
POLLER = "the timer poll_pending_jobs"
REPAIR = (
    "see that the app runs and its timers are enabled, then deploy it again (`azd deploy`); until they fire, call"
    " POST /api/tick and /api/sweep from outside (docs/outside-clock.md)"
)


def schedule_problems(settings: Mapping[str, str]) -> list[str]:
    """Return a sentence for each schedule that no host can read."""
    problems: list[str] = []
    for name in (POLL, SWEEP):
        if is_unresolved(settings.get(name, "")):
            problems.append(unresolved_problem(name))
            continue
        try:
            if settings.get(name):
                Ncrontab.parse(settings[name])
        except ValueError as error:
            problems.append(f"the setting {name} is no schedule, so its timer never fires: {error}")
    return problems


def schedule_warnings(settings: Mapping[str, str]) -> list[str]:
    """Return a sentence for each schedule that is missing, or probably not meant."""
    warnings: list[str] = []
    for name in (POLL, SWEEP):
        text = settings.get(name, "")
        if not text:
            warnings.append(
                f"the setting {name} is not set, so its timer never fires: set it, for example to 0 * * * * *"
            )
        elif len(text.split()) == 5:
            warnings.append(
                f"the setting {name} is {text!r}: five fields have no seconds, so it fires at most once a minute."
                f" If that is right, write '0 {text}'; if the first field means seconds, add the weekday at the end"
            )
    return warnings


def silence(heartbeats: Heartbeats, now: datetime, settings: Mapping[str, str]) -> str:
    """Return the problem of a timer that does not fire, with what to do; "" if it fires, or may still begin to.

    Only the timer's own heartbeat counts: ticks over HTTP never hide that it is dead. A timer without any heartbeat is
    silent when the app has waited for it as long as for the next heartbeat of one that fired.
    """
    since = heartbeats.timer or heartbeats.awaited_since
    silent_s = silent_since(since, now, settings) if since is not None else None
    if silent_s is None:
        return ""
    what = "has been silent" if heartbeats.timer is not None else "has not fired yet, and was awaited"
    ticks = f"; the last tick over HTTP was at {shown_time(heartbeats.http)}" if heartbeats.http is not None else ""
    return f"{POLLER} {what} for {silent_s:.0f} s{ticks}: {REPAIR}"


def silent_since(last_heartbeat: datetime, now: datetime, settings: Mapping[str, str]) -> float | None:
    """Return how many seconds ago the timer wrote its last heartbeat, if it has missed three polls since; else None.

    It is never silent before a quarter of an hour, nor if its schedule cannot be read.
    """
    silence = now - last_heartbeat
    if silence <= timedelta(seconds=MIN_SILENCE_S):
        return None
    try:
        due = Ncrontab.parse(settings.get(POLL) or "0 * * * * *").nth_after(last_heartbeat, MISSED_POLLS)
    except ValueError:
        due = None
    return silence.total_seconds() if due is not None and now > due else None
