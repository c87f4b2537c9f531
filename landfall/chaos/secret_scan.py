"""Searches for secrets where none may be: rows, messages, logs."""

import base64
import html
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

# What the studio and the app write in the place of a secret.
HIDDEN = ("[redacted]", "***")
CUT = 40  # characters: so much of the beginning of a secret is as good as all of it
_HIDDEN = "|".join(map(re.escape, HIDDEN))
_MESSAGE = re.compile(r"<MessageText>(.*?)</MessageText>", re.DOTALL)


class Leaks:
    """Knows every secret of a stack, and notes where one is found. May be used by many threads."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take the secrets by what they are called in a finding."""
        self._signs = {
            "a SAS signature": re.compile(rf"sig(?:=|%3D)(?!{_HIDDEN})", re.IGNORECASE),
            "an AccountKey": re.compile(rf"AccountKey(?!=(?:{_HIDDEN}))", re.IGNORECASE),
            **{
                name: re.compile("|".join(map(re.escape, sorted(forms_of(value)))))
                for name, value in secrets.items()
                if value
            },
        }
        self.found: dict[tuple[str, str], None] = {}  # in the order of finding, each once

    def search(self, place: str, text: str) -> None:
        """Note each kind of secret in a text once; `place` says what the text is."""
        for name, sign in self._signs.items():
            if sign.search(text):
                self.found[place, name] = None

    def search_message(self, place: str, body: str) -> None:
        """Search a message on its way to a queue, also within its base64."""
        self.search(place, body)
        for text in _MESSAGE.findall(body):
            self.search(place, plain(html.unescape(text)))

    def sentences(self) -> list[str]:
        """Return the findings."""
        return [f"{name} in {place}" for place, name in self.found]


def forms_of(secret: str) -> set[str]:
    """Return a secret as it may stand in a text: itself, in a URL, in JSON, within something in base64, or cut off."""
    forms = {secret[:CUT], quote(secret, safe=""), quote(secret), secret.replace("/", "\\/")}
    forms.add(quote(quote(secret[:CUT], safe=""), safe=""))
    for before in range(3):  # each place that it can have in a group of three bytes; the ends depend on what is around
        data = b"." * before + secret.encode()
        inner = base64.b64encode(data)[-(-before * 4 // 3) : len(data) // 3 * 4].decode()
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms


def plain(text: str) -> str:
    """Return a message as it was written: some are put into their queue in base64."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def secrets_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return every secret that `stack.json` holds."""
    secrets = {
        "the account key": document["storage"].partition("AccountKey=")[2].partition(";")[0],
        "the functions key": document["functions_key"],
        "the management token": (document["management"] or {}).get("token", ""),
    }
    for service in document["services"]:
        secrets[f"the training key of {service['name']}"] = service["training"]["api_key"]
        for name, endpoint in _endpoints(service["predictive"]):
            secrets[f"the key of {service['name']}, endpoint {name}"] = endpoint["api_key"]
    return secrets


def _endpoints(predictive: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    yield "default", predictive["default"]
    for endpoint in predictive["endpoints"]:
        yield endpoint["name"], endpoint
