"""One table of a TOML document; every problem names the full key, and problems are collected instead of raised."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping

from shared.blob_path import BlobPath
from shared.key_vault_references import REMEDY, UNRESOLVED, is_unresolved

_SETTING = re.compile(r"\$\{(?!\{)([^}]*)\}")  # `${{inputs.x}}` of a job's command is left alone


class TomlTable:
    """Reads typed values out of a TOML table.

    A value that is missing or wrong adds a problem and reads as an empty value, so that reading goes on and finds
    every problem. A value that is allowed but probably not meant adds a warning. `finish` reports the keys that
    nothing read.

    Where a required value is missing, the problem tells what to add: `add`, a noun phrase with an example.
    """

    def __init__(
        self,
        values: Mapping[str, object],
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
        self._read_keys: set[str] = set()

    def problem(self, name: str, fault: str, remedy: str = "") -> None:
        """Note a problem of one key of this table, or of the table itself where `name` is empty.

        `fault` is the end of a sentence that begins with the key, `remedy` a sentence; both without a full stop.
        """
        self._problems.append(f"{self._full(name)} {fault}." + (f" {remedy}." if remedy else ""))

    def warning(self, name: str, sentence: str) -> None:
        """Note a value that is allowed but probably not meant; the document is read all the same."""
        self._warnings.append(f"{self._full(name)} {sentence}")

    @property
    def key(self) -> str:
        """The table's full key; "" of the document."""
        return self._key

    @property
    def has_problems(self) -> bool:
        """Whether anything was wrong so far, in this table or any other of the document."""
        return bool(self._problems)

    def has(self, name: str) -> bool:
        """Tell whether the key is there."""
        return name in self._values

    def text(self, name: str, *, add: str = "", default: str | None = None) -> str:
        """Read a non-empty string; `${NAME}` in it is replaced from the environment."""
        value = self._take(name, default, add)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.problem(name, f"must be a non-empty string, not {value!r}")
            return ""
        return self._expand(name, value)

    def optional_text(self, name: str) -> str | None:
        """Read an optional non-empty string; None if it is absent or wrong."""
        return (self.text(name) or None) if self._is_there(name) else None

    def blob_path(self, name: str, extension: str) -> str:
        """Read the path of a blob: `container/name` with this extension; "" if it is wrong."""
        text = self.text(name, add=f"the blob's path, container/path{extension}")
        if not text:
            return ""
        try:
            path = BlobPath.parse(text)
        except ValueError as error:
            self.problem(name, f"is no blob path: {error}", f"Write container/path{extension}")
            return ""
        if not path.name.endswith(extension):
            self.problem(name, f"must end in {extension}, not {text!r}", f"Write container/path{extension}")
            return ""
        return text

    def secret(self, name: str, *, required: bool = True) -> tuple[str, str]:
        """Read a secret, which may stand here only as `${NAME}`; gives its value and that name."""
        if not required and not self._is_there(name):
            return "", ""
        value = self._take(name, None, 'the app setting that holds it, for example "${CENSUS_TRAINING_KEY}"')
        if value is None:
            return "", ""
        setting = _SETTING.fullmatch(value) if isinstance(value, str) else None
        if setting is None:
            self.problem(
                name,
                "must be written as ${NAME}: no secret may stand in this file",
                "Put the secret into an app setting and name the setting here",
            )
            return "", ""
        return self._expand(name, setting[0]), setting[1]

    def texts(self, name: str, *, add: str = "") -> list[str]:
        """Read a non-empty list of non-empty strings."""
        value = self._take(name, None, add)
        if value is None:
            return []
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            self.problem(name, f"must be a list of one or more strings, not {value!r}")
            return []
        return [self._expand(name, item) for item in value]

    def integer(self, name: str, default: int, *, minimum: int = 0, required: bool = False) -> int:
        """Read a whole number of at least `minimum`."""
        value = self._take(name, None if required else default, f"{name} = {default}")
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            self.problem(name, f"must be a whole number of at least {minimum}, not {value!r}")
            return default
        return value

    def optional_integer(self, name: str, *, minimum: int = 0) -> int | None:
        """Read an optional whole number of at least `minimum`."""
        return self.integer(name, minimum, minimum=minimum) if self._is_there(name) else None

    def number(self, name: str) -> float | None:
        """Read an optional finite number."""
        if not self._is_there(name):
            return None
        value = self._take(name, None)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.problem(name, f"must be a finite number, not {value!r}")
            return None
        return float(value)

    def boolean(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            self.problem(name, f"must be true or false, not {value!r}")
            return default
        return value

    def character(self, name: str) -> str | None:
        """Read an optional text of one character."""
        value = self._take(name, "") if self._is_there(name) else None
        if value is None or (isinstance(value, str) and len(value) == 1):
            return value
        self.problem(name, f"must be one character, not {value!r}")
        return None

    def choice(self, name: str, choices: list[str], *, required: bool = True) -> str:
        """Read one of some fixed words; "" if it is wrong, or if it is absent and not required."""
        if not required and not self._is_there(name):
            return ""
        listed = ", ".join(map(repr, choices))
        value = self._take(name, None, f"one of {listed}")
        if value is None:
            return ""
        if value not in choices:
            self.problem(name, f"must be one of {listed}, not {value!r}")
            return ""
        return str(value)

    def parameters(self, name: str) -> dict[str, str]:
        """Read an optional table of strings, numbers and booleans, each as the text that the protocol sends."""
        self._read_keys.add(name)
        value = self._values.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, str | int | float) for item in value.values()):
            self.problem(name, f"must be a table of strings or numbers, not {value!r}")
            return {}
        return {key: self._expand(name, item) if isinstance(item, str) else str(item) for key, item in value.items()}

    def table(self, name: str, *, required: bool = True) -> "TomlTable | None":
        """Read a table."""
        if not required and not self._is_there(name):
            return None
        value = self._take(name, None, f"the table [{self._full(name)}]")
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problem(name, f"must be a table, not {value!r}")
            return None
        return TomlTable(value, self._full(name), self._problems, self._environ, self._warnings)

    def tables(self, name: str, *, add: str) -> list["TomlTable"]:
        """Read a non-empty list of tables; problems index them from 0, as in `gates[0]`."""
        value = self._take(name, None, add)
        if value is None:
            return []
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            self.problem(name, "must be a list of one or more tables")
            return []
        return [
            TomlTable(item, f"{self._full(name)}[{number}]", self._problems, self._environ, self._warnings)
            for number, item in enumerate(value)
        ]

    def tables_by_name(self, name: str) -> dict[str, "TomlTable"]:
        """Read a table whose values are all tables."""
        self._read_keys.add(name)
        value = self._values.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            self.problem(name, f"must hold tables only, as in [{name}.NAME]")
            return {}
        full = self._full(name)
        return {
            key: TomlTable(item, f"{full}.{key}", self._problems, self._environ, self._warnings)
            for key, item in value.items()
        }

    def of_another_service(self, names: Iterable[str], service: str) -> None:
        """Report every one of these keys that is there: it belongs to a service of another kind."""
        for name in names:
            if self._is_there(name):
                self.problem(name, f"is a key of service = {service!r}", "Remove it, or use that service")

    def finish(self) -> None:
        """Report every key that nothing read, with the known key that is most like it."""
        for name in self._values:
            if name not in self._read_keys:
                near = difflib.get_close_matches(name, self._read_keys, n=1)
                hint = f"Write {near[0]!r} if that was meant" if near else "Remove it"
                self.problem(name, "is not a known key", hint)

    def _full(self, name: str) -> str:
        return ".".join(part for part in (self._key, name) if part)

    def _is_there(self, name: str) -> bool:
        """Tell whether an optional key is there; it is a known key in either case."""
        self._read_keys.add(name)
        return name in self._values

    def _take(self, name: str, default: object, add: str = "") -> object:
        self._read_keys.add(name)
        if name in self._values:
            return self._values[name]
        if default is None:
            self.problem(name, "is missing", f"Add {add}" if add else "")
        return default

    def _expand(self, name: str, value: str) -> str:
        texts = {setting: self._environ.get(setting, "") for setting in _SETTING.findall(value)}
        for setting, text in texts.items():
            if not text:
                self.problem(name, f"needs the setting {setting}, which is not set")
            elif is_unresolved(text):
                self.problem(name, f"needs the setting {setting}, which {UNRESOLVED}", REMEDY)
                texts[setting] = ""
        return _SETTING.sub(lambda match: texts[match[1]], value)
