"""The settings of a training: a service keeps them, and a job changes them by its parameters."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Self

from studio.models.model import Task

BOOSTED, LINEAR, BEST = "boosted-trees", "linear", "best"
LEARNERS = (BOOSTED, LINEAR, BEST)


@dataclass(frozen=True)
class Parameter:
    """A web service parameter: the name for callers, and the field of the plan that it sets."""

    name: str
    sets: str
    required: bool = False


STANDARD_PARAMETERS = (
    Parameter("Random seed", "seed"),
    Parameter("Test fraction", "test_fraction"),
    Parameter("Number of trees", "trees"),
    Parameter("Number of leaves", "leaves"),
    Parameter("Learning rate", "learning_rate"),
    Parameter("Row filter", "row_filter"),
    Parameter("Drop unlabelled rows", "drop_unlabelled"),
)


@dataclass(frozen=True)
class TrainingPlan:
    """The settings of a training. Those that are None are chosen by the number of rows."""

    task: Task
    label: str
    positive: str = ""  # of a binary task
    test_fraction: float = 0.25  # share of the rows held out for the evaluation, more than 0 and less than 1
    seed: int = 0
    learner: str = BOOSTED
    compare: bool = False  # evaluate the other learner too, as the second row
    trees: int | None = None
    leaves: int | None = None  # of a tree, at most
    learning_rate: float | None = None
    row_filter: str = ""
    drop_unlabelled: bool = False  # leave out rows without a label instead of refusing the file
    columns: tuple[tuple[str, str], ...] = ()  # name and stated kind of each
    parameters: tuple[Parameter, ...] = STANDARD_PARAMETERS

    @classmethod
    def of_json(cls, text: str) -> Self:
        """Return the plan that `to_json` wrote.

        Raises:
            ValueError: a studio with other settings wrote it.
        """
        members = json.loads(text)
        names = {field.name for field in fields(cls)}
        if not isinstance(members, dict) or members.keys() != names:
            raise ValueError("its plan is of another format")
        parameters = tuple(Parameter(**parameter) for parameter in members["parameters"])
        return cls(**members | {"parameters": parameters, "columns": tuple(map(tuple, members["columns"]))})

    def to_json(self) -> str:
        """Return the plan as a text."""
        return json.dumps(asdict(self))
