"""The HTTP functions that only read: the health of the app, and its runs."""

import json
from collections.abc import Callable, Mapping, Sequence

from shared.errors import ConfigError, LandfallError
from shared.operators.http_answers import Answer, bad_query_answer, error_answer
from shared.operators.query_parameters import query_problems
from shared.records.heartbeats import Heartbeats
from shared.records.json_codec import Json
from shared.records.run import Run
from shared.records.run_identity import UNROUTED
from shared.records.run_json import run_to_json
from shared.records.times import iso
from shared.services import Services

MAX_RUNS = 1000
_RUNS_PARAMETERS = ("run_id", "route", "limit")
_HEALTH_PARAMETERS = ("full",)


def health(
    services: Callable[[], Services], timers: Mapping[str, str], url: str = "", query: Mapping[str, str] | None = None
) -> Answer:
    """Answer 200 if the settings are right, the tables can be read and the timer fires; else 503 with every problem.

    That costs one read, so probes may ask often. `full=true` also calls every service and reads every file that the
    routes name; `checks` then lists the findings, and each finding that is not in order is a problem. `timers` are the
    settings of the timers. `last_heartbeat` is the timer's, which it writes at most every five minutes. Before its
    first heartbeat the state is `starting`: the first question records since when it is awaited.
    """
    parameters = query or {}
    query_errors = query_problems(url, parameters, _HEALTH_PARAMETERS)
    full = parameters.get("full", "false").casefold()
    if full not in {"true", "false"}:
        query_errors.append(f"full must be true or false, not {parameters['full']!r}")
    if query_errors:
        return bad_query_answer(query_errors)
    from shared.timers import schedule_problems  # noqa: PLC0415 - here and below: no other function pays for it

    problems = schedule_problems(timers)
    try:
        built = services()
    except ConfigError as error:
        each = list(dict.fromkeys([*error.problems, *problems]))
        return 503, json.dumps({"state": "misconfigured", "problems": each})
    try:
        heartbeats = built.runs.heartbeats()
        if heartbeats.timer is None and heartbeats.awaited_since is None:
            built.runs.await_heartbeat(built.clock.now())
    except LandfallError as error:
        return 503, json.dumps({"state": "storage unavailable", "problems": [str(error), *problems]})
    return _health_of(built, heartbeats, timers, problems, full=full == "true")


def _health_of(
    services: Services, heartbeats: Heartbeats, timers: Mapping[str, str], problems: Sequence[str], *, full: bool
) -> Answer:
    """Answer for an app with valid settings and a readable table; `problems`: those of the timers' settings."""
    from shared.timers import schedule_warnings, silence  # noqa: PLC0415

    silent = silence(heartbeats, services.clock.now(), timers)
    silences = [silent] if silent else []
    checks: list[dict[str, object]] = []
    if full:
        from shared.operators.setup_checks import check_all  # noqa: PLC0415

        checks = [finding.to_json() for finding in check_all(services)]
    not_ready = [f"{check['what']}: {check['said']}" for check in checks if not check["ok"]]
    states = (("misconfigured", problems), ("poller silent", silences), ("not ready", not_ready))
    state_without_problems = "ok" if heartbeats.timer is not None else "starting"
    body: dict[str, object] = {
        "state": next((state for state, reasons in states if reasons), state_without_problems),
        "last_heartbeat": iso(heartbeats.timer),
        "last_http_heartbeat": iso(heartbeats.http),
        "warnings": [*services.routes.warnings, *schedule_warnings(timers)],
    }
    all_problems = [*problems, *silences, *not_ready]
    if all_problems:
        body["problems"] = all_problems
    if full:
        body["checks"] = checks
    return 503 if all_problems else 200, json.dumps(body)


def runs(services: Callable[[], Services], url: str, query: Mapping[str, str]) -> Answer:
    """Answer the newest runs; `run_id` selects one, `route` those of one route, `limit` how many (at most 1000).

    Other parameters are refused, and so is a route that is not in routes.toml and never had a run.
    """
    problems = [*query_problems(url, query, _RUNS_PARAMETERS), *_value_problems(query)]
    if problems:
        return bad_query_answer(problems)
    route = query.get("route")
    try:
        built = services()
        if "run_id" in query:
            stored = built.runs.find(query["run_id"])
            shown = [] if stored is None else [_detailed(built, stored.run)]
        else:
            listed = built.runs.list_runs(route, int(query.get("limit", "100")))
            names = built.routes.routes
            if route not in {None, UNROUTED, *names} and not listed:
                return bad_query_answer([f"there is no route {route!r}; there are: {', '.join(names)}"])
            shown = _with_members(built, [stored.run for stored in listed])
    except LandfallError as error:
        return error_answer(error)
    return 200, json.dumps({"runs": shown})


def _detailed(services: Services, run: Run) -> Json:
    from shared.operators.run_documents import detailed_json, read_documents  # noqa: PLC0415

    return detailed_json(run, read_documents(services.blobs, run))


def _with_members(services: Services, runs: Sequence[Run]) -> list[Json]:
    """Return runs in JSON; those that carry a batch with its files, which are read from a blob each."""
    if all(run.batch is None for run in runs):
        return [{**run_to_json(run), "members": None} for run in runs]
    from shared.operators.run_documents import run_with_members  # noqa: PLC0415

    return services.map_concurrently(lambda run: run_with_members(services.blobs, run), runs)


def _value_problems(query: Mapping[str, str]) -> list[str]:
    limit = query.get("limit", "1")
    problems = [f"{name} is empty" for name in ("run_id", "route") if not query.get(name, name)]
    if not (limit.isascii() and limit.isdigit() and len(limit) < 9 and 1 <= int(limit) <= MAX_RUNS):
        problems.append(f"limit must be a whole number from 1 to {MAX_RUNS}, not {limit!r}")
    needless = [name for name in ("route", "limit") if name in query]
    if "run_id" in query and needless:
        problems.append(f"run_id asks for one run: leave out {' and '.join(needless)}")
    return problems
