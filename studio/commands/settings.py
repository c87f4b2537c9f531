"""The settings that a container gives by its environment, and the URL that a studio may be served under."""

import logging
import os
from urllib.parse import urlsplit

from studio.errors import SetupError
from studio.storage.blob_locations import is_loopback

DATA = "STUDIO_DATA"
BASE_URL = "STUDIO_BASE_URL"
ALLOW_HOSTS = "STUDIO_ALLOW_HOSTS"  # separated by spaces or commas

_log = logging.getLogger(__name__)


def words_of(variable: str) -> list[str]:
    """Return what an environment variable lists, separated by spaces or commas."""
    return os.environ.get(variable, "").replace(",", " ").split()


def served_url(base_url: str | None, host: str) -> str | None:
    """Return the URL that callers reach a studio by, without a slash at the end; None if it is that of its listener.

    Raises:
        SetupError: it is no URL, or `host` is one that others reach and it is not said what they call it.
    """
    if not base_url:
        if is_loopback(host):
            return None
        raise SetupError(
            f"listening on {host} needs --base-url, or the variable {BASE_URL}: what callers reach the studio by,"
            " such as https://studio.example.com; the URLs that it hands out begin with it"
        )
    try:
        parts = urlsplit(base_url)
        named = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        named = None
    if not named or parts.username or parts.query or parts.fragment:
        raise SetupError(
            f"the base URL must be http(s)://HOST[:PORT][/PATH], without user, query or fragment: {base_url}"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        _log.warning(
            "callers send their keys to %s in the clear: put a proxy that speaks TLS before the studio, and give its"
            " https URL",
            base_url,
        )
    return base_url.rstrip("/")
