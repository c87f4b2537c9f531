"""Looks for what will make runs wait or fail, before one does: files, keys, resources, metrics that are not there.

It asks every service that the routes name, with each key by itself, so it belongs to a person who wants to know, not to
a probe that comes every few seconds. Nothing is changed anywhere; a scored row is the most that is asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from shared.blob_path import BlobPath
from shared.errors import ConfigError, KeyRefusedError, LandfallError, NotFoundError, RejectedError
from shared.gates.golden_rows import MOST_BYTES, GoldenRows, read_golden_rows
from shared.gates.holdout import MOST_BYTES as HOLDOUT_MOST_BYTES
from shared.gates.holdout import read_holdout
from shared.lifecycle.endpoint_rules import frozen_by
from shared.log_actions import LogAction, get_log, log_fields
from shared.operators.check_finding import Finding
from shared.operators.gate_checks import evaluated, gates_of_its_task
from shared.routes.route import Endpoint, Route, Training
from shared.services import Services

log = get_log("app")

NO_JOB = "0" * 32  # the id of a job that no service has: what it says about it tells whether it took the key


type Look = Callable[[], Iterator[Finding]]


def check_all(services: Services) -> list[Finding]:
    """Look at everything that the routes need, some at once; an error of one look hides no other."""
    looks = [look for route in services.routes.routes.values() for look in _looks(services, route)]
    return [finding for found in services.map_concurrently(_looked, looks) for finding in found]


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
        log.exception("%s could not be checked", what, extra=log_fields(LogAction.SETUP_CHECK_CRASHED))
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
    yield f"{key}.gates", "correct the gates", lambda: evaluated(services, route)
    yield f"{key}, its endpoint's record", "look at the storage", lambda: _record(services, route)


def _blob(services: Services, what: str, path: str, otherwise: str) -> Iterator[Finding]:
    if services.blobs.version(*BlobPath.parse(path)) is None:
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


def _record(services: Services, route: Route) -> Iterator[Finding]:
    """Find what the record of the serving endpoint says that keeps every model from it."""
    what = f"endpoint {route.serving.name} of routes.{route.name}"
    record = services.endpoints.get(route.name, route.serving.name).record
    frozen = frozen_by(record, route)
    if record.unexplained:
        yield Finding(
            what, f"{frozen}: every run waits", "see which model serves, then `landfall unfreeze` or `rollback`"
        )
    elif frozen is not None:
        yield Finding(what, f"{frozen}: every run waits, as somebody wished")
    if record.champion is not None and services.blobs.version(*BlobPath.parse(record.champion.model)) is None:
        lost = f"there is no blob {record.champion.model}, the kept model in service: no run can replace it"
        yield Finding(what, lost, "restore it, from a backup or from the training folder of its run")


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
        yield from gates_of_its_task(route, endpoint, scored)

    return look


def _refused(what: str, error: KeyRefusedError, setting: str) -> Finding:
    return Finding(what, str(error), f"put the right key into the app setting {setting}")
