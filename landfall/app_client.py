"""Calls the app. Its function key goes to the given URL and nowhere else; only a JSON object counts as an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from landfall.errors import CommandError
from shared.routes.host_allowlist import redacted

KEY_HEADER = "x-functions-key"
TIMEOUT_S = 60
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class NotJsonError(CommandError):
    """The answer is not a JSON object. `status` is its HTTP status."""

    def __init__(self, url: str, status: int) -> None:
        log = ", and read the app's log" if status >= 500 else ""  # a bug, or the platform gave the request up
        super().__init__(f"the app answered {status} and no JSON. Check that {url} is the app's URL{log}.")
        self.status = status


class AppUnreachableError(CommandError):
    """The app does not answer."""


@dataclass(frozen=True)
class AppAnswer:
    """An answer of the app: the HTTP status, which is no redirect, and the JSON object."""

    status: int
    body: Mapping[str, Any]

    @property
    def refusal(self) -> str:
        """What the app says in an error answer, with every problem on a line of its own."""
        problems = "".join(f"\n  {problem}" for problem in self.body.get("problems", []))
        return f"{self.body.get('error', f'the app answered {self.status}')}{problems}"


def call_app(
    method: str, url: str, key: str, arguments: Mapping[str, str | bool] | None = None, timeout_s: float = TIMEOUT_S
) -> AppAnswer:
    """Send one request with the app's function key, and the arguments as JSON.

    Redirects are not followed: the key would go to another host.

    Raises:
        NotJsonError: the answer is not a JSON object.
        AppUnreachableError: the app does not answer.
        CommandError: the answer is a redirect.
    """
    with requests.Session() as session:
        # A proxy of the environment must not see a key that goes to this machine.
        session.trust_env = urlsplit(url).hostname not in LOOPBACK
        try:
            answer = session.request(
                method, url, json=arguments, headers={KEY_HEADER: key}, timeout=timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise AppUnreachableError(f"the app does not answer ({type(error).__name__}): {url}") from error
    if 300 <= answer.status_code < 400:
        target = redacted(urljoin(url, answer.headers.get("Location", ""))) if "Location" in answer.headers else ""
        raise CommandError(
            f"{url} answered {answer.status_code}, a redirect to {target or 'nowhere'}. It is not followed, because the"
            " function key would go along. Use the app's own URL."
        )
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        raise NotJsonError(url, answer.status_code) from None
    if not isinstance(body, dict):
        raise NotJsonError(url, answer.status_code)
    return AppAnswer(answer.status_code, body)
