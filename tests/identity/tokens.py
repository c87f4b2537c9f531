"""Tokens in Entra's form without a valid signature, and a credential that issues them."""

import base64
import json
import time
from typing import Any

from azure.core.credentials import AccessToken

SIGNATURE = "CANARY-TOKEN-SIGNATURE"
STORAGE = "https://storage.azure.com"
_TENANT = "00000000-0000-4000-8000-00000000000a"
_IDENTITY = "00000000-0000-4000-8000-00000000000b"


def a_token(valid_s: int, audience: str = STORAGE) -> AccessToken:
    """Return a token for the storage service that ends in `valid_s` seconds."""
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{_TENANT}/",
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + valid_s,
        "oid": _IDENTITY,
        "tid": _TENANT,
    }
    parts = [json.dumps({"alg": "RS256", "typ": "JWT"}), json.dumps(claims)]
    text = ".".join([*(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts), SIGNATURE])
    return AccessToken(text, now + valid_s)


class IssuingCredential:
    """A `TokenCredential` whose tokens live as long as a test says, one after another, the last one for ever."""

    def __init__(self, *lives_s: int, audience: str = STORAGE) -> None:
        self.given: list[AccessToken] = []
        self._lives_s = list(lives_s) or [3600]
        self._audience = audience

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Give a new token."""
        assert scopes == (f"{STORAGE}/.default",)
        life_s = self._lives_s.pop(0) if len(self._lives_s) > 1 else self._lives_s[0]
        self.given.append(a_token(life_s, self._audience))
        return self.given[-1]
