"""The Batch Execution Service over HTTP: submit, start, status and cancel (protocol 1)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.api.auth import RUN_PREFIXES, authorized_endpoint, query_parameters
from studio.api.protocol_errors import BAD_ARGUMENT, INVALID_OPERATION, protocol_error
from studio.api.request_threads import in_thread
from studio.jobs.acceptance import JobAcceptance
from studio.jobs.job import Job, JobState
from studio.jobs.job_runner import JobRunner
from studio.jobs.job_store import JobStore
from studio.jobs.output_targets import OutputTargets
from studio.json_values import Json
from studio.responses import JsonResponse
from studio.wire.charsets import to_utf8
from studio.wire.quirks import EARLY_SUBMIT, SINGLE_RESULT, Quirks
from studio.wire.request_codec import read_job, result_reference
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind

JOBS_PATHS = tuple(f"/{prefix}/{{workspace}}/services/{{endpoint}}/jobs" for prefix in RUN_PREFIXES)


class BatchExecution:
    """The handlers of the jobs URLs."""

    def __init__(
        self,
        registry: Registry,
        *,
        jobs: JobStore,
        acceptance: JobAcceptance,
        runner: JobRunner,
        targets: OutputTargets,
        quirks: Quirks,
    ) -> None:
        self._registry = registry
        self._jobs = jobs
        self._acceptance = acceptance
        self._runner = runner
        self._targets = targets
        self._quirks = quirks

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [
            route
            for jobs in JOBS_PATHS
            for route in (
                Route(jobs, self._submit, methods=["POST"]),
                Route(jobs + "/{job}/start", self._start, methods=["POST"]),
                Route(jobs + "/{job}", self._status, methods=["GET"]),
                Route(jobs + "/{job}", self._cancel, methods=["DELETE"]),
                Route(jobs + "/", self._without_id, methods=["GET", "DELETE"]),
                Route(jobs + "//start", self._without_id, methods=["POST"]),
            )
        ]

    def _endpoint(self, request: Request) -> Endpoint:
        endpoint = authorized_endpoint(request, self._registry, version_needed=EARLY_SUBMIT not in self._quirks.on)
        if endpoint.service.kind is not Kind.TRAINING:
            service = endpoint.service
            text = f"{service.title!r} only scores, by /execute; its training service is {service.experiment!r}."
            raise protocol_error(INVALID_OPERATION, "UnsupportedOperation", text)
        return endpoint

    def _job(self, request: Request) -> Job:
        return self._jobs.of_endpoint(self._endpoint(request).id, request.path_params["job"])

    async def _submit(self, request: Request) -> Response:
        body = await request.body()

        def submit() -> str:
            endpoint = self._endpoint(request)
            contract = self._acceptance.contract(endpoint)
            job_id = self._acceptance.submit(endpoint, read_job(to_utf8(body, request.headers.raw), contract))
            if "api-version" not in query_parameters(request.scope["query_string"]):  # which EARLY_SUBMIT allows
                self._runner.start_job(self._jobs.of_endpoint(endpoint.id, job_id))
            return job_id

        return JsonResponse(await in_thread(submit))

    async def _without_id(self, request: Request) -> Response:
        self._endpoint(request)
        raise protocol_error(
            BAD_ARGUMENT,
            "MissingJobId",
            "No job Id provided. A job Id is returned when a job was submitted for the first time."
            " Verify the job Id is correct and try again.",
        )

    async def _start(self, request: Request) -> Response:
        await in_thread(lambda: self._runner.start_job(self._job(request)))
        return Response(status_code=204)

    async def _status(self, request: Request) -> Response:
        return JsonResponse(await in_thread(lambda: self._status_body(self._job(request))))

    def _status_body(self, job: Job) -> Json:
        results = None
        if job.state is JobState.FINISHED:
            results = {
                name: result_reference(
                    result.base_location, result.relative_location, self._targets.current_token(result)
                )
                for name, result in job.results.items()
            }
        body: Json = {"StatusCode": self._quirks.status(job.state), "Results": results, "Details": job.details}
        if SINGLE_RESULT in self._quirks.on:
            del body["Results"]
            body["Result"] = next(iter(results.values())) if results else None
        return body

    async def _cancel(self, request: Request) -> Response:
        await in_thread(lambda: self._runner.cancel(self._job(request)))
        return Response(status_code=204)
