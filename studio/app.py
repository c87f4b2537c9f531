"""Puts the studio's web application together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.api.auth import authorization_of
from studio.api.bes import BatchExecution
from studio.api.error_answers import EXCEPTION_HANDLERS
from studio.api.fault_injector import FaultInjector
from studio.api.management import Management
from studio.api.request_log import RequestLog
from studio.api.rrs import RequestResponse
from studio.api.scoring_pool import ScoringPool
from studio.jobs.acceptance import JobAcceptance
from studio.jobs.execution import JobExecution
from studio.jobs.job_runner import JobRunner
from studio.jobs.job_store import JobLimits, JobStore
from studio.jobs.output_targets import OutputTargets
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
    """The settings of a studio."""

    base_url: str  # that callers use, without a slash at the end
    activation_delay_s: float = 30.0  # from an accepted PATCH to the new model's first answer (protocol 3.3)
    allow_hosts: tuple[str, ...] = ()  # storage hosts; without any, every blob reference is refused
    workers: int = 1  # jobs that train concurrently
    ignore_patch: tuple[str, ...] = ()  # endpoints whose PATCH is answered and changes nothing, for testing a rollback
    limits: JobLimits = field(default_factory=JobLimits)
    quirks: Quirks = field(default_factory=Quirks)
    default_storage: DefaultOutputStorage | None = None  # for outputs that a job names no place for
    transfers: TransferLimits = field(default_factory=TransferLimits)


@dataclass(frozen=True)
class _Core:
    """What the handlers share."""

    registry: Registry
    deployed: DeployedModels
    jobs: JobStore
    acceptance: JobAcceptance
    targets: OutputTargets
    runner: JobRunner
    changes: EndpointChanges
    updates: ModelUpdates
    urls: Urls


def build_app(database: Database, settings: StudioSettings) -> ASGIApp:
    """Return the application; its jobs run from its start-up to its shutdown."""
    inputs = private_folder(database.folder / "inputs")
    core = _core(database, settings, inputs)
    pool = ScoringPool()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for leftover in inputs.iterdir():  # of a studio that was killed
            leftover.unlink()
        core.runner.start()
        try:
            yield
        finally:
            await run_in_threadpool(pool.close)
            await run_in_threadpool(core.runner.stop)

    framework = Starlette(routes=_routes(core, settings), exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan)
    scoring = RequestResponse(core.registry, core.deployed, pool)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await (scoring if scoring.serves(scope) else framework)(scope, receive, send)

    app = FaultInjector(answer, settings.quirks.every) if settings.quirks.every else answer

    def has_key(scope: Scope) -> bool:
        return core.registry.knows_key(authorization_of(scope))

    return RequestLog(app, database.folder, has_key)


def _core(database: Database, settings: StudioSettings, inputs: Path) -> _Core:
    """Make what the handlers share; input files wait in the folder `inputs` while they are read."""
    registry, deployed = Registry(database), DeployedModels(database)
    allowed, storage = HostAllowList(settings.allow_hosts), BlobStorage(settings.transfers)
    jobs = JobStore(database, settings.limits)
    targets = OutputTargets(allowed, settings.default_storage)
    execution = JobExecution(
        jobs,
        registry,
        deployed,
        storage=storage,
        targets=targets,
        folder=inputs,
        quirks=settings.quirks,
    )
    updates = ModelUpdates(
        registry,
        deployed,
        allowed,
        storage,
        activation_delay_s=settings.activation_delay_s,
        ignored_endpoints=settings.ignore_patch,
    )
    return _Core(
        registry=registry,
        deployed=deployed,
        jobs=jobs,
        acceptance=JobAcceptance(jobs, allowed, settings.default_storage, settings.quirks),
        targets=targets,
        runner=JobRunner(jobs, execution, settings.workers),
        changes=EndpointChanges(database, registry, deployed),
        updates=updates,
        urls=Urls(settings.base_url, database.workspace_id),
    )


def _routes(core: _Core, settings: StudioSettings) -> list[Route]:
    """Return the routes in the order of how often each is requested: every route before the right one costs time."""
    registry, deployed, jobs, urls = core.registry, core.deployed, core.jobs, core.urls
    execution = BatchExecution(
        registry,
        jobs=jobs,
        acceptance=core.acceptance,
        runner=core.runner,
        targets=core.targets,
        quirks=settings.quirks,
    )
    management = Management(
        registry, deployed, changes=core.changes, updates=core.updates, runner=core.runner, urls=urls
    )
    outputs_needed = settings.default_storage is None
    return [
        *execution.routes(),
        *management.routes(),
        *HelpPages(registry, deployed, urls, settings.quirks, outputs_needed=outputs_needed).routes(),
        *Overview(registry, deployed, jobs, urls).routes(),
        *JobPage(registry, deployed, jobs, urls, core.targets.current_token).routes(),
        Route("/health", _health, methods=["GET"]),
    ]


async def _health(_: Request) -> Response:
    return JsonResponse({"state": "Running"})
