"""Calls the app: its key goes to the URL that was named and nowhere else, and only the app's own answer counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from landfall.errors import CommandError
from shared.routes.host_allowlist import redacted

KEY_HEADER = "x-functions-key"
TIMEOUT_S = 60
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class NotJsonError(CommandError):
    """Something answered, and what it said is not JSON. `status` is its HTTP status."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"the app answered {status} and no JSON: is {url} it?")
        self.status = status


class AppUnreachableError(CommandError):
    """Nobody answers."""


@dataclass(frozen=True)
class AppAnswer:
    """What the app answered: the HTTP status, which is no redirect, and the members of its JSON object."""

    status: int
    body: Mapping[str, Any]


def call_app(
    method: str, url: str, key: str, asked: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
) -> AppAnswer:
    """Send one request with the app's function key, and `asked` as JSON.

    No redirect is followed: the key would go along to wherever it points.

    Raises:
        NoJsonError: the answer is not a JSON object.
        SilentAppError: nobody answers.
        CommandError: the answer is a redirect.
    """
    with requests.Session() as session:
        # A proxy of the environment has no business with a key that goes to this machine.
        session.trust_env = urlsplit(url).hostname not in _LOOPBACK
        try:
            answer = session.request(
                method, url, json=asked, headers={KEY_HEADER: key}, timeout=timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise AppUnreachableError(f"the app does not answer ({type(error).__name__}): {url}") from error
    if 300 <= answer.status_code < 400:
        target = redacted(urljoin(url, answer.headers.get("Location", ""))) if "Location" in answer.headers else ""
        raise CommandError(
            f"the app answered {answer.status_code}, a redirect to {target or 'nowhere'}: none is followed, since the"
            f" function key would go along; name the app's own URL instead of {url}"
        )
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        raise NotJsonError(url, answer.status_code) from None
    if not isinstance(body, dict):
        raise NotJsonError(url, answer.status_code)
    return AppAnswer(answer.status_code, body)
