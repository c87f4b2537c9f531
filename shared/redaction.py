"""Takes secrets out of texts that others wrote, before they are stored, shown or logged (pure)."""

import re

HIDDEN = "***"
_SECRETS = re.compile(
    r"(?P<name>(?:\b|%26|%3B|%3F)(?:AccountKey|SharedAccessSignature|SharedAccessKey|sig|SasBlobToken|(?:api|functions)[_-]?key|password"
    r"|client_?secret|(?:access|id|refresh)_?token)\b"
    r"[\\\"']*\s*(?:[=:]|%3D)\s*[\\\"']*|\b(?:Bearer|SharedKey(?:Lite)?)(?:\s+|%20|\+)"
    r"|\bAuthorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?|[?&]code=)"
    r"(?P<value>[^\s;,&\"'<>]+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Replace the values of keys, signatures and tokens by `***`."""
    return _SECRETS.sub(lambda found: f"{found['name']}{HIDDEN}", text)
