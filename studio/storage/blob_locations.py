"""Blob references of the wire: the blob that each names and its credential, checked before any request is sent."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from studio.errors import StorageError, StorageFault
from studio.storage.blob_path import BlobPath
from studio.storage.connection_strings import read_connection_string

_DEFAULT_PORTS = {"https": 443, "http": 80}
_CONTAINER = re.compile(r"[A-Za-z0-9$-]{1,63}")
_TOKEN = re.compile(r"[!$-~]+")  # the characters of a URL's query: no spaces, quotes or `#`
_MAX_NAME_CHARACTERS = 1024  # characters; the limit of Azure Storage


@dataclass(frozen=True)
class BlobReference:
    """A blob reference as the wire gives it (protocol 1.3): an account by connection string, or a URL with a SAS."""

    relative_location: str
    connection_string: str | None = field(default=None, repr=False)
    base_location: str | None = None
    sas_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class BlobAddress:
    """The host, blob and credential of a blob reference; no text and no repr shows the credential."""

    account_url: str  # without a slash at the end; a path-style URL has the account in its path
    path: BlobPath = field(repr=False)  # a caller may have put a signed link in the place of a name
    account_name: str | None = None  # with a connection string
    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)  # without the question mark
    listed_by_name: bool = False  # the allow-list names the host without a wildcard: it may be inside the network

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.account_url).netloc

    @property
    def base_location(self) -> str:
        """The `BaseLocation` of an answer; it ends with a slash (protocol 1.6)."""
        return f"{self.account_url}/"

    @property
    def relative_location(self) -> str:
        """The `RelativeLocation` of an answer: no leading slash, escaped so that the joined link works (1.3, 1.6)."""
        return f"{self.path.container}/{quote(self.path.name, safe='~/')}"

    def at(self, relative_location: str) -> Self:
        """Return the address of another blob of this account, by the `RelativeLocation` of an answer."""
        return replace(self, path=BlobPath.parse(unquote(relative_location)))


class HostAllowList:
    """The storage hosts that requests may go to: `host:port`, `host` (the scheme's port), `*.host`, `host:*`, `*`.

    Only a pattern without a wildcard in its host allows addresses inside the network: whoever registers a name under
    `*.blob.core.windows.net` or `*` chooses its address.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [pattern.lower() for pattern in patterns]

    def check(self, url: str) -> bool:
        """Refuse a URL whose host is not listed, or whose scheme is not safe.

        Returns:
            Whether a pattern without a wildcard lists the host.

        Raises:
            StorageError: it is not.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise _invalid("the blob's URL cannot be read") from None
        if not url.isascii() or re.search(r"[\s\\]|%(?![0-9A-Fa-f]{2})", url):
            raise _invalid("a blob's URL must be plain ASCII; write other letters of a host in their xn-- form")
        if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc or parts.query or parts.fragment:
            raise _invalid("a blob's URL must be http(s)://HOST[:PORT]/ without user, query or fragment")
        if parts.scheme == "http" and not is_loopback(host):
            raise _invalid(f"the storage host {host} needs https: http is allowed to this machine only")
        default = _DEFAULT_PORTS[parts.scheme]
        fitting = [pattern for pattern in self._patterns if _matches(pattern, host, port or default, default)]
        if not fitting:
            shown = f"[{host}]" if ":" in host else host
            raise _invalid(
                f"the storage host {shown}:{port or default} is not on this studio's allow-list"
                f" (start the studio with `--allow-host {shown}:{port or default}`)"
            )
        return not all(pattern.startswith("*") for pattern in fitting)


def _matches(pattern: str, host: str, port: int, default_port: int) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("["):
        wanted_host, _, rest = pattern[1:].partition("]")
        wanted_port = rest.removeprefix(":")
    else:
        wanted_host, _, wanted_port = pattern.partition(":")
    if wanted_host.startswith("*."):
        account, _, rest = host.partition(".")
        host_fits = bool(account) and rest == wanted_host[2:]
    else:
        host_fits = host == wanted_host
    return host_fits and (wanted_port == "*" or (wanted_port or str(default_port)) == str(port))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine's loopback interface."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid(text: str) -> StorageError:
    return StorageError(StorageFault.INVALID, f"Invalid blob specification: {text}.")


def resolve(reference: BlobReference, allowed: HostAllowList) -> BlobAddress:
    """Resolve a blob reference to an address whose host is allowed.

    With a connection string `RelativeLocation` is the blob's plain name. With a SAS it is a part of a URL, in which
    `%20` is a space (protocol 1.6).

    Raises:
        StorageError: the reference is incomplete or contradictory, or its host is not allowed.
    """
    base = (reference.base_location or "").strip().rstrip("/")
    token = (reference.sas_token or "").strip().lstrip("?")
    if reference.connection_string:
        path = _checked_path(reference.relative_location)
        account = read_connection_string(reference.connection_string)
        account_url, name, key, sas = account.url, account.name, account.key, account.sas_token
        if base and base.lower() != account_url.lower():
            raise _invalid(
                f"{path} is given twice: by a ConnectionString and by a BaseLocation of another account;"
                " give one of them"
            )
    elif base and token:
        path = _checked_path(unquote(reference.relative_location, errors="surrogateescape"))
        account_url, name, key, sas = base, None, None, token
    else:
        path = _checked_path(reference.relative_location)
        raise StorageError(
            StorageFault.INCOMPLETE,
            f"The blob {path} needs a ConnectionString, or a BaseLocation with a SasBlobToken.",
        )
    listed_by_name = allowed.check(account_url)
    account_path = urlsplit(account_url).path.strip("/")
    if "/" in account_path or unquote(account_path) != account_path:
        raise _invalid("the storage host's URL has more in its path than the account's name")
    if sas is not None:
        _check_token(sas, path)
    return BlobAddress(account_url, path, name, key, sas, listed_by_name)


def _checked_path(relative: str) -> BlobPath:
    path = BlobPath.parse(relative)
    # Some clients resolve such paths and others do not: the blob that is requested might not be the one checked here.
    if {".", ".."} & set(path.name.split("/")) or "\\" in relative or not _is_printable(relative):
        raise _invalid(f"the path {relative!r} has '.', '..', backslashes or control characters")
    if not _CONTAINER.fullmatch(path.container):
        raise StorageError(StorageFault.CONTAINER_NAME, f"{path.container!r} cannot be the name of a container.")
    if len(path.name) > _MAX_NAME_CHARACTERS:
        text = f"The blob's name has {len(path.name)} characters, at most {_MAX_NAME_CHARACTERS} are allowed."
        raise StorageError(StorageFault.BLOB_NAME_TOO_LONG, text)
    return path


def _is_printable(text: str) -> bool:
    """Tell whether a text has no control characters and no half surrogate pairs, which no URL can carry."""
    return not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text) and not re.search(
        "[\ud800-\udfff]", text
    )


def _check_token(token: str, path: BlobPath) -> None:
    """Refuse a text that is no SAS token, or selects another resource than the blob. The error does not repeat it."""
    names = {name.lower() for name, _ in parse_qsl(token, keep_blank_values=True)}
    if not _TOKEN.fullmatch(token) or "sig" not in names or names & {"comp", "restype"}:
        raise _invalid(
            f"the SAS token of {path} is invalid: it must be the query of a URL (sv=…&sp=…&se=…&sig=…),"
            " percent-encoded, without comp and restype"
        )
