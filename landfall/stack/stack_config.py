"""The configuration of a stack, and the changes that a command line makes to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class StackConfig:
    """What a stack is started with.

    Attributes:
        experiments: the files that the studio publishes; none without a studio.
        settings: app settings by `--set`. They may be secrets: no message shows a value.
    """

    routes: Path
    experiments: tuple[Path, ...]
    settings: Mapping[str, str]
    studio: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the configuration for the state folder's private file."""
        return {
            "routes": str(self.routes),
            "experiments": [str(path) for path in self.experiments],
            "settings": dict(self.settings),
            "studio": self.studio,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave."""
        experiments = tuple(Path(path) for path in document["experiments"])
        return cls(Path(document["routes"]), experiments, dict(document["settings"]), bool(document["studio"]))


@dataclass(frozen=True)
class ConfigChanges:
    """The options of a command line. None keeps what was; so does a setting that is not named."""

    routes: Path | None = None
    experiments: Sequence[Path] | None = None
    settings: Mapping[str, str] | None = None
    studio: bool | None = None

    def applied_to(self, before: StackConfig) -> StackConfig:
        """Return a configuration with these changes; settings are replaced one by one, by name."""
        studio = before.studio if self.studio is None and not self.experiments else self.studio is not False
        experiments = before.experiments if self.experiments is None else _absolute(self.experiments)
        return StackConfig(
            routes=before.routes if self.routes is None else self.routes.resolve(),
            experiments=experiments if studio else (),
            settings={**before.settings, **(self.settings or {})},
            studio=studio,
        )


def differences(before: StackConfig, now: StackConfig) -> list[str]:
    """Return a line for each difference; none shows a setting's value."""
    lines = []
    if before.routes != now.routes:
        lines.append(f"routes: {before.routes} before, {now.routes} now")
    if before.studio != now.studio:
        words = {True: "with one", False: "without one"}
        lines.append(f"studio: {words[before.studio]} before, {words[now.studio]} now")
    elif set(before.experiments) != set(now.experiments):
        lines.append(f"experiments: {_listed(before.experiments)} before, {_listed(now.experiments)} now")
    for name, value in now.settings.items():
        if name not in before.settings:
            lines.append(f"setting {name}: not set before")
        elif before.settings[name] != value:
            lines.append(f"setting {name}: another value before")
    return lines


def _absolute(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(path.resolve() for path in paths)


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths)) or "none"
