"""Searches for secrets where none may stand: rows, messages, logs."""

import base64
import html
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from landfall.stack.stack_document import Endpoint, PredictiveService, StackDocument

# What the studio and the app write in the place of a secret.
HIDDEN = ("[redacted]", "***")
PREFIX_LENGTH = 40  # the first so many characters of a secret count as the secret
_HIDDEN = "|".join(map(re.escape, HIDDEN))
_MESSAGE = re.compile(r"<MessageText>(.*?)</MessageText>", re.DOTALL)


class SecretScan:
    """Knows every secret of a stack, and records where a text contains one. May be used by many threads."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take the secrets by the names that findings show."""
        self._patterns = {
            "a SAS signature": re.compile(rf"sig(?:=|%3D)(?!{_HIDDEN})", re.IGNORECASE),
            "an AccountKey": re.compile(rf"AccountKey(?!=(?:{_HIDDEN}))", re.IGNORECASE),
            **{
                name: re.compile("|".join(map(re.escape, sorted(forms_of(value)))))
                for name, value in secrets.items()
                if value
            },
        }
        self.findings: dict[tuple[str, str], None] = {}  # place and secret, each once, in order

    def search(self, place: str, text: str) -> None:
        """Record each kind of secret in a text once; `place` says what the text is."""
        for name, pattern in self._patterns.items():
            if pattern.search(text):
                self.findings[place, name] = None

    def search_message(self, place: str, body: str) -> None:
        """Search a message on its way to a queue, also within its base64."""
        self.search(place, body)
        for text in _MESSAGE.findall(body):
            self.search(place, decode_message(html.unescape(text)))

    def sentences(self) -> list[str]:
        """Return a sentence for each finding."""
        return [f"{name} in {place}" for place, name in self.findings]


def forms_of(secret: str) -> set[str]:
    """Return the forms of a secret in a text: itself, its beginning, and its encodings in URLs, JSON and base64."""
    forms = {secret[:PREFIX_LENGTH], quote(secret, safe=""), quote(secret), secret.replace("/", "\\/")}
    forms.add(quote(quote(secret[:PREFIX_LENGTH], safe=""), safe=""))
    for offset in range(3):  # its offset in a group of three bytes; the outermost characters depend on its neighbours
        data = b"." * offset + secret.encode()
        inner = base64.b64encode(data)[-(-offset * 4 // 3) : len(data) // 3 * 4].decode()
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms


def decode_message(text: str) -> str:
    """Return the text of a queue message, which may be in base64."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def secrets_of(document: StackDocument) -> dict[str, str]:
    """Return every secret that `stack.json` holds."""
    secrets = {
        "the account key": document["storage"].partition("AccountKey=")[2].partition(";")[0],
        "the functions key": document["functions_key"],
        "the management token": document["management"]["token"] if document["management"] else "",
    }
    for service in document["services"]:
        secrets[f"the training key of {service['name']}"] = service["training"]["api_key"]
        for name, endpoint in _endpoints(service["predictive"]):
            secrets[f"the key of {service['name']}, endpoint {name}"] = endpoint["api_key"]
    return secrets


def _endpoints(predictive: PredictiveService) -> Iterable[tuple[str, Endpoint]]:
    yield "default", predictive["default"]
    for endpoint in predictive["endpoints"]:
        yield endpoint["name"], endpoint
