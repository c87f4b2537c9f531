"""Reads an experiment: the TOML file with the plan of a training and its first CSV."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from studio.errors import ExperimentError
from studio.models.model import Task
from studio.tables.column_names import duplicates
from studio.training.parameters import SETTABLE
from studio.training.stated_kinds import stated_column
from studio.training.training_plan import BOOSTED, LEARNERS, STANDARD_PARAMETERS, Parameter, TrainingPlan

TASKS = get_args(Task.__value__)
MAX_NAME_CHARACTERS = 100
_PLAN_NUMBERS = ("seed", "test_fraction", "trees", "leaves", "learning_rate")
_CHOICES = ("learner", "compare", "row_filter", "drop_unlabelled", "columns", "parameters")
_KEYS = {"name", "data", "label", "task", "positive", *_PLAN_NUMBERS, *_CHOICES}


@dataclass(frozen=True)
class Experiment:
    """A named training plan with the CSV of its first training."""

    name: str
    data: Path
    plan: TrainingPlan


class _Reader:
    """Reads typed values from the table, and collects every problem."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.table = table
        self.problems: list[str] = []

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.problems.append(f"`{key}` must be a non-empty string")
        return ""

    def choice(self, key: str, default: str, choices: Sequence[str]) -> str:
        value = self.table.get(key, default)
        if value in choices:
            return str(value)
        self.problems.append(f"`{key}` is {value!r}; it must be one of: {', '.join(choices)}")
        return choices[0]

    def flag(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            self.problems.append(f"`{key}` must be true or false")
        return value is True

    def checked(self, key: str) -> Any:
        """Return a value that a job's parameter may set too, checked by the same rule; None if the key is missing."""
        value = self.table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or isinstance(value, str) is (key in _PLAN_NUMBERS):
            self.problems.append(f"`{key}` is {value!r}; it must be a {'number' if key in _PLAN_NUMBERS else 'string'}")
            return None
        try:
            return SETTABLE[key](str(value))
        except ValueError as error:
            self.problems.append(f"`{key}` {error}")
        return None

    def columns(self, label: str) -> tuple[tuple[str, str], ...]:
        """Read `[columns]`: `name = "kind"`."""
        table = self.table.get("columns", {})
        if not isinstance(table, dict):
            self.problems.append("`columns` must be a table of names and kinds")
            return ()
        kinds: dict[str, str] = {}
        for given, kind in table.items():
            name = given.strip()
            try:
                stated_column(name, kind if isinstance(kind, str) else repr(kind))
            except ValueError as error:
                self.problems.append(f"column {given!r} {error}")
            if name == label or name in kinds:
                why = "is the label, whose kind the task decides" if name == label else "is given twice"
                self.problems.append(f"column {given!r} of `columns` {why}")
            kinds[name] = str(kind)
        return tuple(kinds.items())

    def parameters(self) -> tuple[Parameter, ...]:
        """Read `[parameters]`: `"Name" = "field"` or `"Name" = { sets = "field", required = true }`."""
        table = self.table.get("parameters")
        if table is None:
            return STANDARD_PARAMETERS
        if not isinstance(table, dict):
            self.problems.append("`parameters` must be a table of names")
            return ()
        parameters = []
        for name, value in table.items():
            members = {"sets": value} if isinstance(value, str) else value
            if not isinstance(members, dict) or not set(members) <= {"sets", "required"} or "sets" not in members:
                self.problems.append(f"parameter {name!r} must be the name of a setting, or {{ sets, required }}")
            elif members["sets"] not in SETTABLE:
                settable = ", ".join(SETTABLE)
                self.problems.append(f"parameter {name!r} sets {members['sets']!r}; it must be one of: {settable}")
            elif not isinstance(members.get("required", False), bool):
                self.problems.append(f"parameter {name!r}: `required` must be true or false")
            else:
                parameters.append(Parameter(name, members["sets"], members.get("required", False)))
        twice = duplicates([parameter.sets for parameter in parameters])
        if twice:
            self.problems.append(f"more than one parameter sets {', '.join(twice)}")
        return tuple(parameters)


def load_experiment(path: Path) -> Experiment:
    """Read and check an experiment's TOML; `data` is relative to the file.

    Raises:
        ExperimentError: with every problem of the file.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExperimentError(str(path), ["the file does not exist"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExperimentError(str(path), [f"it cannot be read as TOML: {error}"]) from error
    reader = _Reader(table)
    name, data, label = reader.text("name"), reader.text("data"), reader.text("label")
    task = reader.choice("task", "", TASKS)
    # With an unknown task `positive` is not required, but checked if it is there.
    has_positive = table.get("task") == "binary" or (table.get("task") not in TASKS and "positive" in table)
    positive = reader.text("positive") if has_positive else ""
    problems = reader.problems
    if task != "binary" and "positive" in table:
        problems.append("`positive` is allowed only for the task 'binary'")
    numbers = {key: reader.checked(key) for key in (*_PLAN_NUMBERS, "row_filter")}
    plan = TrainingPlan(
        cast("Task", task),
        label,
        positive,
        learner=reader.choice("learner", BOOSTED, LEARNERS),
        compare=reader.flag("compare"),
        drop_unlabelled=reader.flag("drop_unlabelled"),
        columns=reader.columns(label),
        parameters=reader.parameters(),
        **{key: value for key, value in numbers.items() if value is not None},
    )
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        problems.append(f"`name` must be at most {MAX_NAME_CHARACTERS} printable characters")
    csv = path.parent / data
    if data and not csv.is_file():
        problems.append(f"`data`: there is no file {csv}")
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        problems.append(f"unknown keys: {', '.join(unknown)}. The keys are {', '.join(sorted(_KEYS))}")
    if problems:
        raise ExperimentError(str(path), problems)
    return Experiment(name, csv, plan)
