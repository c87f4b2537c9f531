"""The settings that a container gives by its environment, and the URL that callers use."""

import logging
import os
from urllib.parse import urlsplit

from studio.errors import SetupError
from studio.storage.blob_locations import is_loopback

DATA = "STUDIO_DATA"
BASE_URL = "STUDIO_BASE_URL"
ALLOW_HOSTS = "STUDIO_ALLOW_HOSTS"  # separated by spaces or commas
TAKE_OVER = "STUDIO_TAKE_OVER"  # true: wait for another studio

_log = logging.getLogger(__name__)


def words_of(variable: str) -> list[str]:
    """Return what an environment variable lists, separated by spaces or commas."""
    return os.environ.get(variable, "").replace(",", " ").split()


def served_url(base_url: str | None, host: str) -> str | None:
    """Return the URL that callers use, without a slash at the end; None if it is that of the listener.

    Raises:
        SetupError: it is no URL, or it is missing and `host` is not loopback.
    """
    if not base_url:
        if is_loopback(host):
            return None
        raise SetupError(
            f"The base URL is missing, and {host} is not loopback. Give --base-url or the variable {BASE_URL}: the URL"
            " that callers use, such as https://studio.example.com."
        )
    try:
        parts = urlsplit(base_url)
        named = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        named = None
    if not named or parts.username or parts.query or parts.fragment:
        raise SetupError(
            f"The base URL {base_url} is malformed. Give http(s)://HOST[:PORT][/PATH], without user, query or fragment."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        _log.warning(
            "Callers send their keys in the clear to %s. Put a TLS proxy before the studio, and give its https URL.",
            base_url,
        )
    return base_url.rstrip("/")
