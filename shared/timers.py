"""The timers' settings, and whether the poller does what its schedule says (pure)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.ncrontab import Ncrontab

POLL, SWEEP = "LANDFALL_POLL_SCHEDULE", "LANDFALL_SWEEP_SCHEDULE"
SILENT_S = 15 * 60  # a heartbeat is written at most every five minutes, however often the timer fires
SILENT_POLLS = 3


def schedule_problems(settings: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the timers' settings: a sentence for each that no host can read."""
    problems = []
    for name in (POLL, SWEEP):
        try:
            if settings.get(name):
                Ncrontab.parse(settings[name])
        except ValueError as error:
            problems.append(f"the setting {name} is no schedule, so its timer never fires: {error}")
    return problems


def schedule_warnings(settings: Mapping[str, str]) -> list[str]:
    """Return what is probably not meant by the timers' settings."""
    warnings = []
    for name in (POLL, SWEEP):
        text = settings.get(name, "")
        if not text:
            warnings.append(f"the setting {name} is not set, so its timer never fires: give it a schedule, 0 * * * * *")
        elif len(text.split()) == 5:
            warnings.append(
                f"the setting {name} is {text!r}: five fields have no seconds, so it fires at most once a minute; if"
                f" the first field means seconds, add the missing one at the end, else write '0 {text}'"
            )
    return warnings


def silent_since(beat: datetime, now: datetime, settings: Mapping[str, str]) -> float | None:
    """Return for how many seconds a poller has been silent that should have run by now; None if it is not.

    It is after three of its polls, and after a quarter of an hour at the earliest. A schedule that cannot be read is
    no reason to say so.
    """
    silent = now - beat
    if silent <= timedelta(seconds=SILENT_S):
        return None
    try:
        due = Ncrontab.parse(settings.get(POLL) or "0 * * * * *").nth_after(beat, SILENT_POLLS)
    except ValueError:
        due = None
    return silent.total_seconds() if due is not None and now > due else None
