"""The command `serve`: serves the published services over HTTP until it is stopped."""
# ruff: noqa: T201 (a command prints)

import argparse
import gc
import os
import signal
import socket
import sys
import threading

import uvicorn

from studio.api.header_limits import HeaderLimitProtocol
from studio.app import StudioSettings, build_app
from studio.commands.settings import ALLOW_HOSTS, BASE_URL, TAKE_OVER, served_url, words_of
from studio.commands.sole_server import sole_server
from studio.errors import SetupError
from studio.jobs.job_store import RUNNING_PER_ENDPOINT, UNSTARTED_S, JobLimits
from studio.storage.default_output_storage import DefaultOutputStorage
from studio.storage.transfer import TransferLimits
from studio.wire.quirks import PERIODIC, SWITCHES, Quirks
from studio.workspace.database import Database

SHUTDOWN_S = 5
GARBAGE_OBJECTS = 50_000  # new objects before a garbage collection; a request of 10,000 rows makes fewer
# Answers carry keys and links: no cache may keep them, and no browser may take one for a page.
ANSWER_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the command to a parser; returns the parser of its options."""
    serve = commands.add_parser("serve", help="serve the published services over HTTP")
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8600, help="port; 0 takes a free one (default: %(default)s)")
    serve.add_argument(
        "--base-url",
        default=os.environ.get(BASE_URL),
        help=f"the URL that callers use (default: the variable {BASE_URL}, or http://HOST:PORT on loopback)",
    )
    serve.add_argument(
        "--activation-delay-s",
        type=float,
        default=30.0,
        help="seconds from a PATCH until its model serves (default: %(default)s)",
    )
    serve.add_argument(
        "--take-over",
        action="store_true",
        default=os.environ.get(TAKE_OVER) == "true",
        help="if another studio serves the data folder: wait until it ends, and answer health checks meanwhile"
        f" (default: whether the variable {TAKE_OVER} is true)",
    )
    _add_storage_options(serve)
    _add_job_options(serve)
    _add_test_options(serve)
    return serve


def _add_storage_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--allow-host",
        action="append",
        default=words_of(ALLOW_HOSTS),
        metavar="HOST:PORT",
        help="storage host that requests may name, such as *.blob.core.windows.net; may be repeated, and adds to the"
        f" variable {ALLOW_HOSTS}; none by default; a host inside the network must be listed without a wildcard",
    )
    serve.add_argument(
        "--transfer-s",
        type=_seconds,
        default=TransferLimits.total_timeout_s,
        help="seconds after which the reading of an input or the writing of an output is given up"
        " (default: %(default)g; a model that a PATCH names: at most " + f"{TransferLimits.interactive_timeout_s:g})",
    )


def _add_job_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--workers", type=_positive, default=1, help="jobs that train concurrently (default: %(default)s)"
    )
    serve.add_argument(
        "--running-limit",
        type=_positive,
        default=RUNNING_PER_ENDPOINT,
        help="jobs of one endpoint that run concurrently, if there are workers for them (default: %(default)s)",
    )
    serve.add_argument(
        "--unstarted-s",
        type=float,
        default=UNSTARTED_S,
        help="seconds after which an unstarted job is deleted (default: %(default)g)",
    )


def _add_test_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--ignore-patch",
        action="append",
        default=[],
        metavar="ENDPOINT",
        help="answer PATCHes of endpoints of this name without changing anything, to test the caller; may be repeated",
    )
    serve.add_argument(
        "--quirk",
        action="append",
        default=[],
        metavar="NAME[=N]",
        help="an oddity of the original, for testing clients; may be repeated: "
        + "; ".join(f"{name}: {text}" for name, text in SWITCHES.items())
        + "; "
        + "; ".join(f"{name}=N: {text}" for name, text in PERIODIC.items()),
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small: give 1 or more")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text} is no duration: give seconds, more than 0")
    return seconds


class _Server(uvicorn.Server):
    """A server that prints a line when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the line that callers wait for."""
        await super().startup(sockets)
        # Present objects stay, so the garbage collector need not visit them again. A request's objects are freed when
        # it is answered, so the collector need not run in the middle of it and delay other requests.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS)
        if sockets and not self.should_exit:
            host, port = sockets[0].getsockname()[:2]
            print(f"The studio listens on http://{host}:{port}", flush=True)


def _listener(host: str, port: int) -> socket.socket:
    # The protocol is named: asyncio sends small answers at once only on sockets that are known to be TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupError(f"Cannot listen on {host}:{port}: {error.strerror}. Try another --port.") from error
    return listener


def _serve(options: argparse.Namespace) -> int:
    quirks, default_storage = Quirks.of(options.quirk), DefaultOutputStorage.of_environment()
    base_url = served_url(options.base_url, options.host)
    # uvicorn shuts down cleanly and then raises the signal again; nothing is left to do but to exit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        _listener(options.host, options.port) as listener,
        sole_server(options.data, listener, take_over=options.take_over),
        Database(options.data) as database,
    ):
        os.umask(0o077)
        settings = StudioSettings(
            base_url=base_url or f"http://{options.host}:{listener.getsockname()[1]}",
            activation_delay_s=options.activation_delay_s,
            allow_hosts=tuple(options.allow_host),
            workers=options.workers,
            ignore_patch=tuple(options.ignore_patch),
            limits=JobLimits(options.running_limit, options.unstarted_s),
            quirks=quirks,
            default_storage=default_storage,
            transfers=TransferLimits(total_timeout_s=options.transfer_s),
        )
        config = uvicorn.Config(
            build_app(database, settings),
            log_level="warning",
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=SHUTDOWN_S,
            http=HeaderLimitProtocol,
            proxy_headers=False,  # the studio uses neither the caller's address nor the scheme
            ws="none",
            server_header=False,
            headers=list(ANSWER_HEADERS.items()),
        )
        _Server(config).run([listener])
    return 0
