"""Asks the app for its health, and turns the answer into checks."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from landfall.app_client import NotJsonError, call_app
from landfall.doctor.checks import Checks
from landfall.errors import CommandError

FULL_TIMEOUT_S = 200  # the app asks every service that its routes name, some at once; the platform cuts at 230 s


def check_health(
    checks: Checks, functions: str, key: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Ask the app itself for everything: settings, routes, storage, poller, and every service that the routes name."""
    what = "the app's settings and storage"
    url = f"{functions}/api/health?full=true"
    try:
        answer = call_app("GET", url, key, timeout_s=FULL_TIMEOUT_S)
    except NotJsonError as error:
        do = "a key or a sign-in is refused" if error.status in {401, 403} else "is this the app? Look at its log"
        checks.add(what, f"it answered {error.status} and no JSON: {url}", do)
        return
    except CommandError as error:
        checks.add(what, str(error), "start the app, or look at its log")
        return
    body = answer.body
    found = list(body.get("checks", []))
    told = {f"{one['what']}: {one['said']}" for one in found}
    others = [str(problem) for problem in body.get("problems", []) if problem not in told]
    if answer.status != 200 and "last_heartbeat" not in body:
        problems = "; ".join(others) or body.get("error") or str(body)
        checks.add(what, f"{body.get('state', answer.status)}: {problems}", "correct what it names")
        return
    if "state" not in body or "last_heartbeat" not in body:
        checks.add(what, f"it answered 200 and nothing that the app says of its health: {url}", "is this the app?")
        return
    silence = [problem for problem in others if problem.startswith("the poller")]
    wrong = [problem for problem in others if problem not in silence]
    checks.add(what, "; ".join(wrong) or "in order", "correct what it names" if wrong else "")
    _check_poller(checks, body["last_heartbeat"], silence, now())
    for one in found:
        checks.add(str(one["what"]), str(one["said"]), str(one["do"]))
    for warning in body.get("warnings", []):
        checks.warn("a warning", str(warning))


def _check_poller(checks: Checks, beat: str | None, silence: Sequence[str], now: datetime) -> None:
    """Tell when the poller ran last; the app knows its schedule, so it says whether that is too long ago."""
    if beat is None:
        checks.add("the poller", "it has not run yet", "wait for its schedule (LANDFALL_POLL_SCHEDULE), then ask again")
        return
    age_s = (now - datetime.fromisoformat(beat)).total_seconds()
    do = "nothing drives pending runs: is the app running, and its timer enabled?" if silence else ""
    checks.add("the poller", f"its last heartbeat is {age_s:.0f} s old", do)
