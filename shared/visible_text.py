r"""Escapes the characters of untrusted texts that would act on a terminal or turn a line around (pure).

Names of files, columns and services, and the reasons that quote them, may hold any character: one that clears the
screen, overwrites a line, or reverses the reading direction. Wherever a person reads, such a character appears as its
Python escape: `\x1b`, `\u202e`.
"""


def visible(text: str, *, keep: str = "") -> str:
    """Return a text with every unprintable character escaped.

    Characters in `keep` stay as they are: the line breaks of a text of several lines.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in keep else _escape(character) for character in text
    )


def _escape(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
