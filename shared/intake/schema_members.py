"""The members of a JSON object of a schema; what is wrong is collected instead of raised (pure)."""

from collections.abc import Mapping
from typing import Any


class Members:
    """The members of a JSON object; reading notes every problem, with the full name of the member."""

    def __init__(self, value: Mapping[str, Any], key: str, problems: list[str]) -> None:
        self._left = dict(value)
        self.key = key
        self.problems = problems

    def full(self, name: str) -> str:
        """Return the full name of a member."""
        return f"{self.key}.{name}" if self.key else name

    def problem(self, name: str, fault: str) -> None:
        """Note a problem of a member: `fault` ends a sentence that begins with its name."""
        self.problems.append(f"{self.full(name)} {fault}.")

    def take(self, name: str, kind: type | tuple[type, ...], default: Any, what: str) -> Any:
        """Take a member of a kind; `default` if it is missing or wrong."""
        if name not in self._left:
            return default
        value = self._left.pop(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.problem(name, f"must be {what}, not {value!r}")
            return default
        return value

    def text(self, name: str, default: str | None) -> str | None:
        """Take a text."""
        value: str | None = self.take(name, str, default, "a text")
        return value

    def texts(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self.take(name, list, None, "a list of texts")
        if value is None:
            return default
        if not all(isinstance(item, str) for item in value):
            self.problem(name, f"must be a list of texts, not {value!r}")
            return default
        return tuple(value)

    def annotations(self, names: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
        """Take the members of these names that are there."""
        return tuple((name, self._left.pop(name)) for name in names if name in self._left)

    def inner(self, name: str) -> Mapping[str, Any]:
        """Take an object; empty if there is none."""
        value: Mapping[str, Any] = self.take(name, dict, {}, "an object")
        return value

    def finish(self, what: str) -> None:
        """Note every member that nothing took; `what` says of what it is not supported."""
        for name in self._left:
            self.problem(name, f"is not supported {what}; remove it, for Landfall would not obey it")
