"""Takes secrets out of texts that others wrote, before they are stored, shown or logged."""

import functools
import re

from shared.held_secrets import HIDDEN, hide


@functools.cache  # compiled when it is first needed, not by the import
def _shapes() -> re.Pattern[str]:
    """Return what finds the values of keys, signatures and tokens by what stands before them."""
    return re.compile(
        r"(?P<name>(?:\b|%26|%3B|%3F)(?:AccountKey|SharedAccessSignature|SharedAccessKey|sig|SasBlobToken|(?:api|functions)[_-]?key|password"
        r"|client_?secret|(?:access|id|refresh)_?token)\b"
        r"[\\\"']*\s*(?:[=:]|%3D)\s*[\\\"']*|\b(?:Bearer|SharedKey(?:Lite)?)(?:\s+|%20|\+)"
        r"|\bAuthorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?|[?&]code=)"
        r"(?P<value>[^\s;,&\"'<>]+)",
        re.IGNORECASE,
    )


def redact(text: str) -> str:
    """Replace by `***` what looks like the value of a key, signature or token, and every secret that the app holds."""
    return hide(_shapes().sub(lambda found: f"{found['name']}{HIDDEN}", text))
