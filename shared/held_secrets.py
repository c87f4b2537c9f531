"""The very secrets that the app holds, found in any text however they are written there, and taken out.

A service may repeat a key that it was sent in whatever words and encoding, where no pattern tells that it is one. So
texts are looked through for the values themselves: as they are, as URL, JSON or HTML writes them (any number of times
over), in base64 and base64url at any place within what was encoded, and cut off after `PREFIX` characters or later.

Nothing is compiled or encoded before the first secret is held: importing this costs nothing.
"""

import base64
import functools
import re
from bisect import bisect_left
from collections.abc import Iterable

HIDDEN = "***"
LEAST = 8  # characters; what is shorter may be a word, and is never held
PREFIX = 16  # characters: so many of the beginning of a secret, or of its base64, are a secret
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "plus": "+", "sol": "/", "equals": "="}
ROUNDS = 5  # so many times over a text may be encoded
_STANDARD = str.maketrans("-_", "+/")  # base64url as base64, character for character


class SecretValues:
    """Some secrets, and every form in which they are looked for."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(filter(None, secrets))
        # The form, how it must begin to be one, and whether it is base64.
        self._forms: list[tuple[str, str, bool]] = []
        for secret in self.secrets:
            plain = secret
            for _ in range(ROUNDS):
                plain = _Decoded(plain).plain  # as the texts are that it is looked for in
            self._forms += [(form, form[:PREFIX], False) for form in {secret, plain}]
            if len(secret) >= LEAST:
                self._forms += [(form, form[:PREFIX], True) for form in _base64_forms(secret.encode())]

    def hide(self, text: str) -> str:
        """Return a text with every secret in it replaced by stars."""
        if not self._forms:
            return text
        # With each layer of encoding, since what stands before a secret may make an encoded character with it.
        spans = list(self._spans(text))
        rounds = [_Decoded(text)]
        while rounds[-1].changed and len(rounds) <= ROUNDS:
            for first, last in self._spans(rounds[-1].plain):
                start, end = first, last
                for one in reversed(rounds):
                    start, end = one.source(start), one.source(end)
                spans.append((start, end))
            rounds.append(_Decoded(rounds[-1].plain))
        shown, done = "", 0
        for start, end in sorted(spans):
            if start > done or not done:
                shown += text[done:start] + HIDDEN
            done = max(done, end)
        return shown + text[done:]

    def _spans(self, plain: str) -> Iterable[tuple[int, int]]:
        """Give where a secret, or a long beginning of one, stands in a text without encodings."""
        standard = plain.translate(_STANDARD) if "-" in plain or "_" in plain else plain
        for form, head, encoded in self._forms:
            within = standard if encoded else plain
            start = within.find(head)
            while start >= 0:
                end = start + len(head)
                while end < len(within) and end - start < len(form) and within[end] == form[end - start]:
                    end += 1
                if encoded and end - start == len(form):  # the last bits stand in a character together with others
                    end += within[end : end + 1].isalnum() or within[end : end + 1] in {"+", "/"}
                    end += len(within[end : end + 2]) - len(within[end : end + 2].lstrip("="))
                yield start, end
                start = within.find(head, end)


class _Decoded:
    """A text with one layer of URL, JSON and HTML encoding taken off, and where each character of it came from."""

    def __init__(self, text: str) -> None:
        self._at: list[int] = []  # positions in `plain` of what was decoded
        self._ends: list[int] = []  # where each of these ends in the text
        self.plain = text
        if not ("%" in text or "\\" in text or "&" in text):
            return
        parts: list[str] = []
        size = done = 0
        for found in _encoded().finditer(text):
            kept = text[done : found.start()]
            parts += (kept, _character(found))
            size += len(kept) + 1
            done = found.end()
            self._at.append(size - 1)
            self._ends.append(done)
        self.plain = "".join(parts) + text[done:]

    @property
    def changed(self) -> bool:
        """Whether anything was decoded."""
        return bool(self._at)

    def source(self, place: int) -> int:
        """Return where the character at a place of `plain`, or the end of the one before, is in the text."""
        behind = bisect_left(self._at, place) - 1
        return place if behind < 0 else self._ends[behind] + place - self._at[behind] - 1


@functools.cache
def _encoded() -> re.Pattern[str]:
    """Return what finds one encoded character."""
    return re.compile(
        r"%(?:25)*(?P<hex>[0-9A-Fa-f]{2})"
        r"|\\+u(?P<unicode>[0-9A-Fa-f]{4})"
        r"|\\+(?P<escaped>[\"'/])"
        r"|(?P<backslash>\\)\\+"
        r"|&(?:#(?P<number>[0-9]{1,5})|#[xX](?P<html_hex>[0-9A-Fa-f]{1,4})|(?P<name>amp|lt|gt|quot|apos|plus|sol|equals));"
    )


def _character(found: re.Match[str]) -> str:
    """Return the one character that was encoded."""
    digits = found["hex"] or found["unicode"] or found["html_hex"]
    if digits:
        return chr(int(digits, 16))
    if found["number"]:
        return chr(int(found["number"]))
    return _ENTITIES[found["name"]] if found["name"] else found["escaped"] or found["backslash"]


def _base64_forms(secret: bytes) -> set[str]:
    """Return the base64 of a secret at each of the three places that it can begin at within what was encoded.

    Without the characters at either end that stand for bytes of something else as well.
    """
    forms = set()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + secret).decode()
        form = whole[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(form) >= LEAST:
            forms.add(form)
    return forms


_held = SecretValues(())


def hold(secrets: Iterable[str]) -> None:
    """Hold these as well from now on; what is too short to be a secret is left out."""
    global _held  # noqa: PLW0603 - there is one process, and what it holds is its own
    more = {secret for secret in secrets if len(secret) >= LEAST} - _held.secrets
    if more:
        _held = SecretValues(_held.secrets | more)


def hide(text: str) -> str:
    """Return a text with every secret that the app holds replaced by stars."""
    return _held.hide(text)


def holds_any() -> bool:
    """Tell whether there is any secret to look for."""
    return bool(_held.secrets)
