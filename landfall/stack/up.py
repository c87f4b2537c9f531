"""Starts the whole stack: Azurite, the studio with its experiments, the functions host."""

import contextlib
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from landfall.stack import parts
from landfall.stack.azurite import ROOT, AzuritePorts, port_answers
from landfall.stack.parts import Part
from landfall.stack.publishing import create_storage, publish, put_first_models
from landfall.stack.settings import app_settings, environment_without
from landfall.stack.state import DEFAULT_STATE, OwnProcess, StackError, StateFolder, write_private
from shared.errors import ConfigError
from shared.routes import Routes, load_routes

EXAMPLE_ROUTES = ROOT / "routes.toml"
EXAMPLE_EXPERIMENT = ROOT / "examples" / "census" / "experiment.toml"


@dataclass(frozen=True)
class StackOptions:
    """What to start, and where to keep it.

    Attributes:
        experiments: what the studio publishes.
        settings: app settings that win over the stack's own.
        studio: False leaves the studio out; the training and scoring services are then somebody else's.
        studio_arguments: more arguments of `python -m studio serve`.
    """

    state: Path = DEFAULT_STATE
    routes: Path = EXAMPLE_ROUTES
    experiments: Sequence[Path] = (EXAMPLE_EXPERIMENT,)
    settings: Mapping[str, str] = field(default_factory=dict)
    studio: bool = True
    studio_arguments: Sequence[str] = ()


class RunningStack:
    """A stack that was started; leaving its `with` block ends it."""

    def __init__(self, state: StateFolder, document: dict[str, Any], running: Sequence[Part], routes: Routes) -> None:
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
        """End it."""
        self.stop()

    def died(self) -> Part | None:
        """Return a part that ended by itself, if one did."""
        return next((part for part in self._running if part.process.poll() is not None), None)

    def stop(self) -> None:
        """End every part, those that use others first; data and logs stay."""
        _end(self._running)
        self.state.forget()


def start_stack(options: StackOptions, report: Callable[[str], None]) -> RunningStack:
    """Start everything and return once it all answers; `report` gets a line for each part.

    Raises:
        StackError: something could not be started; nothing is left running.
    """
    state = StateFolder(options.state)
    alive = [own.name for own in state.processes() if own.find() is not None]
    if alive:
        raise StackError(f"a stack runs in {state.path} already ({', '.join(alive)}): end it with `landfall down`")
    running: list[Part] = []
    try:
        state.create()
        return _start(options, state, running, report)
    except ConfigError as error:
        _end(running)
        state.forget()
        raise StackError(
            "it cannot start with these settings:\n" + "\n".join(f"  {one}" for one in error.problems)
        ) from None
    except (RuntimeError, OSError) as error:  # Azurite or Node.js is not installed; a folder cannot be written
        _end(running)
        state.forget()
        raise StackError(str(error)) from error
    except BaseException:
        _end(running)
        state.forget()
        raise


def _start(
    options: StackOptions, state: StateFolder, running: list[Part], report: Callable[[str], None]
) -> RunningStack:
    def add(part: Part) -> Part:
        running.append(part)
        # Written down at once: if this command is killed, `landfall down` still finds every part.
        state.remember([OwnProcess.of("up", os.getpid()), *(one.own for one in running)])
        return part

    ports = parts.azurite_ports()
    storage = ports.connection_string
    azurite = add(parts.start_azurite(state, ports))
    described: dict[str, Any] = {"management": None, "services": []}
    studio_url = None
    if options.studio:
        port = parts.usual_or_free(parts.USUAL_STUDIO)
        studio_url = f"http://127.0.0.1:{port}"
        described = publish(state, options.experiments, studio_url)
        studio = add(parts.start_studio(state, port, f"127.0.0.1:{ports.blob}", options.studio_arguments))
        studio.wait_until(lambda: _answers(f"{studio_url}/health"))
        names = ", ".join(service["name"] for service in described["services"])
        report(f"studio            {studio_url}  ({names})")
    functions_key = secrets.token_urlsafe(24)
    settings, routes = _settings(options, storage, functions_key, described["services"])
    write_private(state.settings, {"IsEncrypted": False, "Values": settings})
    azurite.wait_until(lambda: _all_listening(ports))
    report(f"storage           http://127.0.0.1:{ports.blob}/devstoreaccount1  (Azurite)")
    create_storage(storage, routes.input)
    put_first_models(storage, routes, described["services"], options.experiments if options.studio else ())
    port = parts.usual_or_free(parts.USUAL_HOST)
    functions = f"http://127.0.0.1:{port}"
    host = add(parts.start_host(state, port, environment_without(settings)))
    host.wait_until(lambda: b'"Running"' in _get(f"{functions}/admin/host/status"))
    report(f"functions         {functions}")
    document = {
        "storage": storage,
        "input": routes.input,
        "functions": functions,
        "functions_key": functions_key,
        "studio": studio_url,
        "management": described["management"],
        "services": [_public(service) for service in described["services"]],
        "studio_log": str(parts.studio_data(state) / "requests.jsonl") if options.studio else None,
        "pids": {part.name: part.process.pid for part in running},
        "routes": str(options.routes.resolve()),
    }
    state.write_document(document)
    return RunningStack(state, document, running, routes)


def _settings(
    options: StackOptions, storage: str, functions_key: str, services: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, str], Routes]:
    """Return the app's settings and the routes they make."""
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

    # Without a studio the settings of the services come from whoever runs it: `--set`, or the environment.
    routes = load_routes(path, {**os.environ, **settings("")})
    chosen = settings(routes.input)
    named = path.read_text(encoding="utf-8")
    return {name: value for name, value in os.environ.items() if f"${{{name}}}" in named} | chosen, routes


def _public(service: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": service["name"], "training": service["training"], "predictive": service["predictive"]}


def _end(running: Sequence[Part]) -> None:
    for part in reversed(running):
        parts.end(part.own)
        part.process.wait()


def _all_listening(ports: AzuritePorts) -> bool:
    return all(port_answers(port) for port in (ports.blob, ports.queue, ports.table))


def _answers(url: str) -> bool:
    return bool(_get(url))


def _get(url: str) -> bytes:
    """Return the body of a GET on this machine, or nothing while nobody answers."""
    with (
        contextlib.suppress(urllib.error.URLError, OSError),
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer,
    ):
        content: bytes = answer.read()
        return content
    return b""
