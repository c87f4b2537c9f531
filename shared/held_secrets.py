"""Redacts the secrets that the app holds, in whatever encoding a text repeats them.

A service may repeat a key that it was sent in any words and encoding, where no pattern recognises it. So a text is
searched for the values themselves: plain, percent-encoded, JSON- or HTML-escaped (also several times over), in base64
and base64url at any offset, and cut off after `PREFIX_LENGTH` characters or later.

Importing this costs nothing: nothing is compiled or encoded before the first secret is held.
"""

import base64
import functools
import re
from bisect import bisect_left
from collections.abc import Iterable

HIDDEN = "***"
MIN_SECRET_LENGTH = 8  # characters; a shorter value may be an ordinary word, so it is never held
PREFIX_LENGTH = 16  # characters; the beginning of a secret, or of its base64, counts as a secret from this length on
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "plus": "+", "sol": "/", "equals": "="}
MAX_ENCODING_ROUNDS = 5  # how many times over a text may be encoded
_TO_STANDARD_BASE64 = str.maketrans("-_", "+/")  # from base64url


class SecretValues:
    """Secrets, with every form in which a text is searched for them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(filter(None, secrets))
        # The form, how it must begin to be one, and whether it is base64.
        self._forms: list[tuple[str, str, bool]] = []
        for secret in self.secrets:
            plain = secret
            for _ in range(MAX_ENCODING_ROUNDS):
                plain = _Decoded(plain).plain  # as the searched texts are
            self._forms += [(form, form[:PREFIX_LENGTH], False) for form in {secret, plain}]
            if len(secret) >= MIN_SECRET_LENGTH:
                self._forms += [(form, form[:PREFIX_LENGTH], True) for form in _base64_forms(secret.encode())]

    def hide(self, text: str) -> str:
        """Return a text in which `***` replaces every secret."""
        if not self._forms:
            return text
        # Search each layer of encoding: the text before a secret may form an encoded character with its beginning.
        spans = list(self._spans(text))
        rounds = [_Decoded(text)]
        while rounds[-1].changed and len(rounds) <= MAX_ENCODING_ROUNDS:
            for first, last in self._spans(rounds[-1].plain):
                start, end = first, last
                for layer in reversed(rounds):
                    start, end = layer.source(start), layer.source(end)
                spans.append((start, end))
            rounds.append(_Decoded(rounds[-1].plain))
        shown, done = "", 0
        for start, end in sorted(spans):
            if start > done or not done:
                shown += text[done:start] + HIDDEN
            done = max(done, end)
        return shown + text[done:]

    def _spans(self, plain: str) -> Iterable[tuple[int, int]]:
        """Yield the spans of a text without encodings that hold a secret, or a long beginning of one."""
        standard = plain.translate(_TO_STANDARD_BASE64) if "-" in plain or "_" in plain else plain
        for form, head, encoded in self._forms:
            within = standard if encoded else plain
            start = within.find(head)
            while start >= 0:
                end = start + len(head)
                while end < len(within) and end - start < len(form) and within[end] == form[end - start]:
                    end += 1
                if encoded and end - start == len(form):  # the last bits share a character with what follows
                    end += within[end : end + 1].isalnum() or within[end : end + 1] in {"+", "/"}
                    end += len(within[end : end + 2]) - len(within[end : end + 2].lstrip("="))
                yield start, end
                start = within.find(head, end)


class _Decoded:
    """A text without its outermost layer of URL, JSON and HTML encoding, and the origin of each character."""

    def __init__(self, text: str) -> None:
        self._at: list[int] = []  # positions in `plain` of the decoded characters
        self._ends: list[int] = []  # where the encoded form of each ends in the text
        self.plain = text
        if not ("%" in text or "\\" in text or "&" in text):
            return
        parts: list[str] = []
        size = done = 0
        for match in _encoded().finditer(text):
            kept = text[done : match.start()]
            parts += (kept, _character(match))
            size += len(kept) + 1
            done = match.end()
            self._at.append(size - 1)
            self._ends.append(done)
        self.plain = "".join(parts) + text[done:]

    @property
    def changed(self) -> bool:
        """Whether anything was decoded."""
        return bool(self._at)

    def source(self, place: int) -> int:
        """Return the position in the text of the character at `place` in `plain`, or of the end of the one before."""
        previous = bisect_left(self._at, place) - 1
        return place if previous < 0 else self._ends[previous] + place - self._at[previous] - 1


@functools.cache
def _encoded() -> re.Pattern[str]:
    """Return the pattern of one encoded character."""
    return re.compile(
        r"%(?:25)*(?P<hex>[0-9A-Fa-f]{2})"
        r"|\\+u(?P<unicode>[0-9A-Fa-f]{4})"
        r"|\\+(?P<escaped>[\"'/])"
        r"|(?P<backslash>\\)\\+"
        r"|&(?:#(?P<number>[0-9]{1,5})|#[xX](?P<html_hex>[0-9A-Fa-f]{1,4})|(?P<name>amp|lt|gt|quot|apos|plus|sol|equals));"
    )


def _character(match: re.Match[str]) -> str:
    """Return the character that was encoded."""
    digits = match["hex"] or match["unicode"] or match["html_hex"]
    if digits:
        return chr(int(digits, 16))
    if match["number"]:
        return chr(int(match["number"]))
    return _ENTITIES[match["name"]] if match["name"] else match["escaped"] or match["backslash"]


def _base64_forms(secret: bytes) -> set[str]:
    """Return the base64 of a secret for each of the three offsets at which it can begin in the encoded bytes.

    Characters at either end that also hold bits of other bytes are left out.
    """
    forms = set()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + secret).decode()
        form = whole[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(form) >= MIN_SECRET_LENGTH:
            forms.add(form)
    return forms


_held = SecretValues(())


def hold(secrets: Iterable[str]) -> None:
    """Hold these secrets as well from now on; values that are too short are left out."""
    global _held  # noqa: PLW0603 - the secrets are those of the whole process
    more = {secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH} - _held.secrets
    if more:
        _held = SecretValues(_held.secrets | more)


def hide(text: str) -> str:
    """Return a text in which `***` replaces every secret that the app holds."""
    return _held.hide(text)


def holds_any() -> bool:
    """Tell whether the app holds any secret."""
    return bool(_held.secrets)
