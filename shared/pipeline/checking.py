"""Looks for what will make runs wait or fail, before one does: files, keys, resources, metrics that are not there.

It asks every service that the routes name, with each key by itself, so it belongs to a person who wants to know, not to
a probe that comes every few seconds. Nothing is changed anywhere; a scored row is the most that is asked for.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

from shared.errors import ConfigError, KeyRefusedError, LandfallError, NotFoundError, RejectedError
from shared.evaluation import EvaluationReport
from shared.golden_rows import MOST_BYTES, GoldenRows, read_golden_rows
from shared.holdout_data import MOST_BYTES as HOLDOUT_MOST_BYTES
from shared.holdout_data import read_holdout
from shared.metric_tasks import names_of, task_of_answer, tasks_of
from shared.pipeline.services import Services
from shared.ports import Scored
from shared.route import Endpoint, Route, Training
from shared.runs import Json

log = logging.getLogger("landfall.app")

NO_JOB = "0" * 32  # the id of a job that no service has: what it says about it tells whether it took the key
RUNS_LOOKED_AT = 20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `do` is what to do about it, with the setting or file; "" if it is in order."""

    what: str
    said: str
    do: str = ""

    def to_json(self) -> Json:
        """Return it for `health` and `doctor`."""
        return {**asdict(self), "ok": not self.do}


type Look = Callable[[], Iterator[Finding]]


def check_all(services: Services) -> list[Finding]:
    """Look at everything that the routes need, some at once; an error of one look hides no other."""
    looks = [look for route in services.routes.routes.values() for look in _looks(services, route)]
    return [finding for found in services.for_each(_looked, looks) for finding in found]


def _looked(look: tuple[str, str, Look]) -> list[Finding]:
    what, do, act = look
    found: list[Finding] = []
    try:
        found.extend(act())
    except ConfigError as error:
        found += [Finding(what, problem, do) for problem in error.problems]
    except LandfallError as error:
        found.append(Finding(what, str(error), do))
    except Exception as error:  # whatever is wrong with this one look must not keep the others from being made
        log.exception("%s could not be checked", what)
        found.append(Finding(what, f"internal error: {type(error).__name__}", "the app's log has the whole of it"))
    return found


def _looks(services: Services, route: Route) -> Iterator[tuple[str, str, Look]]:
    """Give each look: what it is about, what to do if it ends in an error, and the look."""
    key = f"routes.{route.name}"
    yield f"{key}.golden", f"correct the file, or {key}.golden in routes.toml", lambda: _golden(services, route)
    yield (
        f"{key}.initial_model",
        f"correct {key}.initial_model in routes.toml",
        lambda: _blob(services, f"{key}.initial_model", route.initial_model, "a rollback of the first promotion fails"),
    )
    if route.holdout is not None:
        yield f"{key}.holdout.data", f"correct the file, or {key}.holdout", lambda: _holdout(services, route)
    for training in _each_key(route.training):
        what = f"{key}.training, the key in {training.api_key_setting}"
        yield what, f"correct {key}.training.jobs_url", _training(services, what, training)
    for endpoint in route.endpoints:
        for one in _each_key(endpoint):
            what = f"endpoint {endpoint.name} of {key}, the key in {one.api_key_setting}"
            yield f"{what}, patch_url", "correct its patch_url", _resources(services, f"{what}, patch_url", one)
            yield (
                f"{what}, execute_url",
                "correct its execute_url and input, or the golden rows",
                _scoring(services, route, f"{what}, execute_url", one),
            )
    yield f"{key}.gates", "correct the gates", lambda: _evaluated(services, route)


def _blob(services: Services, what: str, path: str, otherwise: str) -> Iterator[Finding]:
    container, _, name = path.partition("/")
    if services.blobs.version(container, name) is None:
        yield Finding(
            what, f"there is no blob {path}: {otherwise}", f"upload it there, or correct {what} in routes.toml"
        )
    else:
        yield Finding(what, f"{path} is there")


def _golden(services: Services, route: Route) -> Iterator[Finding]:
    what = f"routes.{route.name}.golden"
    for finding in _blob(services, what, route.golden, "every run waits for it"):
        if finding.do:
            yield finding
            return
        rows = _golden_rows(services, route)
        yield replace(finding, said=f"{route.golden} is there, rows: {len(rows.rows)}")


def _golden_rows(services: Services, route: Route) -> GoldenRows:
    return read_golden_rows(route.golden, *services.blobs.read_text(route.golden, MOST_BYTES))


def _holdout(services: Services, route: Route) -> Iterator[Finding]:
    holdout = route.holdout
    if holdout is None:
        return
    what = f"routes.{route.name}.holdout.data"
    for finding in _blob(services, what, holdout.data, "every run waits for it"):
        if finding.do:
            yield finding
            return
        rows = read_holdout(holdout, *services.blobs.read_text(holdout.data, HOLDOUT_MOST_BYTES))
        yield replace(finding, said=f"{holdout.data} is there, rows: {len(rows.rows)}")


def _each_key[Service: (Training, Endpoint)](service: Service) -> Iterator[Service]:
    """Give a service with each of its keys alone: where one is refused, a call would go on with the other."""
    for key, setting in (
        (service.api_key, service.api_key_setting),
        (service.api_key_secondary, service.api_key_secondary_setting),
    ):
        if key:
            yield replace(
                service, api_key=key, api_key_setting=setting, api_key_secondary="", api_key_secondary_setting=""
            )


def _training(services: Services, what: str, training: Training) -> Look:
    def look() -> Iterator[Finding]:
        try:
            services.training.status(training, NO_JOB)
        except (NotFoundError, RejectedError):
            pass  # it has let the key in, and has no such job
        except KeyRefusedError as error:
            yield _refused(what, error, training.api_key_setting)
            return
        yield Finding(what, "the training service takes it")

    return look


def _resources(services: Services, what: str, endpoint: Endpoint) -> Look:
    def look() -> Iterator[Finding]:
        try:
            names = [one.name for one in services.scoring.resources(endpoint)]
        except KeyRefusedError as error:
            yield _refused(what, error, endpoint.api_key_setting)
            return
        except RejectedError as error:
            yield Finding(what, f"it takes the key, and does not list its resources: {error}")
            return
        if endpoint.resource in names:
            yield Finding(what, f"it takes the key and has the resource {endpoint.resource!r}")
            return
        listed = ", ".join(map(repr, names)) or "none, so it may belong to the training web service"
        yield Finding(
            what,
            f"it has no resource {endpoint.resource!r}; its updatable resources are: {listed}",
            f"correct `resource` of endpoint {endpoint.name} in routes.toml",
        )

    return look


def _scoring(services: Services, route: Route, what: str, endpoint: Endpoint) -> Look:
    def look() -> Iterator[Finding]:
        try:
            golden = _golden_rows(services, route)
        except LandfallError:  # a finding of its own; whether the key is taken is asked all the same
            golden = GoldenRows((), ((),), "")
        try:
            scored = services.scoring.score(endpoint, golden.columns, golden.rows[:1])
        except KeyRefusedError as error:
            yield _refused(what, error, endpoint.api_key_setting)
            return
        except LandfallError:
            if golden.columns:
                raise
            yield Finding(what, "it takes the key; it can be asked no more without golden rows")
            return
        yield Finding(what, "it takes the key and scores a golden row")
        yield from _gates_of_its_task(route, endpoint, scored)

    return look


def _refused(what: str, error: KeyRefusedError, setting: str) -> Finding:
    return Finding(what, f"the key is refused: {error}", f"put the right key into the app setting {setting}")


def _gates_of_its_task(route: Route, endpoint: Endpoint, scored: Scored) -> Iterator[Finding]:
    """Find gates whose metric is of another kind of model than the one that answers."""
    task = task_of_answer(scored.columns, scored.rows[0]) if scored.rows else None
    if task is None or endpoint.name != route.serving.name:
        return
    for number, gate in enumerate(route.policy.gates, start=1):
        known = tasks_of(gate.metric)
        if known and task not in known:
            yield Finding(
                f"routes.{route.name}.gates[{number}].metric",
                f"{gate.metric!r} is never in an evaluation of a {task.value} model, which endpoint {endpoint.name}"
                " serves: every run is rejected",
                f"name one of these in routes.toml: {', '.join(names_of(task))}",
            )


def _evaluated(services: Services, route: Route) -> Iterator[Finding]:
    """Find gates whose metric the newest evaluation does not have."""
    what = f"routes.{route.name}.gates"
    if route.holdout is not None:
        return  # measured by the app itself: routes.toml is checked against that when it is read
    runs = (stored.run for stored in services.runs.list_runs(route.name, RUNS_LOOKED_AT))
    run = next((one for one in runs if (one.challenger or {}).get("metrics") and one.override is None), None)
    if run is None:
        yield Finding(what, "no job of this route was evaluated yet, so nothing tells which metrics there are")
        return
    report = EvaluationReport((run.challenger or {})["metrics"], 0, 1)
    missing = [gate.metric for gate in route.policy.gates if not report.has(gate.metric)]
    if not missing:
        yield Finding(what, f"the evaluation of run {run.run_id[:8]} has every metric")
        return
    yield Finding(
        what,
        f"the evaluation of run {run.run_id[:8]} has no {', '.join(missing)}: every run is rejected",
        f"name metrics that it has in routes.toml: {', '.join(report.metrics)}",
    )
