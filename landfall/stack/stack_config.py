"""What a stack is made of, as its state folder remembers it: a start with something else is no silent change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class StackConfig:
    """What a state folder was started with.

    Attributes:
        experiments: what the studio publishes; none without a studio.
        settings: app settings by `--set`. They may be secrets: no message shows a value.
    """

    routes: Path
    experiments: tuple[Path, ...]
    settings: Mapping[str, str]
    studio: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return it for the state folder's private file."""
        return {
            "routes": str(self.routes),
            "experiments": [str(path) for path in self.experiments],
            "settings": dict(self.settings),
            "studio": self.studio,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read it back."""
        experiments = tuple(Path(path) for path in document["experiments"])
        return cls(Path(document["routes"]), experiments, dict(document["settings"]), bool(document["studio"]))


@dataclass(frozen=True)
class ConfigChanges:
    """What a command line says of it; None, or no setting: nothing. `studio` False: without one."""

    routes: Path | None = None
    experiments: Sequence[Path] | None = None
    settings: Mapping[str, str] | None = None
    studio: bool | None = None

    def over(self, before: StackConfig) -> StackConfig:
        """Return a choice with what is given in place of what it was; settings one by one, by their names."""
        studio = before.studio if self.studio is None and not self.experiments else self.studio is not False
        experiments = before.experiments if self.experiments is None else _absolute(self.experiments)
        return StackConfig(
            routes=before.routes if self.routes is None else self.routes.resolve(),
            experiments=experiments if studio else (),
            settings={**before.settings, **(self.settings or {})},
            studio=studio,
        )


def differences(before: StackConfig, now: StackConfig) -> list[str]:
    """Return a line for each thing that is chosen otherwise; none of them shows a setting's value."""
    found = []
    if before.routes != now.routes:
        found.append(f"routes: {before.routes} before, {now.routes} now")
    if before.studio != now.studio:
        words = {True: "with one", False: "without one"}
        found.append(f"studio: {words[before.studio]} before, {words[now.studio]} now")
    elif set(before.experiments) != set(now.experiments):
        found.append(f"experiments: {_listed(before.experiments)} before, {_listed(now.experiments)} now")
    for name, value in now.settings.items():
        if name not in before.settings:
            found.append(f"setting {name}: not set before")
        elif before.settings[name] != value:
            found.append(f"setting {name}: another value before")
    return found


def _absolute(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(path.resolve() for path in paths)


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths)) or "none"
