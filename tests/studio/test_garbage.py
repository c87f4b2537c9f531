"""A refused request leaves no reference cycles, which would hold memory until the collector runs."""

import asyncio
import gc
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import ASGIApp, Message, Scope

from studio.app import StudioSettings, build_app
from studio.commands.describe import describe
from studio.workspace.database import Database
from tests.studio.caller import NAMES, ROW

BASE_URL = "http://127.0.0.1:8600"
TIMES = 40


@pytest.fixture(scope="module")
def app(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ASGIApp, dict[str, Any]]]:
    """Give the application, and the description of its service."""
    data = Path(shutil.copytree(published, tmp_path_factory.mktemp("garbage") / "data"))
    with Database(data) as database:
        (service,) = describe(database, BASE_URL)["services"]
        asgi = build_app(database, StudioSettings(BASE_URL))
        yield asgi, dict(service)
        asyncio.run(lived(asgi))


async def lived(app: ASGIApp) -> None:
    """Start and stop the application, which closes what it has opened."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(messages)

    async def send(_: Message) -> None:
        pass

    await app({"type": "lifespan"}, receive, send)


async def status_of(app: ASGIApp, method: str, url: str, key: str, body: bytes) -> int:
    """Send a request, and return the status of its answer."""
    statuses: list[int] = []
    parts: list[Message] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        return parts.pop()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    at = urlsplit(url)
    scope: Scope = {"type": "http", "http_version": "1.1", "scheme": "http", "method": method, "root_path": ""}
    scope["path"], scope["raw_path"], scope["query_string"] = at.path, at.path.encode(), at.query.encode()
    scope["headers"] = [(b"authorization", f"Bearer {key}".encode())]
    await app(scope, receive, send)
    return statuses[0]


def requests_of(service: dict[str, Any]) -> dict[str, tuple[str, str, str, bytes, int]]:
    """Return requests that are refused: method, URL, key, body and status of each."""
    training, production = service["training"], service["predictive"]["endpoints"][0]
    patch, key = production["patch_url"], production["api_key"]
    location = {"BaseLocation": "https://a.example", "RelativeLocation": "c/m.ilearner", "SasBlobToken": "sig=1&sp=r"}
    update = {"Resources": [{"Name": production["resource"], "Location": location}]}
    long_table = {"ColumnNames": ["other", *NAMES[1:]], "Values": [ROW] * 20_000}
    submit = f"{training['jobs_url']}?api-version=2.0"
    return {
        "PATCH to a host that is not allowed": ("PATCH", patch, key, json.dumps(update).encode(), 400),
        "PATCH of no JSON": ("PATCH", patch, key, b"{", 400),
        "PATCH without a key": ("PATCH", patch, "", json.dumps(update).encode(), 401),
        "PUT without a key": ("PUT", patch, "", b"{}", 401),
        "job of no JSON": ("POST", submit, training["api_key"], b"{", 400),
        "job without a key": ("POST", submit, "", b"{}", 401),
        "start of no job": ("POST", f"{training['jobs_url']}/x/start?api-version=2.0", training["api_key"], b"", 404),
        "rows of no JSON": ("POST", production["execute_url"], key, b"{", 400),
        "many rows of other columns": (
            *("POST", production["execute_url"], key, json.dumps({"Inputs": {"input1": long_table}}).encode()),
            400,
        ),
        "nothing": ("GET", f"{BASE_URL}/nothing", "", b"", 404),
    }


@pytest.mark.parametrize("number", range(10))
def test_a_refused_request_leaves_no_garbage(app: tuple[ASGIApp, dict[str, Any]], number: int) -> None:
    """After any refused request the collector finds no reference cycle."""
    asgi, service = app
    method, url, key, body, status = list(requests_of(service).values())[number]

    async def play() -> int:
        for _ in range(5):  # what is made once
            assert await status_of(asgi, method, url, key, body) == status
        gc.collect()
        gc.freeze()  # what is there already is not looked at again: a collection takes seconds less
        rounds = []
        for _ in range(3):  # threads of earlier tests may leave garbage in one of them; a request's own is in each
            for _ in range(TIMES):
                assert await status_of(asgi, method, url, key, body) == status
            rounds.append(gc.collect())
        return min(rounds)

    gc.disable()
    try:
        answers = asyncio.run(play())
    finally:
        gc.unfreeze()
        gc.enable()
    assert answers < TIMES, f"{answers / TIMES:g} objects of each request"
