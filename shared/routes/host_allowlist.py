"""The hosts to which the app may send a request: checked before anything is sent (pure)."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from shared.errors import HostNotAllowedError

# With other characters URL parsers disagree where the host ends, and the parser that checks is not the one that
# connects. A name in another alphabet must be written in its ASCII form.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+(%[a-z0-9]+)?")
_NO_URL = re.compile(r"[\x00-\x1f\x7f\\]")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS = {"http": 80, "https": 443}


class AllowedHosts:
    """The `allow_hosts` of routes.toml: `host:port` patterns, where `*` stands for any characters.

    A pattern without a port allows only the usual port of the scheme. `where` names the list in errors.
    """

    def __init__(self, patterns: Iterable[str], where: str = "allow_hosts of routes.toml") -> None:
        self._patterns = [_split_pattern(pattern) for pattern in patterns]
        self._where = where

    def check(self, url: str) -> None:
        """Check that a URL may be called.

        Raises:
            HostNotAllowedError: the host is not on the list, the scheme is not https (http is for this machine only),
                or the URL carries a user name.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").casefold(), parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise HostNotAllowedError([f"{redacted(url)!r} is no URL: {error}"]) from None
        if parts.username or parts.password:
            raise HostNotAllowedError([f"a URL at {host} holds a user name or password: remove it, it is never sent"])
        if _NO_URL.search(url) or (host and not _HOST.fullmatch(host)):
            raise HostNotAllowedError([f"{redacted(url)!r} is no URL: it holds characters that no URL may hold"])
        if parts.scheme not in _PORTS or not host:
            raise HostNotAllowedError([f"{redacted(url)!r} is no https URL"])
        if parts.scheme == "http" and host not in LOOPBACK:
            raise HostNotAllowedError([f"{redacted(url)!r} must use https: plain http is for this machine only"])
        if not any(fnmatchcase(host, name) and _port_fits(ports, port, parts.scheme) for name, ports in self._patterns):
            raise HostNotAllowedError(
                [f"{host}:{port} is not in {self._where}, so nothing was sent: add it there if it is right"]
            )

    def names(self, host: str) -> bool:
        """Tell whether a pattern names exactly this host, without a wildcard: such a host may be private."""
        return any(name == host.casefold() for name, _ in self._patterns)


def host_of(url: str) -> str:
    """Return the pattern that allows exactly the host and port of a URL, which must have a host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def redacted(url: str) -> str:
    """Return a URL without query, fragment, user name and password, so that it may be logged."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = bare.partition("://")
    if not separator:
        return bare
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _split_pattern(pattern: str) -> tuple[str, str]:
    """Split `host:port`; an IPv6 host stands in brackets."""
    if pattern.startswith("["):
        host, _, rest = pattern[1:].partition("]")
        return host.casefold(), rest.removeprefix(":")
    host, _, port = pattern.partition(":")
    return host.casefold(), port


def _port_fits(pattern: str, port: int, scheme: str) -> bool:
    return fnmatchcase(str(port), pattern) if pattern else port == _PORTS[scheme]
