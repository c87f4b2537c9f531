"""File patterns of routes: which names they match, and whether two patterns overlap (pure)."""

import re
from collections.abc import Iterator

# A place of a pattern accepts one given character, any character but "/", or any character.
_NOT_SLASH = "not-slash"
_ANY = "any"


class FilePattern:
    """A pattern over blob names: `*` any characters within a folder, `**` also across folders, `?` one character.

    Raises:
        ValueError: the text is empty, begins with "/", or uses `[`, which has no meaning here.
    """

    def __init__(self, text: str) -> None:
        if not text or text.startswith("/"):
            raise ValueError("Write a path inside the input container, without a leading slash")
        if "[" in text or "]" in text:
            raise ValueError("Use only the wildcards *, ** and ?: [ and ] are not supported")
        self.text = text
        self.places = list(_places(text))
        self._regex = re.compile("".join(_regex(accepted, repeats) for accepted, repeats in self.places), re.DOTALL)

    def matches(self, name: str) -> bool:
        """Tell whether the whole blob name fits."""
        return self._regex.fullmatch(name) is not None

    def overlaps(self, pattern: "FilePattern") -> bool:
        """Tell whether some name fits both: walks over the pairs of places that a common name could reach."""
        visited: set[tuple[int, int]] = set()
        todo = [(0, 0)]
        while todo:
            here, there = todo.pop()
            if (here, there) in visited:
                continue
            visited.add((here, there))
            mine, mine_repeats = _place(self.places, here)
            theirs, theirs_repeats = _place(pattern.places, there)
            if not mine and not theirs:
                return True
            if mine_repeats:
                todo.append((here + 1, there))
            if theirs_repeats:
                todo.append((here, there + 1))
            if mine and theirs and _meet(mine, theirs):
                todo.append((here if mine_repeats else here + 1, there if theirs_repeats else there + 1))
        return False


def _place(places: list[tuple[str, bool]], at: int) -> tuple[str, bool]:
    """Return what place `at` accepts and whether it repeats; ("", False) at the end."""
    return places[at] if at < len(places) else ("", False)


def _places(text: str) -> Iterator[tuple[str, bool]]:
    for part in re.findall(r"\*+|\?|[^*?]", text):
        if part.startswith("*"):
            yield (_ANY if len(part) > 1 else _NOT_SLASH), True
        else:
            yield (_NOT_SLASH if part == "?" else part), False


def _regex(accepted: str, repeats: bool) -> str:
    character = {_ANY: ".", _NOT_SLASH: "[^/]"}.get(accepted) or re.escape(accepted)
    return character + ("*" if repeats else "")


def _meet(mine: str, theirs: str) -> bool:
    """Tell whether some character is accepted by both places."""
    if len(mine) > 1 and len(theirs) > 1:
        return True
    if len(mine) == 1 and len(theirs) == 1:
        return mine == theirs
    literal, group = (mine, theirs) if len(mine) == 1 else (theirs, mine)
    return group == _ANY or literal != "/"
