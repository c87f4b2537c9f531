"""A request in words: its path with ids shortened, and what it is for, as far as it tells by itself."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from bench.proxy import Exchange
from landfall.stack.azurite import ACCOUNT

ID_SHOWN = 6  # characters of an id that are enough to tell two apart
_ID = re.compile(r"[0-9a-fA-F]{32}")
_CHANGED_ROW = re.compile(rb"^(?:POST|PUT|PATCH|MERGE|DELETE) \S+?/(\w+)(?:\(PartitionKey=\S*)? HTTP", re.MULTILINE)
_STATE = re.compile(rb'"state": ?"(\w+)"')
_ENDPOINT_PARTS = ("champion", "lease", "intent")


def short_path(exchange: Exchange, names: Mapping[str, str]) -> str:
    """Return the path without account and query; an id is shown by its name, or cut."""
    path = unquote(exchange.path.partition("?")[0]).removeprefix(f"/{ACCOUNT}")
    return _ID.sub(lambda found: names.get(found[0]) or f"{found[0][:ID_SHOWN]}…", path)


def purpose(exchange: Exchange) -> str:
    """Say what a request is for."""
    said = _PURPOSES.get(exchange.service)
    return said(exchange) if said else ""


def billed_as(exchange: Exchange) -> str:
    """Return what Azure bills a request as: listing blobs costs as much as writing one."""
    if exchange.service != "blob":
        return exchange.service
    reads = exchange.method in {"GET", "HEAD"} and "comp=list" not in exchange.path
    return "blob-read" if reads else "blob-write"


def _of_table(exchange: Exchange) -> str:
    if exchange.path.partition("?")[0].endswith("/$batch"):
        return _of_transaction(exchange.body)
    rows = f"{exchange.rows} row{'s' * (exchange.rows != 1)}"
    return f"query: {rows}" if "()" in exchange.path else f"read one row: {rows}"


def _of_transaction(body: bytes) -> str:
    """Say which rows a transaction writes: the run's state, or the parts of the endpoint's record."""
    tables = sorted({name.decode() for name in _CHANGED_ROW.findall(body)})
    states = dict.fromkeys(name.decode() for name in _STATE.findall(body))
    parts = [part for part in _ENDPOINT_PARTS if f'"{part}":'.encode() in body]
    return f"write {' and '.join(tables)}: {', '.join([*states, *([] if states else parts)]) or 'nothing held'}"


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
    said = next((text for end, text in ends.items() if path.endswith(end)), "")
    return said or {"GET": "ask", "DELETE": "cancel the job"}.get(exchange.method, "")


_PURPOSES: Mapping[str, Callable[[Exchange], str]] = {
    "table": _of_table,
    "blob": _of_blob,
    "studio": _of_studio,
}
