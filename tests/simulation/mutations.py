"""The guards by name, each with the patch that takes it out: what the simulator must then see broken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.simulation.choices import Schedule
from tests.simulation.decision_mutations import DECISION_MUTATIONS
from tests.simulation.endpoint_mutations import ENDPOINT_MUTATIONS
from tests.simulation.intake_mutations import INTAKE_MUTATIONS
from tests.simulation.mutation import Mutation
from tests.simulation.plan import Directed, Plan
from tests.simulation.run_mutations import RUN_MUTATIONS
from tests.simulation.workers import Fault

MUTATIONS: dict[str, Mutation] = {**RUN_MUTATIONS, **ENDPOINT_MUTATIONS, **DECISION_MUTATIONS, **INTAKE_MUTATIONS}

# Where chance would take long to get to what a guard is for: the day that does, faults by operation and occurrence.
DIRECTED: dict[str, tuple[Plan, Schedule, Sequence[Directed]]] = {
    "permission to send": (Plan(), {"reply:9": 4}, []),
    "lease token": (Plan(files=2), {"down:2": 2}, []),
    "end before release": (Plan(), {"reply:9": 2}, [("scoring.patch", 3, Fault.REJECTED)]),
    "intent of another worker": (
        Plan(approval=True),
        {"wish:1": 3, "reply:11": 2},
        [("endpoints.read", 1, Fault.PAUSE_70)],
    ),
    "waiting for the unknown": (
        Plan(),
        {},
        [("scoring.patch", 2, Fault.LATE_55), ("scoring.patch", 3, Fault.REJECTED)],
    ),
    "unknown is not refused": (Plan(files=2), {}, [("scoring.patch", 1, Fault.LATE_55)]),
    "earlier updates count": (
        Plan(files=2),
        {},
        [("scoring.patch", 1, Fault.LATE_55), ("scoring.patch", 2, Fault.REJECTED)],
    ),
    "words of the service alone": (Plan(), {"page:1": 1}, []),
    "rehydration": (Plan(), {"archived:1": 1}, []),
    "reconciliation": (Plan(files=2), {"file:3": 4, "file:4": 2}, [("scoring.patch", 2, Fault.PAUSE_1100)]),
    # The older file is decided, and its copy fails until the newer one was promoted and gone back from.
    "decided after the rollback": (
        Plan(files=2, staging=False, overrides=True),
        {"file:3": 4, "wish:6": 2},
        [("blobs.copy", number, Fault.REFUSED) for number in range(1, 6)],
    ),
    "known before it is repaired": (Plan(stranger=True), {}, []),
    "asked before a second try": (
        Plan(retries=True),
        {"wish:1": 1, "job:1": 3},
        [("training.start", 1, Fault.PAUSE_70), ("training.start", 2, Fault.REJECTED)],
    ),
    "known by its answers": (
        Plan(files=2, copies=True),
        {"file:3": 4, "file:4": 2},
        [("scoring.patch", 2, Fault.PAUSE_1100)],
    ),
}


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """Take a guard out for as long as the `with` lasts; None takes none out."""
    with pytest.MonkeyPatch.context() as patch:
        if name is not None:
            MUTATIONS[name](patch)
        yield
