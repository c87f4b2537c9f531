"""Checks of the setup, before a run waits or fails: files, keys, resources and metrics that routes.toml names.

The checks call every service that the routes name, with each key alone. So they are for a person, not for a probe that
comes every few seconds. They change nothing; the largest request scores one row.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from shared.effects.kept_models import is_kept
from shared.errors import KeyRefusedError, LandfallError, NotFoundError, RejectedError
from shared.gates.golden_rows import GoldenRows
from shared.lifecycle.endpoint_rules import frozen_by
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.operators.check_finding import Finding, SetupCheck
from shared.operators.file_checks import file_checks, golden_rows
from shared.operators.gate_checks import check_gates_of_task, check_newest_evaluation
from shared.operators.intake_checks import intake_checks
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.route import Route
from shared.services import Services

log = get_log("app")

NO_JOB = "0" * 32  # the id of a job that no service has: its answer still tells whether the service accepts the key


def check_all(services: Services) -> list[Finding]:
    """Check everything that the routes need, several checks at once; an error of one check hides no other finding."""
    checks = [(route.name, check) for route in services.routes.routes.values() for check in _checks(services, route)]
    return [finding for findings in services.map_concurrently(_run, checks) for finding in findings]


def _run(check_of_route: tuple[str, SetupCheck]) -> list[Finding]:
    route, check = check_of_route
    with log_subject(route=route):
        findings: list[Finding] = []
        try:
            findings.extend(check.findings())
        except Exception as error:  # a bug in one check must not prevent the others
            log.exception("%s could not be checked", check.subject, extra=log_fields(LogAction.SETUP_CHECK_CRASHED))
            findings.append(Finding(check.subject, f"internal error: {type(error).__name__}", "see the app's log"))
        return findings


def _checks(services: Services, route: Route) -> Iterator[SetupCheck]:
    key = f"routes.{route.name}"
    yield from file_checks(services.blobs, route)
    yield from intake_checks(services.blobs, services.runs, route)
    trainings = [route.training] if isinstance(route.training, ClassicTraining) else []
    for training in (keyed for service in trainings for keyed in _each_key(service)):
        subject = f"{key}.training, the key in {training.api_key_setting}"
        yield SetupCheck(subject, f"correct {key}.training.jobs_url", _training(services, subject, training))
    for endpoint in route.endpoints:
        for keyed in _each_key(endpoint) if isinstance(endpoint, ClassicEndpoint) else ():
            subject = f"endpoint {endpoint.name} of {key}, the key in {keyed.api_key_setting}"
            yield SetupCheck(
                f"{subject}, patch_url", "correct its patch_url", _resources(services, f"{subject}, patch_url", keyed)
            )
            yield SetupCheck(
                f"{subject}, execute_url",
                "correct its execute_url and input, or the golden rows",
                _scoring(services, route, f"{subject}, execute_url", keyed),
            )
    yield SetupCheck(f"{key}.gates", "correct the gates", lambda: check_newest_evaluation(services, route))
    yield SetupCheck(f"{key}, its endpoint's record", "check the storage account", lambda: _record(services, route))


def _record(services: Services, route: Route) -> Iterator[Finding]:
    """Find what in the record of the serving endpoint prevents every promotion to it."""
    subject = f"endpoint {route.serving.name} of routes.{route.name}"
    record = services.endpoints.get(route.name, route.serving.name).record
    frozen = frozen_by(record, route)
    if record.unexplained:
        remedy = "find out which model serves, then `landfall unfreeze` or `rollback`"
        yield Finding(subject, f"{frozen}: every run waits", remedy)
    elif frozen is not None:
        yield Finding(subject, f"{frozen}: every run waits, as requested")
    if record.champion is not None and not is_kept(services, route, record.champion.model):
        problem = f"there is no blob {record.champion.model}, the archived model in service: no run can replace it"
        yield Finding(subject, problem, "restore it from a backup, or from the training folder of its run")


def _each_key[Service: (ClassicTraining, ClassicEndpoint)](service: Service) -> Iterator[Service]:
    """Yield a service with each of its keys alone: with both, a call hides that one key is refused."""
    for key, setting in (
        (service.api_key, service.api_key_setting),
        (service.api_key_secondary, service.api_key_secondary_setting),
    ):
        if key:
            yield replace(
                service, api_key=key, api_key_setting=setting, api_key_secondary="", api_key_secondary_setting=""
            )


def _training(services: Services, subject: str, training: ClassicTraining) -> Callable[[], Iterator[Finding]]:
    def run() -> Iterator[Finding]:
        try:
            services.training.status(training, NO_JOB)
        except (NotFoundError, RejectedError):
            pass  # the service accepted the key and has no such job
        except KeyRefusedError as error:
            yield _refused(subject, error, training.api_key_setting)
            return
        yield Finding(subject, "the training service accepts the key")

    return run


def _resources(services: Services, subject: str, endpoint: ClassicEndpoint) -> Callable[[], Iterator[Finding]]:
    def run() -> Iterator[Finding]:
        try:
            names = [resource.name for resource in services.scoring.resources(endpoint)]
        except KeyRefusedError as error:
            yield _refused(subject, error, endpoint.api_key_setting)
            return
        except RejectedError as error:
            yield Finding(subject, f"the endpoint accepts the key and does not list its resources: {error}")
            return
        if endpoint.resource in names:
            yield Finding(subject, f"the endpoint accepts the key and has the resource {endpoint.resource!r}")
            return
        listed = ", ".join(map(repr, names)) or "none, so the URL may belong to the training web service"
        yield Finding(
            subject,
            f"the endpoint has no resource {endpoint.resource!r}; its updatable resources are: {listed}",
            f"correct `resource` of endpoint {endpoint.name} in routes.toml",
        )

    return run


def _scoring(
    services: Services, route: Route, subject: str, endpoint: ClassicEndpoint
) -> Callable[[], Iterator[Finding]]:
    def run() -> Iterator[Finding]:
        try:
            golden = golden_rows(services.blobs, route)
        except LandfallError:  # the check of the golden rows reports it; this check still tests the key
            golden = GoldenRows((), ((),), "")
        try:
            scored = services.scoring.score(endpoint, golden.columns, golden.rows[:1])
        except KeyRefusedError as error:
            yield _refused(subject, error, endpoint.api_key_setting)
            return
        except LandfallError:
            if golden.columns:
                raise
            yield Finding(subject, "the endpoint accepts the key; without golden rows its scoring cannot be checked")
            return
        yield Finding(subject, "the endpoint accepts the key and scores a golden row")
        yield from check_gates_of_task(route, endpoint, scored)

    return run


def _refused(subject: str, error: KeyRefusedError, setting: str) -> Finding:
    return Finding(subject, str(error), f"put the right key into the app setting {setting}")
