"""Very many files at once: sweeps within a budget, ticks beside events; what is asked, as counts, and nothing twice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UnavailableError
from shared.lifecycle.in_hand import IN_HAND_S, SCORING_IN_HAND_S, in_hand
from shared.pipeline import landing, polling, reconciling, sweeping
from shared.pipeline.polling import MAX_READ_AGE_S
from shared.pipeline.time_budget import round_robin
from shared.records.models import HoldoutProgress
from shared.records.run_states import RunState
from shared.records.run_steps import StagedStep
from tests.pipeline.world import FAULT, World, example_routes

MANY = 200


def names(count: int) -> list[str]:
    """Return the names of as many files."""
    return [f"census/{number:04d}.csv" for number in range(count)]


def requests(world: World) -> Counter[str]:
    """Return what was asked of everything so far."""
    ports = {
        "runs": world.runs.faults,
        "endpoints": world.endpoints.faults,
        "blobs": world.blobs.faults,
        "training": world.training.faults,
        "scoring": world.scoring.faults,
    }
    return Counter({f"{name}.{call}": count for name, faults in ports.items() for call, count in faults.calls.items()})


def asked_by(world: World, what: Callable[[], object]) -> Counter[str]:
    """Do something and return what it asked for."""
    before = requests(world)
    what()
    return requests(world) - before


def slow(world: World, seconds: float) -> None:
    """Let every read of a run take some time."""

    def take_time() -> None:
        world.clock.advance(seconds)
        world.runs.faults.run_at_next("get", take_time)

    world.runs.faults.run_at_next("get", take_time)


@pytest.fixture
def world() -> World:
    """Give a world whose workers do one thing after the other."""
    world = World()
    world.services = replace(world.services, max_concurrency=1)
    return world


def test_an_idle_sweep_writes_nothing(world: World) -> None:
    """Over settled files it asks for each run once, and for its two positions; neither it nor a tick writes."""
    for name in names(MANY):
        world.land(name, "")  # empty files end at once
    for _ in range(3):
        requests = asked_by(world, world.sweep) + asked_by(world, lambda: reconciling.reconcile(world.services))
        assert requests == {"runs.get": MANY, "blobs.versions": 1, "runs.position": 2, "endpoints.get": 1}
        assert asked_by(world, world.tick) == {"runs.active": 1}


def test_a_sweep_keeps_to_its_budget_and_the_next_goes_on(world: World) -> None:
    """Each sweep gets to some of the files, and sweeps one after the other to all, also in other workers."""
    for name in names(MANY):
        world.drop(name, "")
    slow(world, 1.0)
    rounds = []
    while len(world.runs.list_runs(limit=MANY)) < MANY:
        began_s = world.clock.elapsed_s()
        rounds.append(asked_by(world, world.sweep))
        assert world.clock.elapsed_s() - began_s <= sweeping.SWEEP_BUDGET_S + 2
        assert len(rounds) <= MANY / sweeping.SWEEP_BUDGET_S + 1
    assert sum(calls["runs.claim"] for calls in rounds) == MANY
    assert sum(calls["runs.get"] for calls in rounds) < MANY + sweeping.SWEEP_BUDGET_S
    assert all(calls["runs.save_position"] <= 1 for calls in rounds)


def test_a_file_behind_many_settled_ones_gets_its_turn(world: World) -> None:
    """Whatever its name, and however slow the storage: by the second round at the latest, and once."""
    for name in names(MANY):
        world.land(name, "")
    slow(world, 2.0)
    for name in ("census/0000-late.csv", "census/zz-late.csv"):
        world.sweep()
        version = world.drop(name)
        for _ in range(2 * MANY * 2 // sweeping.SWEEP_BUDGET_S + 2):
            world.sweep()
        (run,) = [stored.run for stored in world.runs.list_runs(limit=1000) if stored.run.blob == version.name]
        assert run.state is RunState.STARTED
    assert len(world.training.started) == 2


def test_a_listing_that_takes_longer_than_the_budget(world: World) -> None:
    """Something is landed all the same."""
    world.drop()
    world.blobs.faults.run_at_next("versions", lambda: world.clock.advance(2 * sweeping.SWEEP_BUDGET_S))
    assert world.sweep() == 1


def test_once_round_nothing_is_left_of_it(world: World) -> None:
    """A sweep that gets round takes the position away, once; after that it writes nothing again."""
    for name in names(90):
        world.land(name, "")
    slow(world, 1.0)
    world.sweep()
    assert world.runs.position("files")
    world.runs.faults.forget("get")
    assert asked_by(world, world.sweep)["runs.save_position"] == 1
    assert world.runs.position("files") == ""
    assert asked_by(world, world.sweep)["runs.save_position"] == 0


@given(
    st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=20),
    st.lists(st.tuples(st.integers(1, 6), st.text(min_size=1, max_size=4)), min_size=1, max_size=12),
)
def test_every_item_gets_its_turn(items: list[str], passes: list[tuple[int, str]]) -> None:
    """Whatever the names, the budgets, and what comes and goes in between: nothing is left out for two rounds."""
    world = World()
    services = replace(world.services, max_concurrency=1)
    present, since = set(items), dict.fromkeys(items, 0)

    def work(item: str) -> None:
        world.clock.advance(1)
        since[item] = 0

    for budget, change in passes * 4:
        present ^= {change}  # it comes, or goes
        since.setdefault(change, 0)
        for item in present:
            since[item] += 1
        round_robin(services, present, str, work, over="things", budget_s=budget - 0.5)
        since = {item: count for item, count in since.items() if item in present}
        assert max(since.values(), default=0) <= 2 * (len(set(items) | {item for _, item in passes}) + 1)


@given(
    st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=20),
    st.text(max_size=4),
    st.lists(st.integers(1, 6), min_size=25, max_size=25),
)
def test_passes_to_the_end_look_at_everything(items: list[str], stopped_at: str, budgets: list[int]) -> None:
    """One that begins at the first name, then others until nothing is left: each item once, wherever it began."""
    world = World()
    services = replace(world.services, max_concurrency=1)
    world.runs.save_position("things", stopped_at)
    order: list[str] = []

    def work(item: str) -> None:
        world.clock.advance(1)
        order.append(item)

    for number, budget in enumerate(budgets):
        options = {"budget_s": budget - 0.5, "to_end": True, "from_first": number == 0}
        passed = round_robin(services, items, str, work, over="things", **options)  # type: ignore[arg-type]
        assert passed.left == len(items) - len(order)
        if not passed.left:
            break
    assert order == sorted(items)
    assert world.runs.position("things") == ""


def test_slow_endpoints_share_the_sweeps(world: World) -> None:
    """An endpoint that takes long keeps the others waiting for the next sweep, not for ever."""
    route = world.route
    several = {name: replace(route, name=name) for name in "abcdef"}
    services = replace(world.services, routes=replace(example_routes(), routes=several))

    def take_time() -> None:
        world.clock.advance(50)
        world.endpoints.faults.run_at_next("get", take_time)

    world.endpoints.faults.run_at_next("get", take_time)
    looked = [asked_by(world, lambda: reconciling.reconcile(services))["endpoints.get"] for _ in range(4)]
    assert looked == [3, 3, 3, 3]
    assert world.runs.position("endpoints") == "f"


def test_a_sweep_whose_position_cannot_be_written_is_none_the_worse(world: World) -> None:
    """The files that it landed are landed; the next sweep begins where it began."""
    for name in names(100):
        world.drop(name, "")
    slow(world, 1.0)
    world.runs.faults.fail_next("save_position", UnavailableError(FAULT))
    with pytest.raises(UnavailableError):
        world.sweep()
    assert world.runs.position("files") == ""
    assert len(world.runs.list_runs(limit=1000)) == 61
    for _ in range(3):
        world.sweep()
    assert len(world.runs.list_runs(limit=1000)) == 100


@pytest.mark.parametrize("state", [RunState.SUBMITTED, RunState.DECIDED])
def test_what_somebody_just_wrote_is_left_to_them(world: World, state: RunState) -> None:
    """A tick right after the write asks for nothing; if nothing comes of it, a later one takes the step."""
    run = world.land()
    fresh = replace(run, state=state, updated_at=world.clock.now(), not_before=world.clock.now())
    limit_s = IN_HAND_S[state]
    assert in_hand(fresh, world.clock.now() + timedelta(seconds=limit_s - 1))
    assert not in_hand(fresh, world.clock.now() + timedelta(seconds=limit_s))
    assert not in_hand(fresh, world.clock.now() - timedelta(hours=2))  # a clock that was set back holds nobody up
    assert not in_hand(replace(fresh, consecutive_failures=1), world.clock.now())  # a step that failed is the tick's


def test_what_waits_is_not_left_to_anybody_else(world: World) -> None:
    """A run that was decided and waits for its endpoint, or whose holdout is scored in part, is the tick's at once."""
    decision = world.settle(world.train(name="census/z.csv")).decision
    assert decision is not None
    now = world.clock.now()
    decided = replace(
        world.land(),
        state=RunState.DECIDED,
        updated_at=now,
        reason="good",
        decision=decision._replace(reasons=("good",)),
    )
    assert in_hand(decided, now)
    assert not in_hand(replace(decided, reason="Waiting for run 12 to release endpoint production."), now)
    scoring = replace(decided, state=RunState.STAGED, step=StagedStep.SCORING, holdout_progress=None)
    assert in_hand(scoring, now + timedelta(seconds=SCORING_IN_HAND_S - 1))
    assert not in_hand(replace(scoring, holdout_progress=HoldoutProgress("p", "e", "i", {})), now)


def test_a_tick_beside_an_event_asks_nothing_twice(world: World) -> None:
    """A tick that comes between the submit and the start of a job, by another worker, starts nothing."""
    world.drop()
    world.training.faults.run_at_next("start", lambda: world.tick(1))
    landing.land(world.services, "incoming", "census/a.csv")
    (job,) = world.training.jobs.values()
    assert (job.start_calls, job.starts) == (1, 1)


def test_what_died_there_is_taken_up(world: World) -> None:
    """The worker that submitted the job never starts it: a later tick does."""
    world.drop()
    world.training.faults.fail_next("start", KeyboardInterrupt())  # the process ends
    with pytest.raises(KeyboardInterrupt):
        landing.land(world.services, "incoming", "census/a.csv")
    world.tick(1)
    assert world.training.started == []
    world.tick(IN_HAND_S[RunState.SUBMITTED])
    assert len(world.training.started) == 1


def test_a_long_tick_acts_on_what_is_there_now(world: World) -> None:
    """Runs that events took further while the tick was at the others are left alone: no status is asked for twice."""
    for name in names(20):
        world.land(name)
    world.clock.advance(30)
    requests: Counter[str] = Counter()
    first = True

    def long_step() -> None:
        """The first poll takes half a minute, in which another worker polls all of them and finds them finished."""
        nonlocal first, requests
        if not first:
            return
        first = False
        world.clock.advance(MAX_READ_AGE_S + 25)
        for job in list(world.training.jobs.values()):
            world.training.finish(job.job_id, "better", "Accuracy,AUC\n0.8,0.9\n")
        requests = asked_by(world, lambda: polling.tick(world.services))

    world.training.faults.run_at_next("status", long_step)
    whole = asked_by(world, lambda: polling.tick(world.services))
    assert requests["training.status"] == 20
    assert whole["training.status"] - requests["training.status"] == 1
    assert whole["runs.get"] - requests["runs.get"] == 19
    assert whole["runs.save"] == 20 + 1  # the one whose poll was under way loses its write
    assert whole["training.submit"] + whole["training.start"] == 0


def test_a_tick_of_many_pending_jobs_asks_each_once(world: World) -> None:
    """One query and one question a job; quick ones are not read again."""
    for name in names(MANY):
        world.land(name)
    world.tick()  # which sees that they run, and writes that down
    requests = asked_by(world, world.tick)
    assert requests == {"runs.active": 1, "training.status": MANY}
