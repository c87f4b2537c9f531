"""Reads storage connection strings: short and long, with a key or a SAS, and the emulator's shorthand."""

from base64 import b64decode
from dataclasses import dataclass, field

from studio.errors import StorageError, StorageFault

_DEFAULT_SUFFIX = "core.windows.net"
# The values of `UseDevelopmentStorage=true`. The key is public: every storage emulator has the same one.
_EMULATOR = {
    "accountname": "devstoreaccount1",
    "accountkey": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "blobendpoint": "http://127.0.0.1:10000/devstoreaccount1",
}
_EMULATOR_SWITCH = "usedevelopmentstorage"


@dataclass(frozen=True)
class Account:
    """The account of a connection string: the URL of its blobs, and a key or a SAS."""

    url: str  # without a slash at the end; not validated
    name: str | None
    key: str | None = field(repr=False)
    sas_token: str | None = field(repr=False)  # without the question mark; None if there is a key


def read_connection_string(text: str) -> Account:
    """Parse a connection string (protocol 1.3); its names are case-insensitive.

    Raises:
        StorageError: with all that is wrong.
    """
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    values = {name.strip().lower(): value.strip() for name, _, value in pairs}
    problems = _emulator_problems(values)
    if _EMULATOR_SWITCH in values and not problems:
        values = dict(_EMULATOR)
    name, key, sas = values.get("accountname"), values.get("accountkey"), values.get("sharedaccesssignature")
    endpoint = values.get("blobendpoint")
    problems += [] if problems else _missing(name, key, sas, endpoint)
    if problems:
        # The error never repeats the text, which may hold the key under a misspelt name.
        raise StorageError(
            StorageFault.CONNECTION_STRING, f"The connection string of a blob is invalid: {'; '.join(problems)}."
        )
    if not endpoint:
        scheme = values.get("defaultendpointsprotocol", "https").lower()
        endpoint = f"{scheme}://{name}.blob.{values.get('endpointsuffix') or _DEFAULT_SUFFIX}"
    url = endpoint.rstrip("/")
    if name and key:
        return Account(url, name, key, None)
    return Account(url, name, None, (sas or "").lstrip("?"))


def _emulator_problems(values: dict[str, str]) -> list[str]:
    if _EMULATOR_SWITCH not in values:
        return []
    problems = []
    if values[_EMULATOR_SWITCH].lower() != "true":
        problems.append("UseDevelopmentStorage must be true")
    if len(values) > 1:
        problems.append(
            "UseDevelopmentStorage allows no other settings: give the BlobEndpoint of an emulator elsewhere"
        )
    return problems


def _missing(name: str | None, key: str | None, sas: str | None, endpoint: str | None) -> list[str]:
    problems = []
    if not endpoint and not name:
        problems.append("AccountName or BlobEndpoint is missing")
    if not (name and key) and not sas:
        problems.append("AccountName with AccountKey, or SharedAccessSignature, is missing")
    if key and not _is_base64(key):
        problems.append("its AccountKey is not base64")
    return problems


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False
