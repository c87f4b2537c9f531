"""What a simulation is about, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.simulation.choices import Schedule
from tests.simulation.workers import Fault


@dataclass(frozen=True)
class Plan:
    """What a simulation is about."""

    files: int = 1
    staging: bool = True
    overwrite: bool = False
    events: bool = True  # whether events and messages are delivered at all


@dataclass(frozen=True)
class Result:
    """What came of it."""

    plan: Plan
    schedule: Schedule  # every choice that was not 0
    broken: list[str]
    told: list[str]
    requests: Sequence[str]  # the operations of the requests that the workers made until calm came, in order
    outcomes: Mapping[str, int] = field(default_factory=dict)


type Directed = tuple[str, int, Fault]  # an operation, which occurrence of it from 1, and what happens to it
