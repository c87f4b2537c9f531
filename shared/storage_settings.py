"""The settings of the storage account: a connection string, or the service URIs for an identity."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shared.errors import ConfigError
from shared.key_vault_references import is_unresolved, unresolved_problem

HOST_CONNECTION = "AzureWebJobsStorage"  # the host's own account; it holds the data as well unless another is named
DATA_CONNECTION = "LANDFALL_DATA"
STRING_SETTING = f"{HOST_CONNECTION} ({DATA_CONNECTION}, if that is set)"  # where the setting is not known
MANAGED_IDENTITY = "managedidentity"

# The emulator's shorthand stands for these. The key is public: every emulator has it, and it protects nothing.
_EMULATOR = "devstoreaccount1"
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_EMULATOR_PORTS = {"BlobEndpoint": 10000, "QueueEndpoint": 10001, "TableEndpoint": 10002}
_SHORTHAND, _PROXY = "usedevelopmentstorage", "developmentstorageproxyuri"

_URIS = {"blob": "blobServiceUri", "queue": "queueServiceUri", "table": "tableServiceUri"}
_SUFFIX = "core.windows.net"
_ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")


@dataclass(frozen=True)
class StorageAccount:
    """How the app reaches its storage account: by `connection_string`, or at the URLs by its identity.

    Attributes:
        connection_string: a secret; "" under an identity.
        blob_url, table_url: without a slash at the end; "" with a connection string.
        managed: whether only the managed identity of the Azure resource is tried.
        client_id: which managed identity, where the app has several; "" for the system-assigned one.
    """

    connection_string: str = field(default="", repr=False)
    blob_url: str = ""
    table_url: str = ""
    managed: bool = False
    client_id: str = ""

    @property
    def by_identity(self) -> bool:
        """Whether the app signs in instead of holding a key."""
        return not self.connection_string


def connection_of(settings: Mapping[str, str]) -> str:
    """Return the name of the connection to the data's account, which all triggers and outputs use.

    As soon as any setting of `LANDFALL_DATA` has a value, the data has an account of its own: a missing setting is then
    an error, and never a reason to use the host's account.
    """
    for name, value in settings.items():
        if (name == DATA_CONNECTION or name.startswith(f"{DATA_CONNECTION}__")) and value.strip():
            return DATA_CONNECTION
    return HOST_CONNECTION


def read_storage_account(settings: Mapping[str, str]) -> StorageAccount:
    """Read the settings of the data's account (`connection_of`); the Functions host reads the same names.

    Raises:
        ConfigError: every problem; none quotes a value of a connection string.
    """
    connection = connection_of(settings)
    suffixes = ("accountName", *_URIS.values(), "credential", "clientId")
    names = (connection, *(f"{connection}__{suffix}" for suffix in suffixes))
    unresolved = [unresolved_problem(name) for name in names if is_unresolved(settings.get(name, ""))]
    if unresolved:  # what else may be wrong shows only once these have values
        raise ConfigError(unresolved)
    text = settings.get(connection, "").strip()
    name = settings.get(f"{connection}__accountName", "").strip()
    uris = {service: settings.get(f"{connection}__{suffix}", "").strip() for service, suffix in _URIS.items()}
    problems = _choice_problems(connection, text, name, uris)
    try:
        text = full_connection_string(text)
    except ValueError as error:
        problems.append(f"the setting {connection}: {error}")
    urls = {service: uri.rstrip("/") for service, uri in uris.items()}
    if name:
        urls = {service: f"https://{name}.{service}.{_SUFFIX}" for service in _URIS}
        if not _ACCOUNT_NAME.fullmatch(name):
            problems.append(
                f"the setting {connection}__accountName is {name!r}: use 3 to 24 lower-case letters and digits, or name"
                f" an account outside {_SUFFIX} by {connection}__blobServiceUri and the other two URIs"
            )
    for service, uri in uris.items():
        problems += _uri_problems(f"{connection}__{_URIS[service]}", uri)
    credential = settings.get(f"{connection}__credential", "").strip()
    client_id = settings.get(f"{connection}__clientId", "").strip()
    problems += _identity_problems(connection, credential, client_id, with_text=bool(text))
    if problems:
        raise ConfigError(problems)
    if text:
        return StorageAccount(text)
    return StorageAccount("", urls["blob"], urls["table"], bool(credential), client_id)


def secrets_of(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys and signatures in the connection strings of either account."""
    texts = "&".join(settings.get(name, "") for name in (HOST_CONNECTION, DATA_CONNECTION))
    return tuple(unquote(secret) for secret in re.findall(r"(?:AccountKey=|\bsig=)([^;&\s]+)", texts))


def full_connection_string(text: str) -> str:
    """Return a connection string with the emulator's shorthand expanded; any other is returned unchanged.

    The shorthand is read as .NET reads it, and so the Functions host: names and `true` in any case, empty parts
    ignored, scheme and host from `DevelopmentStorageProxyUri`, the ports always the usual ones.

    Raises:
        ValueError: the shorthand is wrong; the message quotes nothing of it.
    """
    parts = [part.partition("=") for part in text.split(";") if part]
    given = {name.lower(): value for name, _, value in parts}
    if _SHORTHAND not in given:
        return text
    if given[_SHORTHAND].lower() != "true":
        raise ValueError("UseDevelopmentStorage can only be true")
    if set(given) - {_SHORTHAND, _PROXY} or len(parts) > len(given):
        raise ValueError("UseDevelopmentStorage stands alone, or with one DevelopmentStorageProxyUri")
    try:
        proxy = urlsplit(given.get(_PROXY, "http://127.0.0.1"))
        host = proxy.hostname
    except ValueError:
        host = None
    if not host or proxy.scheme not in {"http", "https"}:
        raise ValueError("DevelopmentStorageProxyUri must be a URL, such as http://host.docker.internal")
    base = f"{proxy.scheme}://{f'[{host}]' if ':' in host else host}"
    services = "".join(f"{name}={base}:{port}/{_EMULATOR};" for name, port in _EMULATOR_PORTS.items())
    return f"DefaultEndpointsProtocol={proxy.scheme};AccountName={_EMULATOR};AccountKey={_EMULATOR_KEY};{services}"


def account_name(url: str) -> str:
    """Return the account in a service's URL: the first label of the host, or the path if the host is an IP address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_address(host) or host == "localhost":
        return parts.path.strip("/")
    return host.partition(".")[0]


def _choice_problems(connection: str, text: str, name: str, uris: Mapping[str, str]) -> list[str]:
    """Return the problems unless the account is named in exactly one way, and completely."""
    uri_settings = {service: f"{connection}__{suffix}" for service, suffix in _URIS.items()}
    set_uris = [uri_settings[service] for service, uri in uris.items() if uri]
    named_by: list[str] = []
    if text:
        named_by.append(connection)
    if name:
        named_by.append(f"{connection}__accountName")
    named_by += set_uris[:1]
    if not named_by:
        remedy = "set it to the storage account's connection string"
        instead = f"or, to sign in with an identity, set {' and '.join(uri_settings.values())} instead"
        return [f"the setting {connection} is not set: {remedy} {instead}"]
    if len(named_by) > 1:
        return [f"the storage account is named more than once, by {' and by '.join(named_by)}: keep one of them"]
    if not set_uris:
        return []
    return [
        f"the setting {uri_settings[service]} is not set, although {set_uris[0]} is: set all three"
        for service, uri in uris.items()
        if not uri
    ]


def _uri_problems(setting: str, uri: str) -> list[str]:
    if not uri:
        return []
    try:
        parts = urlsplit(uri)
        is_https = parts.scheme == "https" and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_https = False
    if not is_https:
        return [f"the setting {setting} must be an https URL: an access token is sent to it"]
    if parts.query or parts.fragment or parts.username or parts.password:
        return [f"the setting {setting} must be a bare URL: remove the user, the query (a SAS token) and the fragment"]
    expected = 1 if _is_address(parts.hostname or "") or parts.hostname == "localhost" else 0
    if len([part for part in parts.path.split("/") if part]) != expected:
        service = setting.rpartition("__")[2].removesuffix("ServiceUri")
        return [f"the setting {setting} must be the URL of the service, such as https://ACCOUNT.{service}.{_SUFFIX}/"]
    return []


def _identity_problems(connection: str, credential: str, client_id: str, *, with_text: bool) -> list[str]:
    problems = []
    if credential and credential.lower() != MANAGED_IDENTITY:
        problems.append(
            f"the setting {connection}__credential is {credential!r}: set it to {MANAGED_IDENTITY!r}, or remove it to"
            " sign in with any identity that azure-identity finds"
        )
    if client_id and not credential:
        problems.append(
            f"the setting {connection}__clientId selects a managed identity: set {connection}__credential to"
            f" {MANAGED_IDENTITY!r}"
        )
    if with_text and credential:
        problems.append(
            f"the setting {connection}__credential is for an identity, but {connection} is a connection string:"
            " keep one of them"
        )
    return problems


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
