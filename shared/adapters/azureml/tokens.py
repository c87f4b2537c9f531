"""The bearer tokens of Azure Resource Manager: of the app's identity, or of a stand-in on this machine."""

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import TokenCredential

MANAGEMENT_SCOPE = "https://management.azure.com/.default"
_RENEWED_BEFORE_S = 300  # a token is asked anew while it still holds for so long


class TokenSource(Protocol):
    """Gives bearer tokens."""

    def token(self, *, renewed: bool = False) -> str:
        """Return a token; with `renewed` another one than before, where there is one."""


class FixedToken:
    """The token of a stand-in, from a setting."""

    def __init__(self, value: str) -> None:
        self._value = value

    def token(self, *, renewed: bool = False) -> str:
        """Return the token, which never changes."""
        del renewed
        return self._value


class IdentityToken:
    """The token of the app's identity for one audience, kept in memory until it is about to end."""

    def __init__(self, credential: "Callable[[], TokenCredential]", scope: str = MANAGEMENT_SCOPE) -> None:
        """Sign in on first use: `credential` imports what signing in needs."""
        self._credential = credential
        self._scope = scope
        self._lock = threading.Lock()
        self._value, self._ends_at = "", 0.0

    def token(self, *, renewed: bool = False) -> str:
        """Return the token; `renewed` after the service refused the one before."""
        with self._lock:
            if renewed or time.time() >= self._ends_at - _RENEWED_BEFORE_S:
                access = self._credential().get_token(self._scope)
                self._value, self._ends_at = access.token, float(access.expires_on)
            return self._value
