"""What a simulation is about, and what came of it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from tests.simulation.choices import Schedule
from tests.simulation.workers import Fault

SETS = ("", "file", "batch", "accumulate", "window")  # what a run trains on; "": the route has no batches


@dataclass(frozen=True)
class Plan:
    """What a simulation is about."""

    files: int = 1
    staging: bool = True
    overwrite: bool = False
    events: bool = True  # whether events and messages are delivered at all
    bake: bool = False  # whether a promoted model is watched for a while
    holdout: bool = False  # whether both models are measured on the same rows; needs staging
    approval: bool = False  # whether people must approve
    overrides: bool = False  # whether people go back, freeze and unfreeze
    copies: bool = False  # whether endpoints list a place of their own instead of what they were given
    retries: bool = False  # whether people have runs tried again that ended otherwise than promoted
    shapes: bool = False  # whether some models lack a class that callers know; without a holdout
    intake: bool = False  # whether the route reads its files; without a holdout, and with files that are tables
    sets: str = ""  # what a run trains on, as in routes.toml; "": the route has no batches
    bad: bool = False  # whether some files cannot be trained on as they are
    growing: bool = False  # whether some files grow
    marker: bool = False  # whether a file is released by a marker
    copied: bool = False  # whether some files have the bytes of another
    archives: bool = False  # whether originals of settled runs move away
    accepts: bool = False  # whether people accept the form of files in quarantine
    forgets: bool = False  # whether people have the data of a file deleted
    stranger: bool = False  # whether a model comes into service that the tables do not know

    @property
    def switches(self) -> list[str]:
        """The names of what is on."""
        return [name for name in switchable() if getattr(self, name)]


def with_intake(plan: Plan, source: random.Random) -> Plan:
    """Draw what a route that reads its files makes of them, and what people ask about them."""
    accepts = source.random() < 0.3
    return replace(
        plan,
        intake=True,
        sets=source.choice(SETS),
        bad=accepts or source.random() < 0.4,
        growing=source.random() < 0.3,
        marker=source.random() < 0.2,
        copied=source.random() < 0.2,
        archives=source.random() < 0.2,
        accepts=accepts,
        forgets=source.random() < 0.15,
    )


def switchable() -> list[str]:
    """Return the names of what can be on or off."""
    return [option.name for option in fields(Plan) if option.type == "bool" or option.type is bool]


@dataclass(frozen=True)
class Result:
    """What came of it."""

    plan: Plan
    schedule: Schedule  # every choice that was not 0
    broken: list[str]
    lines: list[str]
    requests: Sequence[str]  # the operations of the requests that the workers made until calm came, in order
    outcomes: Mapping[str, int] = field(default_factory=dict)


type Directed = tuple[str, int, Fault]  # an operation, which occurrence of it from 1, and what happens to it
