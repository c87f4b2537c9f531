"""Where a simulation turns: every choice has a number, and 0 is what happens on a calm day."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

type Schedule = Mapping[str, int]  # "<kind>:<number of this draw>" -> what was chosen; what is not named is 0


@dataclass
class Choices:
    """Draws choices, at random or from a schedule, and records those that are not 0."""

    source: random.Random | None = None  # None: follow `schedule`
    schedule: Schedule = field(default_factory=dict)
    chances: Mapping[str, float] = field(default_factory=dict)  # by kind, how likely something else than 0 is
    beside: Mapping[str, random.Random] = field(default_factory=dict)  # by kind, a source of its own
    calm: bool = False
    taken: dict[str, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def draw(self, kind: str, options: int) -> int:
        """Choose one of `options` possibilities."""
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        if self.calm or options < 2:
            return 0
        key = f"{kind}:{number}"
        source = self.beside.get(kind, self.source)
        if source is None:
            chosen = min(self.schedule.get(key, 0), options - 1)
        elif source.random() < self.chances.get(kind, 0.0):
            chosen = source.randrange(1, options)
        else:
            chosen = 0
        if chosen:
            self.taken[key] = chosen
        return chosen

    def count(self, kind: str) -> int:
        """Return how many choices of a kind were drawn so far."""
        return self._counts.get(kind, 0)


def of_seed(seed: int) -> Choices:
    """Return the choices of a seed: how wild a day it is is drawn as well."""
    source = random.Random(seed)
    chances = {
        "fault": source.choice([0.0, 0.01, 0.04, 0.12]),
        "next": source.choice([0.0, 0.1, 0.5]),
        "start": source.choice([0.05, 0.3]),
        "which": source.choice([0.0, 0.5]),
        "event": source.choice([0.2, 0.7]),
        "job": source.choice([0.1, 0.4]),
        "endpoint": source.choice([0.0, 0.3]),
        "end": source.choice([0.0, 0.1]),
        "reply": source.choice([0.0, 0.02]),
        "down": source.choice([0.0, 0.0, 0.03]),
        "skew": source.choice([0.0, 0.5]),
        "file": 0.5,
        "wish": 0.3,
    }
    # Drawn from sources of their own: what else a seed decides stays as it is.
    kinds = ("page", "ignored", "archived", "missing", "kind", "grow", "announced")
    beside = {kind: random.Random(f"{kind} of {seed}") for kind in kinds}
    chances |= {"page": beside["page"].choice([0.0, 0.0, 0.05]), "ignored": 0.05, "archived": 0.03, "missing": 0.03}
    chances |= {"kind": 0.6, "grow": 0.5, "announced": beside["announced"].choice([0.0, 0.2, 0.7])}
    return Choices(source=source, chances=chances, beside=beside)
