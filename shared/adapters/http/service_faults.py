"""What a service says when it refuses: the error answers of the classic web services (pure; protocol 1.9)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.errors import ServiceFault
from shared.redaction import redact

CODE_LIMIT = 100  # characters of a code that are kept


def read_fault(operation: str, url: str, status: int, text: str, *, of_storage: bool = False) -> ServiceFault:
    """Read an error answer: the documented object, or plain text, HTML or nothing at all (protocol 1.9).

    What has no code where the protocol has one is `foreign`. Storage has one in XML.
    """
    code, message, details = "", "", []
    foreign = True
    try:
        body = json.loads(text)
    except ValueError:
        # Not JSON: the first words of a text or of a page's visible text.
        message = " ".join(
            re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE).split()
        )
    else:
        error = lower_names(body).get("error", body) if isinstance(body, dict) else body
        if isinstance(error, dict):
            members = lower_names(error)
            given = members.get("errorcode") if error is body else members.get("code", members.get("errorcode"))
            foreign = not (isinstance(given, str) and given)
            code = str(members.get("code") or members.get("errorcode") or "")
            message = str(members.get("message") or "")
            listed = members.get("details")
            for entry in [listed] if isinstance(listed, dict) else listed if isinstance(listed, list) else []:
                if isinstance(entry, dict):
                    detail = lower_names(entry)
                    what = redact(str(detail.get("code") or ""))[:CODE_LIMIT]
                    details.append((what, redact(str(detail.get("message") or ""))[:300]))
        elif error is not None:
            message = str(error)
    in_xml = re.search(r"<Error>\s*<Code>(\w+)</Code>", text) if of_storage else None
    if in_xml:
        code, foreign = in_xml[1], False
    said, told = redact(code)[:CODE_LIMIT], tuple(details[:10])
    return ServiceFault(operation, url, status, said, redact(message)[:500], told, foreign=foreign)


def lower_names(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's members by lower-case name without spaces: spellings differ between services."""
    return {name.replace(" ", "").casefold(): member for name, member in value.items()}
