"""How the storage SDK's clients are opened: timeouts, few short retries, a connection for every thread."""

from collections.abc import Mapping
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport

from shared.adapters.http.ssrf_guard import EndingAdapter
from shared.errors import ConfigError
from shared.storage_settings import STRING_SETTING

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20  # without a byte
WHOLE_S = 60.0  # for one request as a whole, with the last byte of its answer; the SDK reads large blobs in several
RETRIES = 3  # short ones: a function never waits long inside a call, the tick tries again
CONNECTIONS = 16  # as many as jobs are polled at a time; the SDK's own pool drops those beyond 10, with a warning each


def pooled_transport() -> Any:
    """Return a transport for one client, which closes it."""
    session = requests.Session()
    for scheme in ("https://", "http://"):  # plain for Azurite
        session.mount(scheme, EndingAdapter(WHOLE_S, connections=CONNECTIONS))
    return RequestsTransport(session=session, connection_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)


def client_settings(retry: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a client is opened: with the usual transport and pauses, unless `options` say otherwise.

    No redirect is followed: a storage account sends none, so whatever does is somebody else.
    """
    return {"transport": pooled_transport(), "permit_redirects": False, **retry, **options}


def malformed_connection_string() -> ConfigError:
    """Return the error about the app's connection string. It quotes nothing: the SDK's own texts do."""
    return ConfigError([f"the setting {STRING_SETTING} is not a storage connection string"])
