"""Where a blob is and by what right it is used: blob references of the wire, checked before any request leaves."""

import ipaddress
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from studio.errors import StorageError

_DEFAULT_SUFFIX = "core.windows.net"
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class BlobReference:
    """A blob reference as the wire gives it (protocol 1.3): an account by connection string, or a URL with a SAS."""

    relative_location: str
    connection_string: str | None = field(default=None, repr=False)
    base_location: str | None = None
    sas_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class BlobAddress:
    """A blob reference taken apart: which host, which blob, and the credential, which no text or repr ever shows."""

    account_url: str  # without a slash at the end; names the account, for path-style hosts in its path
    container: str
    blob: str
    account_name: str | None = None  # with a connection string
    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)  # without the question mark

    @property
    def base_location(self) -> str:
        """The `BaseLocation` of an answer: ends with a slash (protocol 1.6)."""
        return f"{self.account_url}/"

    @property
    def relative_location(self) -> str:
        """The `RelativeLocation` of an answer: without a leading slash (protocol 1.3)."""
        return f"{self.container}/{self.blob}"


class AllowList:
    """The storage hosts requests may go to: `host:port`, `host` (the scheme's own port), `*.host`, `host:*`, `*`."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [pattern.lower() for pattern in patterns]

    def check(self, url: str) -> None:
        """Refuse a URL whose host is not on the list, or whose scheme is not safe.

        Raises:
            StorageError: InvalidBlob.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise _invalid("the blob's URL cannot be read") from None
        if parts.scheme not in _DEFAULT_PORTS or not host or parts.username or parts.query or parts.fragment:
            raise _invalid("a blob's URL must be http(s)://HOST[:PORT]/ without user, query or fragment")
        if parts.scheme == "http" and not is_loopback(host):
            raise _invalid(f"the storage host {host} is named with http; only https leaves this machine")
        default = _DEFAULT_PORTS[parts.scheme]
        if not any(_matches(pattern, host, port or default, default) for pattern in self._patterns):
            raise _invalid(
                f"the storage host {host}:{port or default} is not on this studio's allow-list"
                f" (start it with `--allow-host {host}:{port or default}`)"
            )


def _matches(pattern: str, host: str, port: int, default_port: int) -> bool:
    if pattern == "*":
        return True
    wanted_host, _, wanted_port = pattern.partition(":")
    if wanted_host.startswith("*."):
        account, _, rest = host.partition(".")
        host_fits = bool(account) and rest == wanted_host[2:]
    else:
        host_fits = host == wanted_host
    return host_fits and (wanted_port == "*" or (wanted_port or str(default_port)) == str(port))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, reached by nobody else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid(text: str) -> StorageError:
    return StorageError("InvalidBlob", f"Invalid blob specification: {text}.")


def resolve(reference: BlobReference, allowed: AllowList) -> BlobAddress:
    """Take a blob reference apart and check the host it really leads to.

    Raises:
        StorageError: it is incomplete, contradicts itself, or leads to a host that is not allowed.
    """
    container, blob = _split_relative(reference.relative_location)
    if reference.connection_string:
        account_url, name, key, sas = _read_connection_string(reference.connection_string)
    elif reference.base_location and reference.sas_token:
        account_url, name, key = reference.base_location.rstrip("/"), None, None
        sas = reference.sas_token.lstrip("?")
    else:
        raise StorageError(
            "MissingInputBlobInformation",
            f"The blob {container}/{blob} needs a ConnectionString, or a BaseLocation with a SasBlobToken.",
        )
    allowed.check(account_url)
    path = urlsplit(account_url).path.strip("/")
    if "/" in path or unquote(path) != path:
        raise _invalid("the storage host's URL has more than the account's name in its path")
    return BlobAddress(account_url, container, blob, name, key, sas)


def _split_relative(relative: str) -> tuple[str, str]:
    container, _, blob = relative.lstrip("/").partition("/")
    if not container:
        raise StorageError("ContainerIsEmpty", "RelativeLocation must be CONTAINER/PATH; it names no container.")
    if not blob:
        raise StorageError("InputBlobRelativeLocationInvalid", f"RelativeLocation {relative!r} names no blob.")
    segments = blob.split("/")
    # Such paths are resolved by some clients and not by others: what was checked might not be what is asked for.
    if {".", ".."} & set(segments) or any(ord(character) < 32 for character in relative) or "\\" in relative:
        raise _invalid(f"the path {relative!r} has '.', '..', backslashes or control characters")
    return container, blob


def _read_connection_string(text: str) -> tuple[str, str | None, str | None, str | None]:
    """Return account URL, account name, account key and SAS token; short and long form (protocol 1.3)."""
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    values = {name.strip().lower(): value.strip() for name, _, value in pairs}
    name, key, sas = values.get("accountname"), values.get("accountkey"), values.get("sharedaccesssignature")
    endpoint = values.get("blobendpoint")
    missing = "" if endpoint or name else "AccountName or BlobEndpoint is missing"
    if not missing and not (name and key) and not sas:
        missing = "AccountName with AccountKey is missing, or SharedAccessSignature"
    if not missing and key and not _is_base64(key):
        missing = "its AccountKey is not base64"
    if missing:
        # Never the text itself: it may hold the key under a misspelt name.
        raise StorageError("InvalidBlobConnectionString", f"The connection string of a blob is invalid: {missing}.")
    if not endpoint:
        scheme = values.get("defaultendpointsprotocol", "https").lower()
        endpoint = f"{scheme}://{name}.blob.{values.get('endpointsuffix', _DEFAULT_SUFFIX)}"
    return endpoint.rstrip("/"), name, key, None if key else (sas or "").lstrip("?")


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False
