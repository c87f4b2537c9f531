"""When the accepted files of a route become a batch, and which of them are in it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.batches import Burst, burst_of, candidate_batches, carrier_of, is_due, replaced_versions
from shared.intake.settings import BatchSettings
from shared.records.batch import BatchRef
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, Step, WaitingStep
from tests.unit.intake.intake_records import NOON, landed_run

SETTINGS = BatchSettings(debounce_s=60, max_wait_s=900, max_files=4)
AGES = st.lists(st.integers(-2000, 2000), min_size=1, max_size=3)


def burst(*ages_s: float, pending: tuple[float, ...] = ()) -> Burst:
    """Return accepted and pending files by the seconds since their claims."""
    accepted = tuple(landed_run(number, age_s=age_s) for number, age_s in enumerate(ages_s))
    reading = LandedStep.READING
    return Burst(
        accepted,
        tuple(
            landed_run(100 + number, age_s=age_s, state=RunState.LANDED, step=reading)
            for number, age_s in enumerate(pending)
        ),
    )


@pytest.mark.parametrize(
    ("state", "step", "accepted", "pending"),
    [
        (RunState.WAITING, WaitingStep.BATCH, 1, 0),
        (RunState.WAITING, WaitingStep.SETTLE, 0, 0),
        (RunState.WAITING, WaitingStep.ARCHIVED, 0, 0),
        (RunState.LANDED, None, 0, 1),
        (RunState.LANDED, LandedStep.PINNING, 0, 1),
        (RunState.LANDED, LandedStep.QUEUED, 0, 1),
        (RunState.LANDED, LandedStep.READING, 0, 1),
        (RunState.LANDED, LandedStep.PREPARING, 0, 0),
        (RunState.LANDED, LandedStep.ASSEMBLING, 0, 0),
        (RunState.STARTED, None, 0, 0),
        (RunState.HELD, None, 0, 0),
    ],
)
def test_a_burst_is_what_waits_and_what_is_still_read(
    state: RunState, step: Step | None, accepted: int, pending: int
) -> None:
    """Only a file that waits for its batch is accepted; only one that may still be accepted is pending."""
    divided = burst_of([landed_run(1, state=state, step=step)])
    assert (len(divided.accepted), len(divided.pending)) == (accepted, pending)


def test_the_next_attempt_of_a_carrier_is_no_file_of_the_next_batch() -> None:
    """A run that carries a batch and is prepared again holds up no later batch."""
    run = landed_run(1, state=RunState.LANDED, step=None)
    carrier = run.evolve(NOON, batch=BatchRef("training/members/census/x.json", 2, "x", 1))
    assert burst_of([carrier]) == Burst((), ())


def test_a_file_that_landed_alone_and_has_its_jobs_input_is_in_no_burst() -> None:
    """While the service takes no job, its run holds up no later batch and no newer version ends it."""
    run = landed_run(1, state=RunState.LANDED, step=None)
    assert burst_of([run.evolve(NOON, input_blob=f"training/{run.job_folder}/input.csv")]) == Burst((), ())


def test_accepted_files_are_in_order_of_generation() -> None:
    """The order of the claims does not matter."""
    late = landed_run(1, age_s=1, modified_s=-5000)
    early = landed_run(2, age_s=100, modified_s=-200)
    assert burst_of([early, late]).accepted == (late, early)


@pytest.mark.parametrize(
    ("files", "due"),
    [
        (burst(), False),
        (burst(59), False),
        (burst(60), True),
        (burst(300, 59), False),  # a claim within the debounce
        (burst(300, 61), True),
        (burst(300, pending=(300,)), False),  # a file is still read
        (burst(899, pending=(1,)), False),
        (burst(900, pending=(1,)), True),  # too long
        (burst(900, 1), True),
        (burst(1, 1, 1), False),
        (burst(1, 1, 1, 1), True),  # large
        (burst(pending=(1000,)), False),  # nothing is accepted
    ],
)
def test_a_batch_is_due_when_the_burst_is_over_or_too_long_or_large(files: Burst, due: bool) -> None:
    """The three limits of routes.toml, each at its edge."""
    assert is_due(SETTINGS, files, NOON) is due


@given(ages_s=AGES, pending=AGES | st.just([]))
def test_every_batch_becomes_due(ages_s: list[int], pending: list[int]) -> None:
    """However the clock jumped and whatever is still read, `max_wait_s` after the present the batch is due."""
    files = burst(*ages_s, pending=tuple(pending))
    assert is_due(SETTINGS, files, NOON + timedelta(seconds=2000 + SETTINGS.max_wait_s))


@given(ages_s=AGES, pending=AGES)
def test_what_is_read_ends_no_burst(ages_s: list[int], pending: list[int]) -> None:
    """A file that is still read can only delay the batch."""
    if is_due(SETTINGS, burst(*ages_s, pending=tuple(pending)), NOON):
        assert is_due(SETTINGS, burst(*ages_s), NOON)


@given(count=st.integers(1, 20), max_files=st.integers(1, 10))
def test_the_oldest_files_are_the_next_batch(count: int, max_files: int) -> None:
    """A batch has at most `max_files`, none newer than what waits on; the last choice is all that wait."""
    accepted = tuple(landed_run(number, age_s=100 - number) for number in range(count))
    choices = candidate_batches(BatchSettings(max_files=max_files), accepted)
    assert choices[0] == accepted[: len(choices[0])]
    assert len(choices[0]) == min(count, max_files)
    assert choices[-1] == accepted
    assert len(set(choices)) == len(choices)


@given(files=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=8))
def test_a_version_is_replaced_when_a_newer_one_is_accepted(files: list[tuple[str, bool]]) -> None:
    """Accepted or still read, an older version has the newest accepted one of its name as successor, and only that."""
    runs = [landed_run(number, blob=name, age_s=100 - number) for number, (name, _) in enumerate(files)]
    accepted = tuple(run for run, (_, is_accepted) in zip(runs, files, strict=True) if is_accepted)
    pending = tuple(run for run in runs if run not in accepted)
    successors = replaced_versions(Burst(accepted, pending))
    for run in runs:
        newer = [later for later in accepted if later.blob == run.blob and later.generation > run.generation]
        assert successors.get(run.run_id) == max(newer, key=lambda later: later.generation, default=None)


def test_versions_of_two_containers_are_two_names() -> None:
    """A name alone does not say which blob it is."""
    first = landed_run(1, blob="a.csv", age_s=9)
    elsewhere = Run(**{**vars(landed_run(2, blob="a.csv")), "container": "elsewhere"})
    assert replaced_versions(Burst((first, elsewhere), ())) == {}


def test_the_newest_member_carries_the_batch() -> None:
    """The generation decides, not the claim."""
    newest = landed_run(1, age_s=500, modified_s=-1)
    claimed_last = landed_run(2, age_s=1, modified_s=-600)
    assert carrier_of([claimed_last, newest]) == newest
