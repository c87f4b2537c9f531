"""The overview, for the studio's owner: the services, the models that their endpoints serve, and the newest jobs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.errors import RequestError
from studio.jobs.job import Job, Outcome
from studio.jobs.job_store import JobStore
from studio.pages.html import Markup, breakable, element, joined, link, page, table
from studio.pages.job_parts import last_news, may_have_made, refresh_s, state_pill, stored_time, time_element
from studio.pages.job_progress import duration_text, progress
from studio.pages.owner_auth import owners_only
from studio.redaction import without_secrets
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.deployment_records import Deployment
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind, Service
from studio.workspace.urls import Urls

MAX_JOBS = 100  # on the page


class Overview:
    """The handler of the owner's first page."""

    def __init__(self, registry: Registry, deployed: DeployedModels, jobs: JobStore, urls: Urls) -> None:
        self._registry = registry
        self._deployed = deployed
        self._jobs = jobs
        self._urls = urls

    def routes(self) -> list[Route]:
        """Return the route for the application."""
        return [Route("/", owners_only(self._registry, self._show), methods=["GET"])]

    def _show(self, _: Request) -> Response:
        services = self._registry.services()
        jobs = self._jobs.newest(MAX_JOBS)
        outcomes = self._jobs.outcomes(jobs)
        made_by: dict[str, list[Job]] = {}
        for job in jobs:
            if job.id in outcomes:
                made_by.setdefault(outcomes[job.id].model_sha256, []).append(job)
        experiments: dict[str, list[Service]] = {service.experiment: [] for service in services}
        for service in services:
            experiments[service.experiment].append(service)
        cards = [
            element("section", element("h2", name), *(self._service(service, made_by) for service in group))
            for name, group in experiments.items()
        ]
        if not cards:
            cards = [element("p", "Nothing is published yet: python -m studio publish EXPERIMENT.toml --data DIR")]
        head = f"The newest {MAX_JOBS} jobs" if len(jobs) == MAX_JOBS else "Jobs"
        listed = (element("h2", head), self._job_table(jobs, outcomes))
        return page("Overview", [], *cards, *listed, refresh_s=refresh_s(jobs))

    def _service(self, service: Service, made_by: dict[str, list[Job]]) -> Markup:
        head = element("h3", service.title, " ", element("span", service.kind, class_="soft"), id=service.id)
        endpoints = self._registry.endpoints(service)
        if service.kind is Kind.TRAINING:
            plan = service.plan
            links = [joined(" ", link(self._urls.help(endpoint), endpoint.name)) for endpoint in endpoints]
            named = "Endpoint:" if len(endpoints) == 1 else "Endpoints:"
            return joined(head, element("p", f"Trains to predict {plan.label} ({plan.task}). {named}", *links))
        rows = [self._endpoint_row(endpoint, made_by) for endpoint in endpoints]
        heads = ["endpoint", "model in service", "since"]
        if any(waits for *_, waits in rows):
            return joined(head, table([*heads, "scheduled"], rows))
        return joined(head, table(heads, [row[:-1] for row in rows]))

    def _endpoint_row(self, endpoint: Endpoint, made_by: dict[str, list[Job]]) -> list[str]:
        serving, waiting = self._deployed.serving(endpoint), self._deployed.waiting(endpoint)
        waits = joined(_model(waiting, made_by), " from ", time_element(waiting.since)) if waiting else ""
        name = link(self._urls.help(endpoint), endpoint.name)
        return [name, _model(serving, made_by), time_element(serving.since) if serving else "", waits]

    def _job_table(self, jobs: list[Job], outcomes: dict[str, Outcome]) -> Markup:
        if not jobs:
            return element("p", "There are none yet.")
        rows = [
            [
                link(f"jobs/{job.id}", job.id[:8]),
                self._experiment(job),
                joined(state_pill(job), progress(job)),
                stored_time(job.submitted_at),
                duration_text(job),
                breakable(last_news(job, outcomes.get(job.id))),
            ]
            for job in jobs
        ]
        return table(["job", "experiment", "state", "submitted", "took", "last news"], rows)

    def _experiment(self, job: Job) -> str:
        try:
            service = self._registry.endpoint_by_id(job.endpoint_id).service
        except RequestError:
            return ""  # its endpoint was deleted
        return link(f"#{service.id}", service.experiment)


def _model(deployment: Deployment | None, made_by: dict[str, list[Job]]) -> Markup:
    """Return the location of a model, with a link to the newest job that made this file before it was deployed."""
    if deployment is None:
        return Markup("–")  # noqa: RUF001 - the dash of tables
    place = breakable(without_secrets(deployment.location.relative_location))
    job = next((job for job in made_by.get(deployment.sha256, ()) if may_have_made(job, deployment)), None)
    return joined(place, " ", link(f"jobs/{job.id}", f"job {job.id[:8]}")) if job else place
