"""The client of the classic web services: jobs, endpoints and scoring, one call for each operation."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import unquote

from shared.adapters.classic import bes_wire
from shared.adapters.http.http_client import HttpClient
from shared.adapters.http.service_call import Call, Key
from shared.errors import NotFoundError, RejectedError, ServiceFault
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.blob_location import BlobLocation
from shared.ports.scoring_service import Resource, Scored
from shared.ports.training_service import JobRequest, JobStatus
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.host_allowlist import redacted

log = get_log("bes")

API_VERSION = "?api-version=2.0"  # protocol 1.1; management calls have none (protocol 3.1)
READ_VALID_S = 900  # life of a link that is followed at once


class JobStorage(Protocol):
    """Makes links to single blobs of the account that jobs read and write."""

    @property
    def base(self) -> str:
        """The account's URL, the base of the locations of its blobs."""

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a link by which the blob at `container/path` may be read."""

    def link_for_output(self, path: str, valid_s: int) -> BlobLocation:
        """Make a link by which the blob at `container/path` may be written and read."""


class BesTrainingService:
    """`TrainingService` over HTTP (protocol 1)."""

    def __init__(self, web: HttpClient, storage: JobStorage) -> None:
        """Create the client; jobs read and write in `storage`."""
        self._web = web
        self._storage = storage

    def submit(self, training: ClassicTraining, request: JobRequest) -> str:
        """Submit a job and return its id; it does not run yet. Sent once: there is no idempotency key (1.4).

        The service gets a link to each of the three blobs, and no key: it can open nothing else in the account.
        """
        source = self._storage.link(request.input_path, request.valid_s)
        model, evaluation = (
            self._storage.link_for_output(path, request.valid_s)
            for path in (request.model_path, request.evaluation_path)
        )
        call = Call(
            "submit job",
            "POST",
            training.jobs_url + API_VERSION,
            _keys(training),
            bes_wire.submit_body(training, source, model, evaluation),
            repeatable=False,
            hosts=training.allowed,
        )
        job_id = bes_wire.read_job_id(self._web.send(call), _answered(call))
        log.info("submitted job %s at %s", job_id, training.jobs_url, extra=log_fields(LogAction.JOB_SUBMITTED))
        return job_id

    def start(self, training: ClassicTraining, job_id: str, request: JobRequest) -> None:
        """Start a submitted job; idempotent (protocol 1.5)."""
        del request  # the service has it from the submit
        call = _job_call("start job", "POST", training, job_id, "/start")
        try:
            bes_wire.read_nothing(self._web.send(call), _answered(call))
        except RejectedError as error:
            # Only an earlier start, whose answer was lost, can have changed its state.
            if not _has_code(error.fault, "CannotStartJob"):
                raise
        log.info("started job %s", job_id, extra=log_fields(LogAction.JOB_STARTED))

    def status(self, training: ClassicTraining, job_id: str) -> JobStatus:
        """Get a job's status; the outputs of a finished job have fresh SAS tokens (protocol 1.6)."""
        call = _job_call("job status", "GET", training, job_id)
        return bes_wire.read_status(self._web.send(call), _answered(call))

    def cancel(self, training: ClassicTraining, job_id: str) -> None:
        """Cancel a job; a job that the service no longer knows counts as cancelled (protocol 1.7)."""
        call = _job_call("cancel job", "DELETE", training, job_id)
        try:
            bes_wire.read_nothing(self._web.send(call), _answered(call))
        except NotFoundError:
            log.info("the service no longer has job %s", job_id, extra=log_fields(LogAction.JOB_NOT_FOUND))
        else:
            log.info("cancelled job %s", job_id, extra=log_fields(LogAction.JOB_CANCELLED))

    def read_output(self, location: BlobLocation, limit_bytes: int) -> str:
        """Read a small text output by its link, without a key.

        In the app's own storage a fresh link is used: a service that was given links has no others to return.
        """
        if location.base.rstrip("/") == self._storage.base.rstrip("/"):
            location = self._storage.link(unquote(location.relative), READ_VALID_S)
        return self._web.send(Call("read output", "GET", location.url, limit_bytes=limit_bytes))


class ClassicScoringService:
    """`ScoringService` over HTTP (protocol 2 and 3)."""

    def __init__(self, web: HttpClient) -> None:
        self._web = web

    def patch(self, endpoint: ClassicEndpoint, location: BlobLocation, replaces: str = "") -> None:
        """Give the endpoint's resource another model; any 2xx means accepted (protocol 3.3).

        Sent once: after a lost answer, a refusal of a second attempt would hide that the first one took effect. An
        update is unconditional here, whatever it `replaces`.
        """
        del replaces
        body = bes_wire.patch_body(endpoint.resource, location)
        call = _endpoint_call("PATCH endpoint", "PATCH", endpoint, endpoint.patch_url, body)
        bes_wire.read_nothing(self._web.send(replace(call, repeatable=False)), _answered(call))
        log.info(
            "patched endpoint %s with %s",
            endpoint.name,
            location.relative,
            extra=log_fields(LogAction.ENDPOINT_PATCHED),
        )

    def resources(self, endpoint: ClassicEndpoint) -> list[Resource]:
        """Read the endpoint's updatable resources (protocol 3.2)."""
        call = _endpoint_call("GET endpoint", "GET", endpoint, endpoint.patch_url)
        return bes_wire.read_resources(self._web.send(call), _answered(call))

    def score(self, endpoint: ClassicEndpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Score rows in one request and return the scored columns of each, in order (protocol 2)."""
        values = [list(row) for row in rows]
        body = bes_wire.score_body(columns, values, endpoint.input)
        url = f"{endpoint.execute_url}{API_VERSION}&details=true"
        call = _endpoint_call("score rows", "POST", endpoint, url, body)
        return bes_wire.read_answers(self._web.send(call), columns, len(values), _answered(call))


def _job_call(operation: str, method: str, training: ClassicTraining, job_id: str, verb: str = "") -> Call:
    url = f"{training.jobs_url}/{job_id}{verb}{API_VERSION}"
    return Call(operation, method, url, _keys(training), hosts=training.allowed)


def _endpoint_call(operation: str, method: str, endpoint: ClassicEndpoint, url: str, body: object = None) -> Call:
    return Call(operation, method, url, _keys(endpoint), body, hosts=endpoint.allowed)


def _keys(service: ClassicTraining | ClassicEndpoint) -> tuple[Key, ...]:
    """Return the primary key of a service, and the secondary one if there is one."""
    first = Key(service.api_key, service.api_key_setting)
    second = Key(service.api_key_secondary, service.api_key_secondary_setting)
    return (first, second) if second.value else (first,)


def _answered(call: Call) -> ServiceFault:
    """Return the fault of a 2xx answer whose body is wrong."""
    return ServiceFault(call.operation, redacted(call.url))


def _has_code(fault: ServiceFault, code: str) -> bool:
    return code in {fault.code, *(detail for detail, _ in fault.details)}
