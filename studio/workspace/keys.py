"""Keys: their format, their comparison in constant time, and the two slots that can be rotated."""

import hashlib
import hmac
import secrets
from base64 import b64encode
from enum import StrEnum


class KeySlot(StrEnum):
    """An endpoint's two keys: while one is rotated, callers use the other."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


def new_key() -> str:
    """Return a new key in the look of the original: 64 random bytes in base64, 88 characters (protocol 1.2)."""
    return b64encode(secrets.token_bytes(64)).decode()


def bearer_key(authorization: str | None) -> str:
    """Return the key of an Authorization header; the scheme's case does not matter (protocol 1.2)."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def key_digest(key: str) -> bytes:
    """Return the digest by which a key is looked up: the time of a lookup says nothing about how close a guess was."""
    return hashlib.sha256(key.encode(errors="replace")).digest()


def same_key(given: str, key: str) -> bool:
    """Compare two keys in constant time."""
    return hmac.compare_digest(given.encode(), key.encode())
