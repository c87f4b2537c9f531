"""Every fault at every request of one file, and of two: nothing is left to chance there."""

import itertools

import pytest

from tests.simulation.choices import Schedule
from tests.simulation.plan import Plan
from tests.simulation.simulation import simulate_schedule
from tests.simulation.workers import FAULTS, PAUSES_S, Fault

# By what it is about: the plan, and what else is special about the day.
DAYS: dict[str, tuple[Plan, Schedule]] = {
    "one file": (Plan(), {}),
    "one file, no staging": (Plan(staging=False), {}),
    "one file, answered at once": (Plan(), {"endpoint:2": 1, "endpoint:4": 1}),
    "two files": (Plan(files=2), {}),
}
BAD_DAYS: dict[str, tuple[Plan, Schedule]] = {
    "one file, no events": (Plan(events=False), {}),
    "one file, endpoint ignores": (Plan(), {"endpoint:3": 7}),
    "one file, staging ignores": (Plan(), {"endpoint:5": 7}),
    "one file, overwritten": (Plan(overwrite=True), {}),
    "two files, holdout and bake": (Plan(files=2, holdout=True, bake=True), {"file:3": 3}),
    "one file, approved": (Plan(approval=True), {}),
    "one file, archived": (Plan(), {"archived:1": 1}),
    "one file, its start is lost": (Plan(), {"ignored:1": 1}),
    "two files, one model is deleted": (Plan(files=2), {"missing:1": 1}),
    "two files, an operator goes back": (Plan(files=2, overrides=True), {"file:3": 3, "wish:2": 1}),
    "two files, the second lost a class": (Plan(files=2, shapes=True), {"file:3": 3, "file:4": 4}),
    "two files, the second lost a class, no staging": (
        Plan(files=2, shapes=True, staging=False),
        {"file:3": 3, "file:4": 4},
    ),
    "one file, and a model that nobody knows": (Plan(stranger=True), {}),
    "two files, listed elsewhere": (Plan(files=2, copies=True), {"file:3": 4, "file:4": 2}),
    "two files, one batch": (Plan(files=2, intake=True, sets="batch"), {}),
    "two files, one is bad and corrected": (Plan(files=2, intake=True, sets="window", bad=True), {"kind:1": 3}),
    "one file that grows": (Plan(intake=True, growing=True), {}),
    "two files, the form of one is accepted": (
        Plan(files=2, intake=True, bad=True, accepts=True),
        {"file:3": 2, "file:5": 3, "kind:2": 6, "wish:1": 1},
    ),
    "two files, one is forgotten": (Plan(files=2, intake=True, sets="accumulate", forgets=True), {"wish:2": 1}),
    "two files, frozen for a while": (Plan(files=2, overrides=True), {"file:3": 3, "wish:1": 3, "wish:3": 4}),
}
PLAIN = "one file"  # the day that is tried by default; the others in the deep run
ALL_DAYS = [PLAIN, *(pytest.param(day, marks=pytest.mark.deep) for day in DAYS | BAD_DAYS if day != PLAIN)]
_SHAPES = [fault for fault in FAULTS if fault is not Fault.NONE]
_PAIRED = (Fault.DIE_AFTER, Fault.ANSWER_LOST, Fault.PAUSE_17)
_ONE_FAULT = [
    pytest.param(
        day,
        fault,
        marks=[pytest.mark.deep] if day != PLAIN else [],
        id=f"{day}-{fault.name.lower()}",
    )
    for day, fault in itertools.product(DAYS | BAD_DAYS, _SHAPES)
]


@pytest.mark.parametrize(("day", "fault"), _ONE_FAULT)
def test_one_fault_at_every_request(day: str, fault: Fault) -> None:
    """A crash, a hang beyond any lease, a doubled worker, a lost answer: wherever it comes, all promises hold."""
    plan, special = (DAYS | BAD_DAYS)[day]
    requests = simulate_schedule(plan, special).requests
    assert len(requests) > 25
    for number, operation in enumerate(requests, start=1):
        schedule = {**special, f"fault:{number}": FAULTS.index(fault)}
        broken = simulate_schedule(plan, schedule).broken
        assert not broken, f"{operation} {fault.value}: {broken}; schedule {schedule}"


@pytest.mark.parametrize("pause", range(1, len(PAUSES_S) + 1))
@pytest.mark.parametrize("day", ALL_DAYS)
def test_a_worker_stands_still_after_every_write(day: str, pause: int) -> None:
    """What it was permitted by the write is not permitted any more when it goes on."""
    plan, special = (DAYS | BAD_DAYS)[day]
    writes = sum(operation.endswith(".write") for operation in simulate_schedule(plan, special).requests)
    for number in range(1, writes + 1):
        schedule = {**special, f"reply:{number}": pause}
        broken = simulate_schedule(plan, schedule).broken
        assert not broken, f"write {number}: {broken}; schedule {schedule}"


@pytest.mark.deep
@pytest.mark.parametrize(
    ("first", "second"), list(itertools.product(_PAIRED, _PAIRED)), ids=lambda fault: fault.name.lower()
)
@pytest.mark.parametrize("day", ["one file"])
def test_two_faults_at_every_pair_of_requests(day: str, first: Fault, second: Fault) -> None:
    """Also recovery can be interrupted."""
    plan, special = (DAYS | BAD_DAYS)[day]
    for number in range(1, len(simulate_schedule(plan, special).requests) + 1):
        once = {**special, f"fault:{number}": FAULTS.index(first)}
        for later in range(number + 1, len(simulate_schedule(plan, once).requests) + 1):
            schedule = {**once, f"fault:{later}": FAULTS.index(second)}
            broken = simulate_schedule(plan, schedule).broken
            assert not broken, f"{broken}; schedule {schedule}"
