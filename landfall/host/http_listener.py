"""HTTP triggers under /api, guarded by the one function key, and the host's own status."""

import contextlib
import hmac
import os
import re
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from landfall.host.executor import Executor
from landfall.host.worker import Function, Value

KEY_SETTING = "LANDFALL_FUNCTIONS_KEY"
DEFAULT_METHODS = ("GET", "POST")


class HttpListener:
    """Serves the HTTP functions on 127.0.0.1."""

    def __init__(self, executor: Executor, functions: Iterable[Function], port: int, nonce: str = "") -> None:
        self._executor = executor
        self._nonce = nonce
        self.running = False  # set once every listener of the host runs
        routes = [Route("/admin/host/status", self._status, methods=["GET"])]
        routes += [self._route(function) for function in functions]
        # An own socket fails at once if the port is taken. asyncio sets TCP_NODELAY only if the protocol is named.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="http", daemon=True)

    def start(self) -> None:
        """Start to serve; connections are accepted when this returns."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)

    def stop(self, timeout_s: float) -> None:
        """Stop, and wait up to `timeout_s` for requests in progress."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        with contextlib.suppress(OSError):
            self._socket.close()

    async def _status(self, request: Request) -> Response:
        del request
        state = "Running" if self.running else "Initialized"
        return JSONResponse({"state": state, "processId": os.getpid(), "nonce": self._nonce})

    def _route(self, function: Function) -> Route:
        binding = function.trigger
        template = re.sub(r"\{(\w+):?[^}]*\}", r"{\1}", binding.get("route") or function.name)
        guarded = str(binding.get("authLevel", "FUNCTION")).upper() != "ANONYMOUS"

        async def answer(request: Request) -> Response:
            if guarded and not _has_key(request):
                return Response(status_code=401)
            return await self._answer(function, binding["name"], request)

        methods = [str(method).upper() for method in binding.get("methods") or DEFAULT_METHODS]
        return Route(f"/api/{template.strip('/')}", answer, methods=methods)

    async def _answer(self, function: Function, parameter: str, request: Request) -> Response:
        value: dict[str, Any] = {
            "method": request.method,
            "url": str(request.url),
            "headers": dict(request.headers),
            "query": dict(request.query_params),
            "params": {name: str(part) for name, part in request.path_params.items()},
            "body": await request.body(),
        }
        reason = "This function was programmatically called via the host APIs."
        inputs: dict[str, Value] = {parameter: ("http", value)}
        outcome = await run_in_threadpool(self._executor.execute, function, reason, inputs, {})
        if outcome.error is not None:
            return Response(status_code=500)
        if outcome.returned is None:
            return Response(status_code=204)
        kind, content = outcome.returned
        if kind == "http":
            return Response(content["body"], content["status"], headers=content["headers"])
        return Response(content)


def _has_key(request: Request) -> bool:
    expected = os.environ.get(KEY_SETTING, "")
    sent = request.headers.get("x-functions-key") or request.query_params.get("code") or ""
    return bool(expected) and hmac.compare_digest(sent.encode(), expected.encode())
