"""Why a deployment failed: the error of its operation, the end of its log, and whether there was only no room."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.adapters.azureml.arm_client import ArmClient
from shared.errors import LandfallError, ServiceFault
from shared.redaction import redact

LOG_LINES = 20
LOG_CHARACTERS = 2000
_MAX_ERROR_CHARACTERS = 1000
_QUOTA = re.compile(r"quota|capacity", re.IGNORECASE)


def is_of_quota(fault: ServiceFault) -> bool:
    """Tell whether a refusal speaks of quota or capacity, wherever it does: there may be room later."""
    texts = (fault.code, fault.message, *(text for detail in fault.details for text in detail))
    return fault.status in {400, 403} and any(map(_QUOTA.search, texts))


def no_room(name: str, why: str) -> str:
    """Return what is said of a deployment that waits for quota, with the numbers that the service gives."""
    return f"There is no room for deployment {name} now; it is asked for again. {why}"


def why_failed(arm: ArmClient, path: str, deployment: Mapping[str, Any]) -> tuple[str, bool]:
    """Return why the deployment at `path` failed, and whether only for want of quota or capacity.

    What the service does not tell is left out: a failure to read the reason is no failure of its own.
    """
    properties = (deployment.get("properties") or {}).get("properties") or {}
    try:
        operation = arm.get("read operation", str(properties["AzureAsyncOperationUri"]))
        texts = list(dict.fromkeys(_texts(operation.get("error"))))
    except (KeyError, LandfallError):
        texts = []
    if any(map(_QUOTA.search, texts)):
        return _error(texts), True
    log = _end_of_log(arm, path)
    parts = [_error(texts) if texts else "the service does not say why", f"its log ends: {log}" if log else ""]
    return "; ".join(part for part in parts if part), False


def _error(texts: list[str]) -> str:
    return redact("; ".join(texts))[:_MAX_ERROR_CHARACTERS]


def _texts(error: object) -> Iterator[str]:
    """Yield `code: message` of an error and of all that it nests, the outermost first."""
    if isinstance(error, Mapping):
        parts = [str(error[name]) for name in ("code", "message") if error.get(name)]
        if parts:
            yield ": ".join(parts)
        for value in error.values():
            yield from _texts(value)
    elif isinstance(error, list):
        for value in error:
            yield from _texts(value)


def _end_of_log(arm: ArmClient, path: str) -> str:
    try:
        content = arm.ask("read log", f"{path}/getLogs", {"tail": LOG_LINES}).get("content")
    except LandfallError:
        return ""
    lines = str(content or "").strip().splitlines()[-LOG_LINES:]
    return redact("\n".join(lines))[-LOG_CHARACTERS:]
