"""One table of a TOML document, read with its full key in every problem; problems are collected, not raised."""

import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

from shared.blob_path import BlobPath

_SETTING = re.compile(r"\$\{([^}]*)\}")


class Table:
    """Reads typed values out of a TOML table.

    A value that is missing or wrong adds a sentence to `problems` and reads as an empty one, so that reading goes on
    and every problem is found. What is allowed and probably not meant adds one to `warnings`. `finish` reports keys
    that nothing asked for.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        key: str,
        problems: list[str],
        environ: Mapping[str, str],
        warnings: list[str] | None = None,
    ) -> None:
        self._values = values
        self._key = key
        self._problems = problems
        self._environ = environ
        self._warnings: list[str] = [] if warnings is None else warnings
        self._asked: set[str] = set()

    def problem(self, name: str, sentence: str) -> None:
        """Note a problem of one key of this table."""
        self._problems.append(f"{self._full(name)} {sentence}")

    def warning(self, name: str, sentence: str) -> None:
        """Note what is allowed and probably not meant; the document is read all the same."""
        self._warnings.append(f"{self._full(name)} {sentence}")

    @property
    def found_problems(self) -> bool:
        """Whether anything was wrong so far, in this table or any other of the document."""
        return bool(self._problems)

    def has(self, name: str) -> bool:
        """Tell whether the key is there."""
        return name in self._values

    def text(self, name: str, *, default: str | None = None) -> str:
        """Read a non-empty string; `${NAME}` in it is replaced from the environment."""
        value = self._take(name, default)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.problem(name, f"must be a non-empty string, not {value!r}")
            return ""
        return self._expand(name, value)

    def blob_path(self, name: str, extension: str) -> str:
        """Read where a blob of some kind is: `container/name` with this extension; "" if it is wrong."""
        text = self.text(name)
        if not text:
            return ""
        try:
            path = BlobPath.parse(text)
        except ValueError as error:
            self.problem(name, f"is wrong: {error}. Write container/path{extension}")
            return ""
        if not path.name.endswith(extension):
            self.problem(name, f"must end in {extension}, not {text!r}. Write container/path{extension}")
            return ""
        return text

    def secret(self, name: str, *, required: bool = True) -> tuple[str, str]:
        """Read a secret, which may stand here only as `${NAME}`; gives its value and that name."""
        if not required and name not in self._values:
            self._asked.add(name)
            return "", ""
        value = self._take(name, None)
        if value is None:
            return "", ""
        found = _SETTING.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.problem(
                name, "must be written as ${NAME} and come from the environment: no secret stands in this file"
            )
            return "", ""
        return self._expand(name, found[0]), found[1]

    def texts(self, name: str) -> list[str]:
        """Read a non-empty list of non-empty strings."""
        value = self._take(name, None)
        if value is None:
            return []
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            self.problem(name, f"must be a list of one or more strings, not {value!r}")
            return []
        return [self._expand(name, item) for item in value]

    def integer(self, name: str, default: int, *, least: int = 0, required: bool = False) -> int:
        """Read a whole number of at least `least`."""
        value = self._take(name, None if required else default)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.problem(name, f"must be a whole number of at least {least}, not {value!r}")
            return default
        return value

    def number(self, name: str) -> float | None:
        """Read an optional finite number."""
        if name not in self._values:
            self._asked.add(name)
            return None
        value = self._take(name, None)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.problem(name, f"must be a finite number, not {value!r}")
            return None
        return float(value)

    def choice(self, name: str, choices: list[str], *, required: bool = True) -> str:
        """Read one of some fixed words; "" if it is wrong, or absent and not required."""
        if not required and name not in self._values:
            self._asked.add(name)
            return ""
        value = self._take(name, None)
        if value is None:
            return ""
        if value not in choices:
            self.problem(name, f"must be one of {', '.join(map(repr, choices))}, not {value!r}")
            return ""
        return str(value)

    def parameters(self, name: str) -> dict[str, str]:
        """Read an optional table of strings, numbers and booleans, each as the text that the protocol sends."""
        self._asked.add(name)
        value = self._values.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, str | int | float) for item in value.values()):
            self.problem(name, f"must be a table of strings or numbers, not {value!r}")
            return {}
        return {key: self._expand(name, item) if isinstance(item, str) else str(item) for key, item in value.items()}

    def table(self, name: str, *, required: bool = True) -> "Table | None":
        """Read a table."""
        if not required and name not in self._values:
            self._asked.add(name)
            return None
        value = self._take(name, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problem(name, f"must be a table, not {value!r}")
            return None
        return Table(value, self._full(name), self._problems, self._environ, self._warnings)

    def tables(self, name: str) -> list["Table"]:
        """Read a non-empty list of tables; in problems they are counted from 1."""
        value = self._take(name, None)
        if value is None:
            return []
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            self.problem(name, "must be a list of one or more tables")
            return []
        return [
            Table(item, f"{self._full(name)}[{number}]", self._problems, self._environ, self._warnings)
            for number, item in enumerate(value, start=1)
        ]

    def tables_by_name(self, name: str) -> dict[str, "Table"]:
        """Read a table whose values are all tables."""
        self._asked.add(name)
        value = self._values.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            self.problem(name, f"must hold tables only, as in [{name}.NAME]")
            return {}
        full = self._full(name)
        return {
            key: Table(item, f"{full}.{key}", self._problems, self._environ, self._warnings)
            for key, item in value.items()
        }

    def finish(self) -> None:
        """Report every key that nothing asked for, with the likely intended one."""
        for name in self._values:
            if name not in self._asked:
                near = difflib.get_close_matches(name, self._asked, n=1)
                self.problem(name, "is not a known key" + (f"; did you mean {near[0]!r}?" if near else ""))

    def _full(self, name: str) -> str:
        return f"{self._key}.{name}" if self._key else name

    def _take(self, name: str, default: Any) -> Any:
        self._asked.add(name)
        if name in self._values:
            return self._values[name]
        if default is None:
            self.problem(name, "is missing")
        return default

    def _expand(self, name: str, value: str) -> str:
        for setting in _SETTING.findall(value):
            if not self._environ.get(setting):
                self.problem(name, f"needs the setting {setting}, which is not set")
        return _SETTING.sub(lambda found: self._environ.get(found[1], ""), value)
