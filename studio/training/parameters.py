"""Web service parameters: the settings of a training that a job may change, under the experiment's names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from studio.errors import ParameterError, RowFilterError
from studio.json_values import Json
from studio.tables.cell_parsing import parse_number
from studio.tables.row_filter import read_row_filter
from studio.training.training_plan import LEARNERS, Parameter, TrainingPlan

MAX_SEED = 2**31 - 1
FLAGS = ("true", "false")


@dataclass(frozen=True)
class _Number:
    """A number within bounds; `whole`: an integer."""

    low: float
    high: float
    whole: bool = True

    def of(self, text: str) -> float | int:
        value = parse_number(text.strip())
        if value is None or not self.low <= value <= self.high or (self.whole and value != int(value)):
            kind = "whole number" if self.whole else "number"
            raise ValueError(f"must be a {kind} from {self.low:g} to {self.high:.10g}, not {text!r}")
        return int(value) if self.whole else value


def _learner(text: str) -> str:
    if text not in LEARNERS:
        raise ValueError(f"must be one of {', '.join(LEARNERS)}, not {text!r}")
    return text


def _row_filter(text: str) -> str:
    if text.strip():
        try:
            read_row_filter(text)
        except RowFilterError as error:
            raise ValueError(f"cannot be read: {error}") from error
    return text


def _flag(text: str) -> bool:
    if text.strip().lower() not in FLAGS:
        raise ValueError(f"must be true or false, not {text!r}")
    return text.strip().lower() == FLAGS[0]


_NUMBERS = {
    "seed": _Number(0, MAX_SEED),
    "test_fraction": _Number(0.001, 0.999, whole=False),
    "trees": _Number(1, 10_000),
    "leaves": _Number(2, 1024),
    "learning_rate": _Number(0.0001, 1, whole=False),
}
# By field of the plan that a parameter may set: the function that parses its text.
SETTABLE: dict[str, Any] = {name: number.of for name, number in _NUMBERS.items()} | {
    "learner": _learner,
    "row_filter": _row_filter,
    "drop_unlabelled": _flag,
}
_CHOICES = {"learner": LEARNERS, "drop_unlabelled": FLAGS}


def value_schema(sets: str) -> Json:
    """Return the JSON schema of the values for a field of the plan."""
    if sets in _NUMBERS:
        number = _NUMBERS[sets]
        return {"type": "integer" if number.whole else "number", "minimum": number.low, "maximum": number.high}
    return {"type": "string"} | ({"enum": list(_CHOICES[sets])} if sets in _CHOICES else {})


def required_names(parameters: tuple[Parameter, ...]) -> list[str]:
    """Return the names of the parameters that every job must give."""
    return [parameter.name for parameter in parameters if parameter.required]


def plan_of_job(plan: TrainingPlan, given: Mapping[str, str]) -> TrainingPlan:
    """Return the service's plan with the changes of a job's parameters, whose names are valid.

    Raises:
        ParameterError: some values are invalid; all are named.
    """
    changes, problems = {}, []
    for parameter in plan.parameters:
        if parameter.name in given:
            try:
                changes[parameter.sets] = SETTABLE[parameter.sets](given[parameter.name])
            except ValueError as error:
                problems.append(f"{parameter.name!r} {error}")
    if problems:
        raise ParameterError("; ".join(problems))
    return replace(plan, **changes)
