"""Reads storage connection strings: the short and the long form, by key or by SAS, and the emulator's shorthand."""

from base64 import b64decode
from dataclasses import dataclass, field

from studio.errors import StorageError, StorageFault

_DEFAULT_SUFFIX = "core.windows.net"
# What `UseDevelopmentStorage=true` stands for. The key is published: every storage emulator has it, it guards nothing.
_EMULATOR = {
    "accountname": "devstoreaccount1",
    "accountkey": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "blobendpoint": "http://127.0.0.1:10000/devstoreaccount1",
}
_EMULATOR_SWITCH = "usedevelopmentstorage"


@dataclass(frozen=True)
class Account:
    """What a connection string says of the account's blobs: where, and by a key or by a SAS."""

    url: str  # without a slash at the end; not checked
    name: str | None
    key: str | None = field(repr=False)
    sas_token: str | None = field(repr=False)  # without the question mark; None if there is a key


def read_connection_string(text: str) -> Account:
    """Take a connection string apart (protocol 1.3); the case of its words does not matter.

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
        # Never the text itself: it may hold the key under a misspelt name.
        raise StorageError(
            StorageFault.CONNECTION_STRING, f"The connection string of a blob is invalid: {'; '.join(problems)}."
        )
    if not endpoint:
        scheme = values.get("defaultendpointsprotocol", "https").lower()
        endpoint = f"{scheme}://{name}.blob.{values.get('endpointsuffix') or _DEFAULT_SUFFIX}"
    with_key = bool(name and key)
    return Account(endpoint.rstrip("/"), name, key if with_key else None, None if with_key else (sas or "").lstrip("?"))


def _emulator_problems(values: dict[str, str]) -> list[str]:
    if _EMULATOR_SWITCH not in values:
        return []
    problems = []
    if values[_EMULATOR_SWITCH].lower() != "true":
        problems.append("UseDevelopmentStorage can only be true")
    if len(values) > 1:
        problems.append("UseDevelopmentStorage stands alone: an emulator elsewhere is named by its BlobEndpoint")
    return problems


def _missing(name: str | None, key: str | None, sas: str | None, endpoint: str | None) -> list[str]:
    problems = []
    if not endpoint and not name:
        problems.append("AccountName or BlobEndpoint is missing")
    if not (name and key) and not sas:
        problems.append("AccountName with AccountKey is missing, or SharedAccessSignature")
    if key and not _is_base64(key):
        problems.append("its AccountKey is not base64")
    return problems


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False
