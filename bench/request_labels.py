"""Labels a request for the report: a path with short ids, its purpose, and what Azure bills it as."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from bench.proxy import Exchange
from landfall.stack.azurite import ACCOUNT
from shared.plurals import counted

ID_CHARACTERS = 6  # enough to tell two ids apart
_ID = re.compile(r"[0-9a-fA-F]{32}")
_CHANGED_ROW = re.compile(rb"^(?:POST|PUT|PATCH|MERGE|DELETE) \S+?/(\w+)(?:\(PartitionKey=\S*)? HTTP", re.MULTILINE)
_STATE = re.compile(rb'"state": ?"(\w+)"')
_ENDPOINT_PARTS = ("champion", "lease", "intent")


def short_path(exchange: Exchange, names: Mapping[str, str]) -> str:
    """Return the path without account and query. A named id becomes its name, any other is shortened."""
    path = unquote(exchange.path.partition("?")[0]).removeprefix(f"/{ACCOUNT}")
    return _ID.sub(lambda match: names.get(match[0]) or f"{match[0][:ID_CHARACTERS]}…", path)


def purpose(exchange: Exchange) -> str:
    """Return what a request is for; empty if it does not show."""
    label = _PURPOSES.get(exchange.service)
    return label(exchange) if label else ""


def billed_as(exchange: Exchange) -> str:
    """Return the name under which Azure bills a request. Listing blobs costs as much as writing one."""
    if exchange.service != "blob":
        return exchange.service
    reads = exchange.method in {"GET", "HEAD"} and "comp=list" not in exchange.path
    return "blob-read" if reads else "blob-write"


def _of_table(exchange: Exchange) -> str:
    if exchange.path.partition("?")[0].endswith("/$batch"):
        return _of_transaction(exchange.body)
    rows = counted(exchange.rows, "row")
    return f"query: {rows}" if "()" in exchange.path else f"read one row: {rows}"


def _of_transaction(body: bytes) -> str:
    """Return which rows a transaction writes: the run's state, or the parts of the endpoint's record."""
    tables = sorted({name.decode() for name in _CHANGED_ROW.findall(body)})
    states = dict.fromkeys(name.decode() for name in _STATE.findall(body))
    parts = [part for part in _ENDPOINT_PARTS if f'"{part}":'.encode() in body]
    written = list(states) if states else parts
    return f"write {' and '.join(tables)}: {', '.join(written) if written else 'nothing held'}"


def _of_blob(exchange: Exchange) -> str:
    if "x-ms-copy-source" in exchange.headers:
        return "copy on the server"
    return {"HEAD": "properties", "GET": "read", "PUT": "write"}.get(exchange.method, exchange.method.lower())


def _of_studio(exchange: Exchange) -> str:
    path = exchange.path.partition("?")[0]
    if path.endswith("/execute"):
        return "score the golden rows"
    if exchange.method == "PATCH":
        return "give the endpoint a model"
    ends = {"/jobs": "submit the job", "/start": "start the job"}
    for end, label in ends.items():
        if path.endswith(end):
            return label
    return {"GET": "ask", "DELETE": "cancel the job"}.get(exchange.method, "")


_PURPOSES: Mapping[str, Callable[[Exchange], str]] = {
    "table": _of_table,
    "blob": _of_blob,
    "studio": _of_studio,
}
