"""The page of a job, for the studio's owner: its input, outputs and metrics, and the endpoints that serve its model."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from studio.errors import RequestError
from studio.jobs.job import Job, Result
from studio.jobs.job_store import JobStore
from studio.pages.html import Markup, breakable, definition_list, element, joined, link, page, table
from studio.pages.job_parts import (
    ENDED,
    cause,
    input_blob,
    log_list,
    may_have_made,
    metric_table,
    refresh_s,
    run_of,
    state_pill,
    stored_time,
    time_element,
)
from studio.pages.job_progress import duration_text, progress
from studio.pages.owner_auth import owners_only
from studio.redaction import without_secrets
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint
from studio.workspace.urls import Urls


class JobPage:
    """The handlers of a job's page and of the links to its outputs."""

    def __init__(
        self,
        registry: Registry,
        deployed: DeployedModels,
        jobs: JobStore,
        urls: Urls,
        token_of: Callable[[Result], str],
    ) -> None:
        """`token_of` returns a token for reading an output."""
        self._registry = registry
        self._deployed = deployed
        self._jobs = jobs
        self._urls = urls
        self._token_of = token_of

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [
            Route("/jobs/{job}", owners_only(self._registry, self._show), methods=["GET"]),
            Route("/jobs/{job}/outputs/{output}", owners_only(self._registry, self._open), methods=["GET"]),
        ]

    def _show(self, request: Request) -> Response:
        job = self._jobs.get(request.path_params["job"])
        if job is None:
            text = "There is no such job. A job that nobody starts is forgotten after a while."
            return _not_found("../", "job", text)
        return page(
            f"Job {job.id[:8]}",
            [link("../", "Overview")],
            element("p", state_pill(job)),
            progress(job),
            definition_list(self._facts(job)),
            *self._sections(job),
            element("h2", "Log"),
            log_list(job.log),
            refresh_s=0 if job.state in ENDED else refresh_s([job]),
        )

    def _sections(self, job: Job) -> list[Markup]:
        """Return the sections that apply to a job: cause of failure, metrics, outputs, endpoints with its model."""
        why, outcome = cause(job), self._jobs.outcomes([job]).get(job.id)
        sections: list[tuple[str, Markup]] = []
        if why:
            sections.append(("Why it failed", element("p", breakable(why), class_="bad")))
        if outcome:
            sections.append(("Metrics", metric_table(outcome.evaluation)))
        if job.results:
            sections.append(("Outputs", self._outputs(job)))
        if outcome and (serving := self._serving(job, outcome.model_sha256)):
            sections.append(("Its model serves", serving))
        return [joined(element("h2", head), content) for head, content in sections]

    def _facts(self, job: Job) -> dict[str, str]:
        run = run_of(job)
        try:
            endpoint = self._registry.endpoint_by_id(job.endpoint_id)
            experiment = joined(
                link(f"../#{endpoint.service.id}", endpoint.service.experiment),
                " (",
                link(f"{self._urls.help(endpoint)}/jobs", f"endpoint {endpoint.name}"),
                ")",
            )
        except RequestError:
            experiment = Markup("")  # its endpoint was deleted
        return {
            "Experiment": experiment,
            "Job id": job.id,
            "Input": breakable(input_blob(job)),
            "Run": joined(run, " ", element("small", "landfall show ", run)) if run else "",
            "Submitted": stored_time(job.submitted_at),
            "Started": stored_time(job.started_at),
            "Ended": stored_time(job.ended_at),
            "Took": duration_text(job),
        }

    def _outputs(self, job: Job) -> Markup:
        rows = []
        for name, result in job.results.items():
            place = breakable(without_secrets(result.relative_location))
            rows.append([name, link(f"{job.id}/outputs/{name}", place)])
        return table(["output", "where"], rows)

    def _serving(self, job: Job, sha256: str) -> Markup:
        """Return the endpoints that serve a job's model, or will: the same file, from whatever location."""
        served = []
        for endpoint in self._registry.all_endpoints():
            for model, word in (
                (self._deployed.serving(endpoint), "since"),
                (self._deployed.waiting(endpoint), "from"),
            ):
                if model is not None and model.sha256 == sha256 and may_have_made(job, model):
                    served.append(element("div", self._endpoint(endpoint), f" {word} ", time_element(model.since)))
        return joined(*served)

    def _endpoint(self, endpoint: Endpoint) -> Markup:
        return link(self._urls.help(endpoint), endpoint.name)

    def _open(self, request: Request) -> Response:
        """Redirect to an output by a link that is signed now; no page contains such a link."""
        job = self._jobs.get(request.path_params["job"])
        result = job.results.get(request.path_params["output"]) if job else None
        if result is None:
            text = "There is no such output: the job has not finished, or does not exist."
            return _not_found("../../../", "output", text)
        address = result.base_location + result.relative_location + self._token_of(result)
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _not_found(overview: str, what: str, text: str) -> Response:
    return page(f"No such {what}", [link(overview, "Overview")], element("p", text), status=HTTPStatus.NOT_FOUND)
