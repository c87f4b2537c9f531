"""The request log `requests.jsonl`: one line a request, redacted before it is written."""

import json
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.api.protocol_errors import ProtocolError
from studio.api.request_body import Body, BodyBuffer
from studio.json_values import timestamp
from studio.redaction import HIDDEN, without_secrets
from studio.responses import JSON_TYPE
from studio.workspace.database import private_folder

FILE_NAME = "requests.jsonl"
MAX_LOGGED_BYTES = 64 * 2**10  # of a body that is written out; of a longer one the log has the length only
_SECRET_NAMES = re.compile(r"key|token|secret|password|signature|authorization|connectionstring|sas", re.IGNORECASE)
# Every text that this pattern or `without_secrets` matches has one of these, in lower case; a search for them is far
# quicker.
_HINTS = ("key", "token", "secret", "password", "sig", "authorization", "connectionstring", "sas", "bearer")


def redacted(value: Any) -> Any:
    """Return a JSON value without secrets: members named like one, and texts that look like one."""
    if isinstance(value, dict):
        return {
            without_secrets(name): HIDDEN
            if isinstance(member, str) and _SECRET_NAMES.search(name)
            else redacted(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [redacted(member) for member in value]
    return without_secrets(value) if isinstance(value, str) else value


def loggable(body: bytes) -> Any:
    """Return what the log shows of a request's body: the JSON value without secrets, or only its length."""
    if not body:
        return None
    if len(body) <= MAX_LOGGED_BYTES:
        try:
            return redacted(json.loads(body))
        except (ValueError, RecursionError):
            pass
    return f"[{len(body)} bytes]"


def logged_text(body: bytes) -> str:
    """Return what the log shows of a request's body as JSON text on one line."""
    if 0 < len(body) <= MAX_LOGGED_BYTES and body.isascii() and b"\\" not in body:
        text = body.decode("ascii")
        # Most bodies have nothing to hide and are one line of JSON already; they are written as they came.
        if text.isprintable() and not _may_hide(text):
            try:
                orjson.loads(body)
            except orjson.JSONDecodeError:
                pass
            else:
                return text
    return json.dumps(loggable(body))


def _may_hide(text: str) -> bool:
    """Tell whether an ASCII text may have a secret, or the name of one; then the patterns decide."""
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


class RequestLog:
    """ASGI middleware: reads a request's body, passes it on, and writes the line before the answer's end is sent."""

    def __init__(self, app: ASGIApp, folder: Path, has_key: Callable[[Scope], bool]) -> None:
        """Append to the log in `folder`; `has_key` tells whether a request has a key of this studio."""
        self._app = app
        self._has_key = has_key
        self._bodies = BodyBuffer()
        path = private_folder(folder) / FILE_NAME
        # Unbuffered: a line is one write, and is in the file at once.
        self._file = os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab", buffering=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan":
                self._file.close()
            return
        body = await self._bodies.take(receive, lambda: self._has_key(scope))
        try:
            await self._answer(scope, receive, send, body)
        finally:
            self._bodies.release(body)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, body: Body | ProtocolError) -> None:
        status = 500  # what the server answers if the application fails before it answers
        unread, unwritten = True, True

        async def replay() -> Message:
            nonlocal unread
            if unread:
                unread = False
                content = body.content if isinstance(body, Body) else b""
                return {"type": "http.request", "body": content, "more_body": False}
            return await receive()

        async def note_status(message: Message) -> None:
            nonlocal status, unwritten
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = (b"x-ms-request-id", secrets.token_hex(16).encode())
                message = {**message, "headers": [*message["headers"], request_id]}
            elif unwritten and not message.get("more_body", False):
                unwritten = False  # a caller who has the answer finds the line
                self._write(scope, body, status)
            await send(message)

        try:
            if isinstance(body, ProtocolError):
                await _refuse(body, note_status)
            else:
                await self._app(scope, replay, note_status)
        finally:
            if unwritten:
                self._write(scope, body, status)

    def _write(self, scope: Scope, body: Body | ProtocolError, status: int) -> None:
        if isinstance(body, ProtocolError):
            shown = json.dumps(f"[not taken: {body}]")
        elif body.length > MAX_LOGGED_BYTES:
            shown = json.dumps(f"[{body.length} bytes]")
        else:
            shown = logged_text(bytes(body.content))
        path = scope["path"]
        if not path.isascii() or _may_hide(path):
            path = without_secrets(path)
        method, path = json.dumps(scope["method"]), json.dumps(path)
        line = f'{{"time": "{timestamp()}", "method": {method}, "path": {path}, "body": {shown}, "status": {status}}}\n'
        self._file.write(line.encode("ascii"))


async def _refuse(error: ProtocolError, send: Send) -> None:
    """Answer without the application, and close: the rest of the body would be taken for the next request."""
    headers = [(b"content-type", JSON_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error.body()).encode()})
