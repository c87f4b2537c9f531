"""Redacts secrets in untrusted texts, before they are stored, shown or logged."""

import functools
import re

from shared.held_secrets import HIDDEN, hide


@functools.cache  # compiled on first use, to keep the import cheap
def _secret_pattern() -> re.Pattern[str]:
    """Return the pattern of keys, signatures and tokens, recognised by the name before them."""
    return re.compile(
        r"(?P<name>(?:\b|%26|%3B|%3F)(?:AccountKey|SharedAccessSignature|SharedAccessKey|sig|SasBlobToken|(?:api|functions)[_-]?key|password"
        r"|client_?secret|(?:access|id|refresh)_?token)\b"
        r"[\\\"']*\s*(?:[=:]|%3D)\s*[\\\"']*|\b(?:Bearer|SharedKey(?:Lite)?)(?:\s+|%20|\+)"
        r"|\bAuthorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?|[?&]code=)"
        r"(?P<value>[^\s;,&\"'<>]+)",
        re.IGNORECASE,
    )


def redact(text: str) -> str:
    """Replace whatever looks like a key, signature or token, and every secret that the app holds, by `***`."""
    return hide(_secret_pattern().sub(lambda match: f"{match['name']}{HIDDEN}", text))
