"""Starts the whole stack: Azurite, the studio with its experiments, the functions host."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from landfall.errors import CommandError
from landfall.interrupts import interruptible, uninterruptible
from landfall.stack import processes
from landfall.stack.azurite import ROOT
from landfall.stack.last_start import LastStart, read_last_start, write_last_start
from landfall.stack.orphaned_jobs import orphaned_job_warnings
from landfall.stack.ports import port_choice_lock
from landfall.stack.processes import Part
from landfall.stack.publishing import create_storage, publish, put_first_models
from landfall.stack.readiness import host_runs, storage_runs, studio_runs
from landfall.stack.settings import KEY_SETTING, app_settings, environment_without
from landfall.stack.stack_config import StackConfig
from landfall.stack.stack_document import Description, Service, StackDocument
from landfall.stack.stack_ports import StackPorts
from landfall.stack.stack_state import DEFAULT_STATE, ProcessIdentity, StateFolder, write_private
from landfall.stack.start_errors import readable_error
from shared.routes.load import Routes, load_routes

EXAMPLE_ROUTES = ROOT / "routes.toml"
EXAMPLE_EXPERIMENT = ROOT / "examples" / "census" / "experiment.toml"
HOST_VARIABLE = "LANDFALL_HOST"
HOSTS = OWN_HOST, CORE_TOOLS = ("local", "func")


@dataclass(frozen=True)
class StackOptions:
    """How to start a stack.

    Attributes:
        experiments: files that the studio publishes.
        settings: app settings that win over the stack's own.
        studio: False starts no studio: the app settings name other training and scoring services.
        studio_arguments: more arguments of `python -m studio serve`.
        ports: None takes the ports of the last start, or the usual ones; taken ports are replaced.
        studio_public_url: the studio's URL in the app's settings; None for its own.
        host: functions host, one of `HOSTS`; by default the variable LANDFALL_HOST, else our own.
    """

    state: Path = DEFAULT_STATE
    routes: Path = EXAMPLE_ROUTES
    experiments: Sequence[Path] = (EXAMPLE_EXPERIMENT,)
    settings: Mapping[str, str] = field(default_factory=dict)
    studio: bool = True
    studio_arguments: Sequence[str] = ()
    ports: StackPorts | None = None
    studio_public_url: str | None = None
    host: str = field(default_factory=lambda: os.environ.get(HOST_VARIABLE) or OWN_HOST)

    @property
    def config(self) -> StackConfig:
        """The configuration that the state folder remembers."""
        experiments = tuple(path.resolve() for path in self.experiments) if self.studio else ()
        return StackConfig(self.routes.resolve(), experiments, dict(self.settings), self.studio)


class RunningStack:
    """A running stack; leaving its `with` block ends it."""

    def __init__(self, state: StateFolder, document: StackDocument, running: list[Part], routes: Routes) -> None:
        self.state = state
        self.document = document
        self.routes = routes
        self._running = running

    def __enter__(self) -> Self:
        """Return the stack itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the stack."""
        self.stop()

    def dead_part(self) -> Part | None:
        """Return a part that ended by itself, if one did."""
        return next((part for part in self._running if part.process.poll() is not None), None)

    def part(self, name: str) -> Part:
        """Return a part by its name: azurite, studio or host."""
        return next(part for part in self._running if part.name == name)

    def restart(self, name: str) -> Part:
        """Start a part that has ended again; it may not be ready yet."""
        at = self._running.index(self.part(name))
        part = self._running[at] = self._running[at].restarted()
        _remember(self.state, self._running)
        self.document["pids"][name] = part.process.pid
        self.state.write_document(self.document)
        return part

    def stop(self) -> None:
        """End every part, users of others first; data and logs stay."""
        _end(self._running)
        self.state.clear()


def start_stack(options: StackOptions, report: Callable[[str], None]) -> RunningStack:
    """Start every part and return once all are ready; `report` gets a line for each part.

    Raises:
        CommandError: a part could not be started; no process remains.
    """
    if options.host not in HOSTS:
        raise CommandError(f"{HOST_VARIABLE} is {options.host!r}: use {' or '.join(HOSTS)}")
    state = StateFolder(options.state)
    state.check_idle()
    state.create()
    running: list[Part] = []
    try:
        # A signal ends this region. A second one does not interrupt the clean-up, which is outside of it.
        with interruptible(), port_choice_lock(report):
            return _start(options, state, running, report)
    except Exception as error:
        _end(running)
        state.clear()
        sentence = readable_error(error)
        if sentence is None:
            raise
        raise sentence from error
    except BaseException:  # a signal: its sender does not want to wait
        processes.kill_parts(running)
        state.clear()
        raise


def _remember(state: StateFolder, running: Sequence[Part]) -> None:
    """Write the process list: if this command is killed, `landfall down` still finds every part."""
    state.write_processes([ProcessIdentity.of("up", os.getpid()), *(part.identity for part in running)])


def _start(
    options: StackOptions, state: StateFolder, running: list[Part], report: Callable[[str], None]
) -> RunningStack:
    def add(start: Callable[[], Part]) -> Part:
        with uninterruptible():  # a signal must not come before the part is listed: nothing would end it
            part = start()
            running.append(part)
            _remember(state, running)
        return part

    last = read_last_start(state)
    ports = _choose_ports(options, last, report)
    storage = ports.azurite.connection_string
    azurite = add(lambda: processes.start_azurite(state, ports.azurite))
    description: Description = {"management": None, "services": []}
    studio_url = None
    if options.studio:
        studio_url = f"http://127.0.0.1:{ports.studio}"
        description = _start_studio(options, state, ports, studio_url, add)
        names = ", ".join(service["name"] for service in description["services"])
        report(f"studio            {studio_url}  ({names})")
    functions_key = options.settings.get(KEY_SETTING) or secrets.token_urlsafe(24)
    settings, routes = _settings(options, storage, functions_key, description["services"])
    for warning in routes.warnings:
        report(f"warning           {warning}")
    write_private(state.settings, {"IsEncrypted": False, "Values": settings})
    azurite.wait_until(lambda: storage_runs(ports.azurite))
    report(f"storage           http://127.0.0.1:{ports.azurite.blob}/devstoreaccount1  (Azurite)")
    create_storage(storage, routes.input)
    put_first_models(storage, routes, description["services"], options.experiments if options.studio else ())
    if last is not None and last.ports.azurite != ports.azurite:
        for warning in orphaned_job_warnings(storage, routes):
            report(f"warning           {warning}")
    functions = f"http://127.0.0.1:{ports.host}"
    nonce = secrets.token_hex(12) if options.host == OWN_HOST else None
    host = add(lambda: _host(state, ports.host, settings, nonce))
    host.wait_until(lambda: host_runs(functions, nonce))
    report(f"functions         {functions}")
    document: StackDocument = {
        "storage": storage,
        "input": routes.input,
        "functions": functions,
        "functions_key": functions_key,
        "functions_nonce": nonce,
        "studio": studio_url,
        "management": description["management"],
        "services": [_public(service) for service in description["services"]],
        "studio_log": str(processes.studio_data(state) / "requests.jsonl") if options.studio else None,
        "pids": {part.name: part.process.pid for part in running},
        "routes": str(options.routes.resolve()),
    }
    state.write_document(document)
    write_last_start(state, LastStart(options.config, ports))
    return RunningStack(state, document, running, routes)


def _start_studio(
    options: StackOptions, state: StateFolder, ports: StackPorts, url: str, add: Callable[[Callable[[], Part]], Part]
) -> Description:
    """Publish the experiments, start the studio, and return its description once it is ready."""
    description = publish(state, options.experiments, options.studio_public_url or url)
    storage_host = f"127.0.0.1:{ports.azurite.blob}"
    studio = add(lambda: processes.start_studio(state, ports.studio, storage_host, options.studio_arguments))
    studio.wait_until(lambda: studio_runs(url))
    return description


def _choose_ports(options: StackOptions, last: LastStart | None, report: Callable[[str], None]) -> StackPorts:
    """Return the ports of the options, else those of the last start with taken ones replaced, else the usual ones."""
    if options.ports is not None:
        return options.ports
    if last is None:
        return StackPorts.usual_or_free()
    ports, warnings = last.ports.with_taken_replaced()
    for warning in warnings:
        report(f"warning           {warning}")
    return ports


def _host(state: StateFolder, port: int, settings: Mapping[str, str], nonce: str | None) -> Part:
    if nonce is None:
        return processes.start_core_tools(state, port, settings)
    return processes.start_host(state, port, environment_without(settings), nonce)


def _settings(
    options: StackOptions, storage: str, functions_key: str, services: Sequence[Service]
) -> tuple[dict[str, str], Routes]:
    """Return the app's settings, and the routes read with them."""
    path = options.routes.resolve()

    def settings(container: str) -> dict[str, str]:
        return app_settings(
            storage=storage,
            routes=str(path),
            container=container,
            functions_key=functions_key,
            services=services,
            chosen=options.settings,
        )

    # Without a studio the settings of the services come from `--set` or from the environment.
    routes = load_routes(path, {**os.environ, **settings("")})
    chosen = settings(routes.input)
    named = path.read_text(encoding="utf-8")
    return {name: value for name, value in os.environ.items() if f"${{{name}}}" in named} | chosen, routes


def _public(service: Service) -> Service:
    return {"name": service["name"], "training": service["training"], "predictive": service["predictive"]}


def _end(running: Sequence[Part]) -> None:
    for part in reversed(running):
        processes.end_process(part.identity)
        part.process.wait()
