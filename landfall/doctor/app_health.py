"""Checks the app by its own full health: settings, routes, storage, poller, and every service of the routes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from landfall.app_client import NotJsonError, call_app
from landfall.doctor.checks import Checks
from landfall.errors import CommandError
from shared.timers import POLLER, REPAIR

FULL_HEALTH_TIMEOUT_S = 200  # the app asks every service of its routes; the platform ends a request after 230 s


CORRECT = "correct the problems it names"
NOT_THE_APP = "check that this is the app's URL, and read the app's log"


def check_health(
    checks: Checks, functions: str, key: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Ask the app for its full health, and add a check for each part."""
    what = "the app's settings and storage"
    url = f"{functions}/api/health?full=true"
    try:
        answer = call_app("GET", url, key, timeout_s=FULL_HEALTH_TIMEOUT_S)
    except NotJsonError as error:
        do = "check the function key and the sign-in" if error.status in {401, 403} else NOT_THE_APP
        checks.add(what, f"it answered {error.status} and no JSON: {url}", do)
        return
    except CommandError as error:
        checks.add(what, str(error), "start the app, or read its log")
        return
    body = answer.body
    app_checks = list(body.get("checks", []))
    listed = {f"{check['what']}: {check['said']}" for check in app_checks}
    problems = [str(problem) for problem in body.get("problems", []) if problem not in listed]
    if answer.status != 200 and "last_heartbeat" not in body:
        problem = "; ".join(problems) or body.get("error") or str(body)
        checks.add(what, f"{body.get('state', answer.status)}: {problem}", CORRECT)
        return
    if "state" not in body or "last_heartbeat" not in body:
        checks.add(what, f"it answered 200, but not with the app's health: {url}", NOT_THE_APP)
        return
    silences = [problem for problem in problems if problem.startswith(POLLER)]
    wrong = [problem for problem in problems if problem not in silences]
    checks.add(what, "; ".join(wrong) or "in order", CORRECT if wrong else "")
    _check_poller(checks, body["last_heartbeat"], silences, now())
    for check in app_checks:
        checks.add(str(check["what"]), str(check["said"]), str(check["do"]))
    for warning in body.get("warnings", []):
        checks.warn("a warning", str(warning))


def _check_poller(checks: Checks, heartbeat: str | None, silences: Sequence[str], now: datetime) -> None:
    """Add the timer's own heartbeat; the app knows the schedule, and says whether the timer is dead."""
    for silence in silences:
        result, _, remedy = silence.partition(": ")
        checks.add("the poller", result, remedy or REPAIR)
    if silences:
        return
    if heartbeat is None:
        checks.add("the poller", "it has not run yet", "wait for its schedule (LANDFALL_POLL_SCHEDULE), then try again")
        return
    age_s = (now - datetime.fromisoformat(heartbeat)).total_seconds()
    checks.add("the poller", f"its last heartbeat is {age_s:.0f} s old")
