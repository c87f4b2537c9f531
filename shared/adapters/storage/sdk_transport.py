"""The transport of the storage SDK's clients: time-outs, few short retries, a connection for every thread."""

from collections.abc import Mapping
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport

from shared.adapters.http.ssrf_guard import DeadlineAdapter
from shared.errors import ConfigError
from shared.storage_settings import STRING_SETTING

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20  # without a byte
TOTAL_TIMEOUT_S = 60.0  # of one request, from its first byte to the last of its answer; a large blob takes several
RETRIES = 3  # with short pauses: a function never waits long inside a call, the tick tries again
MAX_CONNECTIONS = 16  # as many as a tick polls at a time; the SDK's own pool drops those beyond 10, with a warning each


def pooled_transport() -> RequestsTransport:
    """Return a transport for one client; the client closes it."""
    session = requests.Session()
    for scheme in ("https://", "http://"):  # plain for Azurite
        session.mount(scheme, DeadlineAdapter(TOTAL_TIMEOUT_S, connections=MAX_CONNECTIONS))
    return RequestsTransport(session=session, connection_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)


def client_settings(retry: Mapping[str, float], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a client: the usual transport and `retry`, overridden by `options`.

    Redirects are not followed: a storage account sends none, so one that arrives comes from somebody else.
    """
    return {"transport": pooled_transport(), "permit_redirects": False, **retry, **options}


def malformed_connection_string() -> ConfigError:
    """Return the error about the app's connection string; unlike the SDK's texts it quotes nothing of it."""
    problem = f"The setting {STRING_SETTING} holds no connection string of a storage account."
    return ConfigError([f"{problem} Copy it from the account's access keys."])
