r"""Texts of others as people may see them: what would act on a terminal, or turn a line around, is its code (pure).

Names of files, columns and services, and the reasons that quote them, may hold any character: one that clears the
screen, writes over a line, or has a name read from right to left. Wherever a person reads, each such character appears
as Python writes it: `\x1b`, `\u202e`.
"""


def visible(text: str, *, keep: str = "") -> str:
    """Return a text with every character that is no visible one, and no plain space, as its code.

    `keep` are characters that stay: the line breaks of a text that has lines of its own.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else _code(one) for one in text)


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
