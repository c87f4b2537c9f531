"""The URLs of a service as `routes.toml` gives them: their form, checked key by key."""

import re
from urllib.parse import SplitResult, urlsplit

from shared.routes.host_allowlist import LOOPBACK
from shared.routes.toml_reader import TomlTable

_ENDPOINT_PATH = re.compile(r"/webservices/[^/]+/endpoints/([^/]+)$")


def read_jobs_url(table: TomlTable) -> str:
    """Read `jobs_url`, the Batch Execution URL, without its query (protocol 1.1)."""
    url = table.text("jobs_url", add="the Batch Execution URL of the training web service")
    if url and _is_web_url(table, "jobs_url", url) and not _path(url).endswith("/jobs"):
        table.problem("jobs_url", "must end in /jobs", "Use the Batch Execution URL, not the Request-Response URL")
    return _without_query(url)


def read_execute_url(table: TomlTable) -> str:
    """Read `execute_url`, the Request-Response URL, without its query (protocol 2)."""
    url = table.text("execute_url", add="the Request-Response URL of the endpoint")
    if url and _is_web_url(table, "execute_url", url) and not _path(url).endswith("/execute"):
        table.problem("execute_url", "must end in /execute", "Use the Request-Response URL")
    return _without_query(url)


def read_patch_url(table: TomlTable) -> str:
    """Read `patch_url`, where the endpoint is updated, without its query (protocol 3.3 and 6)."""
    url = table.text("patch_url", add="the URL of the added endpoint, .../webservices/{id}/endpoints/{name}")
    if url and _is_web_url(table, "patch_url", url):
        endpoint = _ENDPOINT_PATH.search(_path(url))
        if endpoint is None:
            table.problem(
                "patch_url", "must end in /webservices/{id}/endpoints/{name}", "Use the URL of the added endpoint"
            )
        elif endpoint[1].casefold() == "default":
            table.problem(
                "patch_url",
                "names the default endpoint, which cannot be updated",
                "Add an endpoint to the predictive web service and use its URL",
            )
    return _without_query(url)


def _is_web_url(table: TomlTable, key: str, url: str) -> bool:
    """Tell whether this is an https URL with a host; plain http is allowed on this machine only."""
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        table.problem(key, f"must be an https URL, not {url.partition('?')[0]!r}")
        return False
    if parts.username or parts.password:
        table.problem(key, "must not hold a user name or password", "Put the key into api_key")
        return False
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        table.problem(key, f"must use https: plain http is for this machine only, not for {parts.hostname}")
        return False
    return True


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number shows only here
    except ValueError:
        return None
    return parts


def _path(url: str) -> str:
    parts = _split(url)
    return parts.path.rstrip("/") if parts else ""


def _without_query(url: str) -> str:
    """Drop the query and a last slash: configured URLs come with and without `?api-version=2.0` (protocol 1.1)."""
    return url.partition("?")[0].rstrip("/")
