"""How the storage SDK's clients are opened: timeouts, few short retries, a connection for every thread."""

from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from shared.errors import ConfigError

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
RETRIES = 3  # short ones: a function never waits long inside a call, the tick tries again
CONNECTIONS = 16  # as many as jobs are polled at a time; the SDK's own pool drops those beyond 10, with a warning each


def pooled_transport() -> Any:
    """Return a transport for one client, which closes it."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=CONNECTIONS))
    session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))  # Azurite
    return RequestsTransport(session=session, connection_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)


def malformed_connection_string() -> ConfigError:
    """Return the error about the app's connection string. It quotes nothing: the SDK's own texts do."""
    return ConfigError(["the setting AzureWebJobsStorage is not a storage connection string"])
