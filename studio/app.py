"""Puts the studio's web application together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.api.batch_processes import Batches
from studio.api.bes import BatchExecution
from studio.api.error_answers import EXCEPTION_HANDLERS
from studio.api.fault_injector import FaultInjector
from studio.api.management import Management
from studio.api.request_log import RequestLog
from studio.api.rrs import RequestResponse
from studio.jobs.job_runner import JobRunner
from studio.jobs.job_store import JobLimits, JobStore
from studio.pages.help_pages import HelpPages
from studio.pages.job_page import JobPage
from studio.pages.overview import Overview
from studio.responses import JsonResponse
from studio.storage.blob_locations import HostAllowList
from studio.storage.blobs import BlobStorage
from studio.storage.default_output_storage import DefaultOutputStorage
from studio.storage.transfer import TransferLimits
from studio.wire.quirks import Quirks
from studio.workspace.database import Database, private_folder
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.endpoint_changes import EndpointChanges
from studio.workspace.registry import Registry
from studio.workspace.update_resource import ModelUpdates
from studio.workspace.urls import Urls


@dataclass(frozen=True)
class StudioSettings:
    """How a studio runs."""

    base_url: str  # what callers reach it by, without a slash at the end
    activation_delay_s: float = 30.0  # from an accepted PATCH to the new model's first answer (protocol 3.3)
    allow_hosts: tuple[str, ...] = ()  # storage hosts; with none, every blob reference is refused
    workers: int = 1  # jobs that train at the same time
    ignore_patch: tuple[str, ...] = ()  # endpoints whose PATCH is answered and changes nothing: for trying a rollback
    limits: JobLimits = field(default_factory=JobLimits)
    quirks: Quirks = field(default_factory=Quirks)
    own_storage: DefaultOutputStorage | None = None  # for outputs that a job names no place for
    transfers: TransferLimits = field(default_factory=TransferLimits)


def build_app(database: Database, settings: StudioSettings) -> ASGIApp:
    """Return the application; its jobs run from its start-up to its shutdown."""
    registry = Registry(database)
    deployed = DeployedModels(database)
    batches = Batches()
    allowed = HostAllowList(settings.allow_hosts)
    storage = BlobStorage(settings.transfers)
    jobs = JobStore(database, settings.limits)
    inputs = private_folder(database.folder / "inputs")
    runner = JobRunner(
        *(jobs, registry, allowed, inputs, settings.workers),
        deployed=deployed,
        storage=storage,
        own=settings.own_storage,
        quirks=settings.quirks,
    )
    updates = ModelUpdates(
        *(registry, deployed, allowed, storage),
        activation_delay_s=settings.activation_delay_s,
        ignored_endpoints=settings.ignore_patch,
    )
    urls = Urls(settings.base_url, database.workspace_id)
    management = Management(
        *(registry, deployed),
        changes=EndpointChanges(database, registry, deployed),
        updates=updates,
        runner=runner,
        urls=urls,
    )

    pages = HelpPages(registry, deployed, urls, settings.quirks, outputs_needed=settings.own_storage is None)
    overview = Overview(registry, deployed, jobs, urls)
    job_page = JobPage(registry, deployed, jobs, urls, runner.current_token)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for leftover in inputs.iterdir():  # of a studio that was killed
            leftover.unlink()
        runner.start()
        try:
            yield
        finally:
            await run_in_threadpool(batches.close)
            await run_in_threadpool(runner.stop)

    framework = Starlette(
        routes=[
            # In the order of how often each is asked for: every route before the right one costs time.
            *BatchExecution(registry, jobs, runner, settings.quirks).routes(),
            *management.routes(),
            *pages.routes(),
            *overview.routes(),
            *job_page.routes(),
            Route("/health", _health, methods=["GET"]),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    scoring = RequestResponse(registry, deployed, batches)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await (scoring if scoring.serves(scope) else framework)(scope, receive, send)

    faulty = FaultInjector(answer, settings.quirks.every) if settings.quirks.every else answer

    def has_key(scope: Scope) -> bool:
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return registry.knows_key(header.decode("latin-1"))

    return RequestLog(faulty, database.folder, has_key)


async def _health(_: Request) -> Response:
    return JsonResponse({"state": "Running"})
