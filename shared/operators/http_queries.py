"""What the HTTP functions answer: is the app set up, and how are the runs."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from shared.errors import ConfigError, LandfallError
from shared.operators.query_parameters import query_problems
from shared.records.run import UNROUTED, Json, iso, run_to_json
from shared.services import Services

if TYPE_CHECKING:
    from shared.operators.authorization import Denied

MOST_RUNS = 1000
_OF_RUNS = ("run_id", "route", "limit")
_OF_HEALTH = ("full",)

type Answer = tuple[int, str]  # HTTP status and JSON body


def refusal(refused: "Denied") -> Answer:
    """Answer a caller who is not let in."""
    return refused.status, json.dumps({"error": refused.reason})


def health(
    services: Callable[[], Services], timers: Mapping[str, str], url: str = "", query: Mapping[str, str] | None = None
) -> Answer:
    """Answer 200 if the settings are right, the tables can be read and the poller runs, else 503 with every problem.

    That costs one read, for probes. `full=true` also asks every service that the routes name, and looks for each file:
    `checks` then holds what was found, and one that is not in order is a problem as well. `timers` are the settings of
    the timers. `last_heartbeat` is written by the poller at most every five minutes.
    """
    asked = query or {}
    wrong = query_problems(url, asked, _OF_HEALTH)
    full = asked.get("full", "false").casefold()
    if full not in {"true", "false"}:
        wrong.append(f"full must be true or false, not {asked['full']!r}")
    if wrong:
        return wrong_query(wrong)
    from shared.timers import schedule_problems  # noqa: PLC0415 - here and below: no other function pays for it

    problems = schedule_problems(timers)
    try:
        built = services()
    except ConfigError as error:
        return 503, json.dumps({"state": "misconfigured", "problems": [*error.problems, *problems]})
    try:
        heartbeat = built.runs.last_heartbeat()
    except LandfallError as error:
        return 503, json.dumps({"state": "storage unavailable", "problems": [str(error), *problems]})
    return _condition(built, heartbeat, timers, problems, full=full == "true")


def _condition(
    services: Services, heartbeat: datetime | None, timers: Mapping[str, str], problems: Sequence[str], *, full: bool
) -> Answer:
    """Answer for an app whose settings could be read; `problems` are those of its timers' settings."""
    from shared.timers import schedule_warnings, silent_since  # noqa: PLC0415

    silent_s = silent_since(heartbeat, services.clock.now(), timers) if heartbeat is not None else None
    silence: list[str] = []
    if silent_s is not None:
        silence = [f"the poller has been silent for {silent_s:.0f} s: is its timer enabled, and the app running?"]
    checks: list[Json] = []
    if full:
        from shared.operators.setup_checks import check_all  # noqa: PLC0415

        checks = [finding.to_json() for finding in check_all(services)]
    missing = [f"{check['what']}: {check['said']}" for check in checks if not check["ok"]]
    states = (("misconfigured", problems), ("poller silent", silence), ("not ready", missing))
    body: Json = {
        "state": next((state for state, found in states if found), "ok"),
        "last_heartbeat": iso(heartbeat),
        "warnings": [*services.routes.warnings, *schedule_warnings(timers)],
    }
    wrong = [*problems, *silence, *missing]
    if wrong:
        body["problems"] = wrong
    if full:
        body["checks"] = checks
    return 503 if wrong else 200, json.dumps(body)


def wrong_query(problems: Sequence[str]) -> Answer:
    """Answer a query that is refused, with all that is wrong with it."""
    return 400, json.dumps({"error": "; ".join(problems), "problems": list(problems)})


def runs(services: Callable[[], Services], url: str, query: Mapping[str, str]) -> Answer:
    """Answer the newest runs; `run_id` asks for one, `route` for one route's, `limit` for how many (at most 1000).

    What is not that is refused, as is a route that is neither in routes.toml nor has ever had a run.
    """
    problems = [*query_problems(url, query, _OF_RUNS), *_wrong_values(query)]
    if problems:
        return wrong_query(problems)
    route = query.get("route")
    try:
        store = services().runs
        if "run_id" in query:
            stored = store.find(query["run_id"])
            found = [stored] if stored else []
        else:
            found = store.list_runs(route, int(query.get("limit", "100")))
            names = services().routes.routes
            if route not in {None, UNROUTED, *names} and not found:
                return wrong_query([f"there is no route {route!r}; there are: {', '.join(names)}"])
    except ConfigError as error:
        return 500, json.dumps({"error": "the app is misconfigured", "problems": error.problems})
    except LandfallError as error:
        return 503, json.dumps({"error": str(error)})
    return 200, json.dumps({"runs": [run_to_json(stored.run) for stored in found]})


def _wrong_values(query: Mapping[str, str]) -> list[str]:
    limit = query.get("limit", "1")
    problems = [f"{name} is empty" for name in ("run_id", "route") if not query.get(name, name)]
    if not (limit.isascii() and limit.isdigit() and len(limit) < 9 and 1 <= int(limit) <= MOST_RUNS):
        problems.append(f"limit must be a whole number from 1 to {MOST_RUNS}, not {limit!r}")
    beside = [name for name in ("route", "limit") if name in query]
    if "run_id" in query and beside:
        problems.append(f"run_id asks for one run: leave out {' and '.join(beside)}")
    return problems
