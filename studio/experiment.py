"""An experiment: the TOML file that says which CSV trains which model."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import ExperimentError

TASKS = ("binary",)
NAME_LIMIT = 100
_KEYS = {"name", "data", "label", "task", "positive", "test_fraction", "seed"}


@dataclass(frozen=True)
class TrainingPlan:
    """What a training needs to know besides the CSV."""

    task: str
    label: str
    positive: str
    test_fraction: float  # share of the rows held out for the evaluation, more than 0 and less than 1
    seed: int


@dataclass(frozen=True)
class Experiment:
    """A named training plan with the CSV of its first training."""

    name: str
    data: Path
    plan: TrainingPlan


class _Reader:
    """Takes typed values out of the table and collects every problem on the way."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.table = table
        self.problems: list[str] = []

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.problems.append(f"`{key}` must be a non-empty string")
        return ""

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.table.get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low < value < high:
            return float(value)
        self.problems.append(f"`{key}` must be a number between {low:g} and {high:g}, both excluded")
        return default

    def whole(self, key: str, default: int) -> int:
        value = self.table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
            return value
        self.problems.append(f"`{key}` must be a whole number from 0 to {2**31 - 1}")
        return default


def load_experiment(path: Path) -> Experiment:
    """Read and check an experiment's TOML; `data` is relative to the file.

    Raises:
        ExperimentError: with every problem of the file.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExperimentError(str(path), ["there is no such file"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExperimentError(str(path), [f"it cannot be read as TOML: {error}"]) from error
    reader = _Reader(table)
    name, data, label = reader.text("name"), reader.text("data"), reader.text("label")
    task, positive = reader.text("task"), reader.text("positive")
    test_fraction, seed = reader.number("test_fraction", 0.25, 0, 1), reader.whole("seed", 0)
    problems = reader.problems
    if len(name) > NAME_LIMIT or not name.isprintable():
        problems.append(f"`name` must be at most {NAME_LIMIT} printable characters")
    if task and task not in TASKS:
        problems.append(f"`task` is {task!r}; this version trains: {', '.join(TASKS)}")
    csv = path.parent / data
    if data and not csv.is_file():
        problems.append(f"`data`: there is no file {csv}")
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        problems.append(f"unknown keys {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}")
    if problems:
        raise ExperimentError(str(path), problems)
    return Experiment(name, csv, TrainingPlan(task, label, positive, test_fraction, seed))
