"""The settings that name the app's storage account: a connection string, or addresses that an identity signs in to."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.errors import ConfigError

CONNECTION = "AzureWebJobsStorage"  # the name of the connection, which all triggers use
MANAGED_IDENTITY = "managedidentity"

_URIS = {"blob": "blobServiceUri", "queue": "queueServiceUri", "table": "tableServiceUri"}
_SUFFIX = "core.windows.net"
_ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")


@dataclass(frozen=True)
class StorageAccount:
    """How the app reaches its storage account: by `connection_string`, or at the URLs by its identity.

    Attributes:
        connection_string: a secret; "" under an identity.
        blob_url, table_url: without a slash at the end; "" with a connection string.
        managed: whether the identity is that of the Azure resource, and no other is tried.
        client_id: which managed identity, where the app has several; "" is the system-assigned one.
    """

    connection_string: str = field(default="", repr=False)
    blob_url: str = ""
    table_url: str = ""
    managed: bool = False
    client_id: str = ""

    @property
    def by_identity(self) -> bool:
        """Whether the app signs in, instead of holding a key."""
        return not self.connection_string


def read_storage_account(settings: Mapping[str, str]) -> StorageAccount:
    """Read the settings of the storage account; the names are those that the Functions host reads, too.

    Raises:
        ConfigError: with every problem; none of them quotes a value of a connection string.
    """
    text = settings.get(CONNECTION, "").strip()
    name = settings.get(f"{CONNECTION}__accountName", "").strip()
    uris = {service: settings.get(f"{CONNECTION}__{suffix}", "").strip() for service, suffix in _URIS.items()}
    problems = _ways(text, name, uris)
    urls = {service: uri.rstrip("/") for service, uri in uris.items()}
    if name:
        urls = {service: f"https://{name}.{service}.{_SUFFIX}" for service in _URIS}
        if not _ACCOUNT_NAME.fullmatch(name):
            problems.append(
                f"the setting {CONNECTION}__accountName is {name!r}: an account's name has 3 to 24 lower-case letters"
                f" and digits; an account at another place is named by {CONNECTION}__blobServiceUri and its like"
            )
    for service, uri in uris.items():
        problems += _uri_problems(f"{CONNECTION}__{_URIS[service]}", uri)
    credential = settings.get(f"{CONNECTION}__credential", "").strip()
    client_id = settings.get(f"{CONNECTION}__clientId", "").strip()
    problems += _identity_problems(credential, client_id, with_text=bool(text))
    if problems:
        raise ConfigError(problems)
    if text:
        return StorageAccount(text)
    return StorageAccount("", urls["blob"], urls["table"], bool(credential), client_id)


def account_name(url: str) -> str:
    """Return the account that a service's URL names: in its host, or in its path where the host is an address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_address(host) or host == "localhost":
        return parts.path.strip("/")
    return host.partition(".")[0]


def _ways(text: str, name: str, uris: Mapping[str, str]) -> list[str]:
    """Return what is wrong unless exactly one way to the account is given, and that one completely."""
    given = [f"{CONNECTION}__{_URIS[service]}" for service, uri in uris.items() if uri]
    ways = [CONNECTION] * bool(text) + [f"{CONNECTION}__accountName"] * bool(name) + given[:1]
    if not ways:
        instead = " and ".join(f"{CONNECTION}__{suffix}" for suffix in _URIS.values())
        said = f"the setting {CONNECTION} is not set: it is the storage account's connection string"
        return [f"{said}; to sign in by an identity, set {instead} instead"]
    if len(ways) > 1:
        return [f"the storage account is named more than once, by {' and by '.join(ways)}: keep one of them"]
    missing = [f"{CONNECTION}__{_URIS[service]}" for service, uri in uris.items() if given and not uri]
    return [f"the setting {one} is not set, although {given[0]} is: all three services are needed" for one in missing]


def _uri_problems(setting: str, uri: str) -> list[str]:
    if not uri:
        return []
    try:
        parts = urlsplit(uri)
        right = parts.scheme == "https" and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        right = False
    if not right:
        return [f"the setting {setting} is no https URL: a token is sent there, and never in the clear"]
    if parts.query or parts.fragment or parts.username or parts.password:
        return [f"the setting {setting} must be a bare URL, without user, query (such as a SAS token) or fragment"]
    expected = 1 if _is_address(parts.hostname or "") or parts.hostname == "localhost" else 0
    if len([part for part in parts.path.split("/") if part]) != expected:
        service = setting.rpartition("__")[2].removesuffix("ServiceUri")
        return [f"the setting {setting} must be the service's own URL, such as https://ACCOUNT.{service}.{_SUFFIX}/"]
    return []


def _identity_problems(credential: str, client_id: str, *, with_text: bool) -> list[str]:
    problems = []
    if credential and credential.lower() != MANAGED_IDENTITY:
        problems.append(
            f"the setting {CONNECTION}__credential is {credential!r}: it can only be {MANAGED_IDENTITY!r}, or not set,"
            " for the identities that azure-identity finds by itself"
        )
    if client_id and not credential:
        problems.append(
            f"the setting {CONNECTION}__clientId chooses a managed identity, so {CONNECTION}__credential must be"
            f" {MANAGED_IDENTITY!r}"
        )
    if with_text and credential:
        problems.append(
            f"the setting {CONNECTION}__credential is for an identity, but {CONNECTION} is a connection string:"
            " keep one of them"
        )
    return problems


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
