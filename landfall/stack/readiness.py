"""Whether the parts of a stack answer: the functions host, the studio, the storage."""

import contextlib
import json
import urllib.error
import urllib.request

from landfall.stack.azurite import AzuritePorts, port_answers


def host_runs(functions: str, nonce: str | None) -> bool:
    """Tell whether the functions host at a base URL runs, with all its listeners, and is the one that has the nonce.

    None: it was given no nonce, so whatever host answers will do.
    """
    try:
        status = json.loads(_get(f"{functions}/admin/host/status"))
    except ValueError:
        return False
    mine = isinstance(status, dict) and (nonce is None or status.get("nonce") == nonce)
    return mine and status.get("state") == "Running"


def studio_runs(studio: str) -> bool:
    """Tell whether the studio at a base URL answers."""
    return bool(_get(f"{studio}/health"))


def storage_runs(ports: AzuritePorts) -> bool:
    """Tell whether all three services of an Azurite accept connections."""
    return all(port_answers(port) for port in (ports.blob, ports.queue, ports.table))


def _get(url: str) -> bytes:
    """Return the body of a GET on this machine, or nothing while nobody answers."""
    with (
        contextlib.suppress(urllib.error.URLError, OSError),
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer,
    ):
        content: bytes = answer.read()
        return content
    return b""
