"""Takes secrets out of texts that others wrote, before they are stored, shown or logged (pure)."""

import re

_SECRETS = re.compile(
    r"(?P<name>\b(?:AccountKey|SharedAccessSignature|SharedAccessKey|sig|SasBlobToken|api[_-]?key|password)\b"
    r"[\"']?\s*[=:]\s*[\"']?|\bBearer\s+)"
    r"(?P<value>[^\s;,&\"'<>]+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Replace the values of keys, signatures and tokens by `***`."""
    return _SECRETS.sub(lambda found: f"{found['name']}***", text)
