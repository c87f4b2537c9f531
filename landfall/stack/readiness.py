"""Readiness of a stack's parts: the functions host, the studio, the storage."""

import contextlib
import json
import urllib.error
import urllib.request

from landfall.stack.azurite import AzuritePorts, port_answers


def host_runs(functions: str, nonce: str | None) -> bool:
    """Tell whether the functions host at a base URL runs, with all its listeners, and has the nonce.

    None accepts any host: Core Tools have no nonce.
    """
    try:
        status = json.loads(_get(f"{functions}/admin/host/status"))
    except ValueError:
        return False
    if not isinstance(status, dict) or (nonce is not None and status.get("nonce") != nonce):
        return False
    return status.get("state") == "Running"


def studio_runs(studio: str) -> bool:
    """Tell whether the studio at a base URL answers."""
    return bool(_get(f"{studio}/health"))


def storage_runs(ports: AzuritePorts) -> bool:
    """Tell whether all three services of an Azurite accept connections."""
    return all(port_answers(port) for port in (ports.blob, ports.queue, ports.table))


def _get(url: str) -> bytes:
    """Return the body of a GET on this machine, or b"" if there is no answer."""
    with (
        contextlib.suppress(urllib.error.URLError, OSError),
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer,
    ):
        content: bytes = answer.read()
        return content
    return b""
