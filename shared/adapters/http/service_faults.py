"""Reads the error answers of the classic web services and of storage (pure; protocol 1.9)."""

import json
import re
from collections.abc import Mapping

from shared.errors import ServiceFault
from shared.redaction import redact

MAX_CODE_LENGTH = 100  # characters
MAX_MESSAGE_LENGTH = 500  # characters
MAX_DETAIL_LENGTH = 300  # characters
MAX_DETAILS = 10


def read_fault(operation: str, url: str, status: int, text: str, *, of_storage: bool = False) -> ServiceFault:
    """Read an error answer: the documented object, plain text, HTML or nothing (protocol 1.9).

    An answer without the protocol's code is `foreign`; with `of_storage` the code may also be in storage's XML.
    """
    code, message = "", ""
    details: tuple[tuple[str, str], ...] = ()
    foreign = True
    try:
        body = json.loads(text)
    except ValueError:
        # Not JSON: keep the beginning of the text, or of a page's visible text.
        message = " ".join(
            re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE).split()
        )
    else:
        error = lower_names(body).get("error", body) if isinstance(body, dict) else body
        if isinstance(error, dict):
            members = lower_names(error)
            proof = members.get("errorcode") if error is body else members.get("code", members.get("errorcode"))
            foreign = not (isinstance(proof, str) and proof)
            code = str(members.get("code") or members.get("errorcode") or "")
            message = str(members.get("message") or "")
            details = _read_details(members.get("details"))
        elif error is not None:
            message = str(error)
    in_xml = re.search(r"<Error>\s*<Code>(\w+)</Code>", text) if of_storage else None
    if in_xml:
        code, foreign = in_xml[1], False
    code, message = redact(code)[:MAX_CODE_LENGTH], redact(message)[:MAX_MESSAGE_LENGTH]
    return ServiceFault(operation, url, status, code, message, details, foreign=foreign)


def _read_details(value: object) -> tuple[tuple[str, str], ...]:
    """Read the member `details`, which is an object or a list of them, into codes and messages."""
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list):
        return ()
    details = [lower_names(entry) for entry in entries if isinstance(entry, dict)]
    return tuple(
        (
            redact(str(detail.get("code") or ""))[:MAX_CODE_LENGTH],
            redact(str(detail.get("message") or ""))[:MAX_DETAIL_LENGTH],
        )
        for detail in details[:MAX_DETAILS]
    )


def lower_names(value: Mapping[str, object]) -> dict[str, object]:
    """Return an object's members by lower-case name without spaces, since spellings differ between services."""
    return {name.replace(" ", "").casefold(): member for name, member in value.items()}
