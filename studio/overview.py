"""The overview: services with the model that each endpoint serves, and jobs with their progress and logs.

It is for the studio's owner: a browser asks for the workspace token as the password of HTTP Basic, with any name.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.errors import ServiceError
from studio.html import Markup, element, joined, link, page, table, terms
from studio.job_table import Job, JobState, JobTable
from studio.keys import same_key
from studio.progress import progress, took
from studio.registry import Endpoint, Kind, Registry, Service
from studio.request_log import redacted
from studio.serving import ModelShelf, Shelved
from studio.urls import Urls

MOST_JOBS = 100  # on the page
REFRESH_S = 10
REFRESH_WHILE_RUNNING_S = 3
_ENDED = (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)


class Overview:
    """The handlers of the owner's pages."""

    def __init__(self, registry: Registry, shelf: ModelShelf, jobs: JobTable, urls: Urls) -> None:
        self._registry = registry
        self._shelf = shelf
        self._jobs = jobs
        self._urls = urls

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [
            Route("/", self._guarded(self._show), methods=["GET"]),
            Route("/jobs/{job}", self._guarded(self._show_job), methods=["GET"]),
        ]

    def _guarded(self, show: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            if same_key(basic_password(request.headers.get("authorization")), self._registry.workspace_token):
                return show(request)
            text = "This page is for the studio's owner: any name, and the workspace token as the password."
            refusal = page("Who is there?", [], element("p", text), status=HTTPStatus.UNAUTHORIZED)
            refusal.headers["WWW-Authenticate"] = 'Basic realm="studio: workspace token", charset="UTF-8"'
            return refusal

        return handle

    def _show(self, _: Request) -> Response:
        services = self._registry.services()
        jobs = self._jobs.newest(MOST_JOBS)
        experiments: dict[str, list[Service]] = {service.experiment: [] for service in services}
        for service in services:
            experiments[service.experiment].append(service)
        cards = [
            element("section", element("h2", name), *(self._service(service) for service in group))
            for name, group in experiments.items()
        ] or [element("p", "Nothing is published yet: python -m studio publish EXPERIMENT.toml --data DIR")]
        return page("Overview", [], *cards, element("h2", "Jobs"), self._job_table(jobs), refresh_s=_refresh(jobs))

    def _service(self, service: Service) -> Markup:
        head = element("h3", service.title, " ", element("span", service.kind, class_="soft"))
        endpoints = self._registry.endpoints(service)
        if service.kind is Kind.TRAINING:
            plan = service.plan
            links = [joined(" ", link(self._urls.help(endpoint), endpoint.name)) for endpoint in endpoints]
            return joined(head, element("p", f"Trains to predict {plan.label} ({plan.task}). Endpoints:", *links))
        rows = map(self._endpoint_row, endpoints)
        return joined(head, table(["endpoint", "model in service", "since", "waits for its time"], rows))

    def _endpoint_row(self, endpoint: Endpoint) -> list[str]:
        serving, waiting = self._shelf.serving(endpoint), self._shelf.waiting(endpoint)
        waits = joined(_model(waiting), " from ", when(waiting.since)) if waiting else ""
        name = link(self._urls.help(endpoint), endpoint.name)
        return [name, _model(serving), when(serving.since) if serving else "", waits]

    def _job_table(self, jobs: list[Job]) -> Markup:
        if not jobs:
            return element("p", "There are none yet.")
        rows = [
            [
                link(f"jobs/{job.id}", job.id[:8]),
                self._experiment(job),
                joined(_state(job), progress(job)),
                when(datetime.fromisoformat(job.submitted_at)),
                took(job),
                _last_word(job),
            ]
            for job in jobs
        ]
        return table(["job", "experiment", "state", "submitted", "took", "last news"], rows)

    def _experiment(self, job: Job) -> str:
        try:
            return self._registry.endpoint_by_id(job.endpoint_id).service.experiment
        except ServiceError:
            return ""  # its endpoint was deleted meanwhile

    def _show_job(self, request: Request) -> Response:
        job = self._jobs.get(request.path_params["job"])
        back = [link("../", "Overview")]
        if job is None:
            text = "There is no such job; those that nobody started are forgotten after a while."
            return page("No such job", back, element("p", text), status=HTTPStatus.NOT_FOUND)
        outputs = [[name, _hidden(result.relative_location)] for name, result in job.results.items()]
        facts = {
            "Experiment": self._experiment(job),
            "Job id": job.id,
            "Submitted": when(datetime.fromisoformat(job.submitted_at)),
            "Started": when(datetime.fromisoformat(job.started_at)) if job.started_at else "",
            "Ended": when(datetime.fromisoformat(job.ended_at)) if job.ended_at else "",
            "Took": took(job),
        }
        return page(
            f"Job {job.id[:8]}",
            back,
            *(element("p", _state(job)), progress(job), terms(facts)),
            *([element("h2", "Outputs"), table(["output", "where"], outputs)] if outputs else []),
            *([element("h2", "Why it failed"), _text(job.details)] if job.details else []),
            *(element("h2", "Log"), _text(job.log or "Nothing yet.")),
            refresh_s=_refresh([job]) if job.state not in _ENDED else 0,
        )


def basic_password(authorization: str | None) -> str:
    """Return the password of an Authorization header of the scheme Basic; nothing if there is none."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def when(moment: datetime) -> Markup:
    """Write a moment for people, in UTC."""
    return element("time", f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", datetime=moment.isoformat())


def _hidden(text: str) -> str:
    return str(redacted(text))  # what callers named their blobs may be a link with its token


def _model(shelved: Shelved | None) -> str:
    return _hidden(shelved.location.relative_location) if shelved else "–"  # noqa: RUF001 - the dash of tables


def _state(job: Job) -> Markup:
    queued = job.queued and job.state is JobState.NOT_STARTED
    return element("span", "Queued" if queued else job.state, class_=f"pill {job.state}")


def _last_word(job: Job) -> str:
    if job.details:
        return _hidden(job.details.rpartition("[ModuleOutput] ")[2])
    lines = job.log.splitlines()
    return _hidden(lines[-1].partition(" ")[2]) if lines else ""


def _text(text: str) -> Markup:
    return element("pre", _hidden(text), class_="folded")


def _refresh(jobs: list[Job]) -> int:
    return REFRESH_WHILE_RUNNING_S if any(job.state is JobState.RUNNING for job in jobs) else REFRESH_S
