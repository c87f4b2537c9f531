"""Batches: each accepted version is in exactly one, whoever seals, whenever a worker dies."""

import itertools
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import NoAnswerError, StaleWriteError
from shared.intake.manifest import manifest_from, member_list_from
from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.lifecycle.job_paths import manifest_path
from shared.log_actions import LogAction
from shared.pipeline import polling
from shared.pipeline.batching import tend_batch
from shared.ports.training_service import JobState
from shared.records.endpoint_record import Champion
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, StartedStep, WaitingStep
from tests.log_lines import records_about
from tests.pipeline.batch_world import HEADER, BatchWorld, batch_routes, joined
from tests.pipeline.world import DOWN, DiedError

FILE, BATCH = TrainingSetKind.FILE, TrainingSetKind.BATCH


def world_of(settings: BatchSettings, intake: IntakeSettings | None = None) -> BatchWorld:
    """Return a world whose route gathers its files."""
    return BatchWorld(batch_routes(settings, intake))


def started_run(world: BatchWorld) -> Run:
    """Return a run whose job is started."""
    world.accept("started.csv")
    return world.assemble(world.seal())


def members_of(world: BatchWorld, carrier: Run) -> list[str]:
    """Return the ids of the runs in a carrier's member list."""
    assert carrier.batch is not None
    text = world.blobs.text(carrier.batch.members)
    assert text is not None
    return [member.run_id for member in member_list_from(text).members]


def set_of(world: BatchWorld, run: Run) -> list[str]:
    """Return the ids of the runs in a run's training set."""
    text = world.blobs.text(manifest_path(run))
    assert text is not None
    return [member.run_id for member in manifest_from(text).members]


def test_a_burst_is_one_batch_which_the_newest_file_carries() -> None:
    """The others end `batched` and name the carrier, which is announced; its job reads all rows under one header."""
    world = world_of(joined())
    runs = [world.accept(f"{name}.csv") for name in "abc"]
    carrier = world.seal()
    assert (carrier.run_id, carrier.state, carrier.step) == (runs[-1].run_id, RunState.LANDED, LandedStep.PREPARING)
    assert [message.run_id for message in world.services.announced] == [carrier.run_id]
    assert members_of(world, carrier) == [run.run_id for run in runs]
    for run in runs[:-1]:
        member = world.run(run.run_id)
        assert (member.state, member.batch_run_id) == (RunState.BATCHED, carrier.run_id)
    trained = world.assemble(carrier)
    assert trained.state is RunState.STARTED
    assert world.blobs.text(trained.input_blob) == HEADER + "".join(f"{run.blob[7:]},{run.etag}\n" for run in runs)
    assert trained.training_set is not None
    assert (trained.training_set.kind, trained.training_set.rows) == ("batch", 30)
    assert set_of(world, trained) == [run.run_id for run in runs]
    assert len(world.training.started) == 1
    assert world.runs.open_batch("census").batch.seal is not None
    assert world.tend() is None


@pytest.mark.parametrize("kind", [FILE, BATCH])
def test_a_file_that_lands_alone_is_simply_its_run(kind: TrainingSetKind) -> None:
    """There is no batch, no member list and no seal; its set is its own part."""
    world = world_of(joined(kind), IntakeSettings())
    run = world.accept("a.csv")
    carrier = world.seal()
    assert (carrier.run_id, carrier.batch) == (run.run_id, None)
    assert world.runs.open_batch("census").etag is None
    trained = world.assemble(carrier)
    assert set_of(world, trained) == [run.run_id]
    assert world.blobs.text(trained.input_blob) == HEADER + f"a.csv,{run.etag}\n"


def test_each_member_of_a_batch_is_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Queries count outcomes by their actions: a member has a line of its own, also one that was saved alone."""
    caplog.set_level("INFO")
    world = world_of(BatchSettings(training_set=TrainingSetKind.BATCH))
    members = [world.accept(name) for name in ("a.csv", "b.csv", "c.csv")]
    world.runs.faults.fail_next("save_many", StaleWriteError("a member was written meanwhile"))
    world.seal()

    lines = records_about(caplog, LogAction.RUN_BATCHED)
    assert {vars(line)["run_id"] for line in lines} == {run.run_id for run in members[:2]}
    assert len(lines) == 2


def test_of_a_burst_of_files_the_newest_is_trained() -> None:
    """With `training_set = "file"` the others end `superseded`, with the run that is trained in the reason."""
    world = world_of(joined(FILE), IntakeSettings())
    late = world.accept("late.csv", modified_ago_s=500)
    newest = world.accept("newest.csv")
    oldest = world.accept("oldest.csv", modified_ago_s=1000)
    carrier = world.seal()
    assert carrier.run_id == newest.run_id
    for run in (late, oldest):
        ended = world.run(run.run_id)
        assert ended.state is RunState.SUPERSEDED
        assert newest.run_id in ended.reason
    trained = world.assemble(carrier)
    assert set_of(world, trained) == [newest.run_id]


def test_files_that_nothing_reads_are_trained_as_they_are() -> None:
    """Without `[intake]` the newest original is copied, and its manifest has neither rows nor a hash."""
    world = world_of(joined(FILE))
    world.accept("a.csv", "first")
    world.accept("b.csv", "second")
    trained = world.assemble(world.seal())
    assert world.blobs.text(trained.input_blob) == "second"
    assert trained.training_set is not None
    assert (trained.training_set.rows, trained.training_set.sha256) == (None, None)


def test_an_accepted_file_says_when_it_is_trained() -> None:
    """Until its burst is over, its reason has the two times of the route."""
    world = world_of(joined(debounce_s=30, max_wait_s=1200))
    reason = world.accept("a.csv").reason
    assert "30 s" in reason
    assert "1,200 s" in reason


def test_a_file_that_is_still_read_holds_the_batch_up() -> None:
    """Until it is accepted or refused, or the oldest claim is too old; a bad newest file never costs the others."""
    world = world_of(joined(FILE), IntakeSettings())
    older = world.accept("a.csv")
    newest = world.claim("b.csv")
    world.clock.advance(100)
    assert world.tend() is None
    world.services.save_run(newest, newest.run.transitioned(world.clock.now(), RunState.QUARANTINED, "bad"))
    carrier = world.tend()
    assert carrier is not None
    assert carrier.run.run_id == older.run_id


def test_a_service_that_takes_no_job_holds_no_burst_up() -> None:
    """The run of a file that landed alone waits for the service, and the next burst is sealed after its debounce."""
    world = world_of(joined())
    world.accept("a.csv")
    world.training.faults.fail_next("submit", NoAnswerError(DOWN))
    alone = world.assemble(world.seal())
    assert (alone.state, alone.step, alone.job_id) == (RunState.LANDED, None, "")
    burst = [world.accept("b.csv"), world.accept("c.csv")]
    assert members_of(world, world.seal()) == [run.run_id for run in burst]


def test_a_batch_waits_no_longer_than_max_wait() -> None:
    """What is read later joins the next batch."""
    world = world_of(joined())
    older = world.accept("a.csv")
    reading = world.claim("b.csv")
    assert world.seal(900).run_id == older.run_id
    assert world.run(reading.run.run_id).state is RunState.LANDED


def test_a_newer_accepted_version_replaces_the_older_one() -> None:
    """Accepted or still read, the older version ends `superseded`; a version that is still read replaces none."""
    world = world_of(joined())
    accepted = world.accept("a.csv")
    reading = world.claim("a.csv")
    assert world.tend() is None
    assert world.run(accepted.run_id).step == WaitingStep.BATCH
    newest = world.accept("a.csv")
    assert world.tend() is None
    for run in (accepted, reading.run):
        assert world.run(run.run_id).state is RunState.SUPERSEDED
        assert newest.run_id in world.run(run.run_id).reason
    assert set_of(world, world.assemble(world.seal())) == [newest.run_id]


def test_a_retried_version_does_not_replace_a_newer_one() -> None:
    """An old version that is accepted on its second attempt, after a newer one left the burst, is superseded."""
    world = world_of(joined())
    old = world.claim("a.csv", modified_ago_s=100)
    newer = world.accept("a.csv")
    quarantined = old.run.transitioned(world.clock.now(), RunState.QUARANTINED, "bad")
    world.services.save_run(old, quarantined)
    world.promote(world.assemble(world.seal()))
    again = world.accept("a.csv", etag="0xabc", modified_ago_s=200, attempt=2)
    assert world.tend() is None
    ended = world.run(again.run_id)
    assert (ended.state, newer.run_id in ended.reason) == (RunState.SUPERSEDED, True)


def test_a_set_that_is_too_small_waits_for_later_files() -> None:
    """The reason with the numbers stands in every member; a later file makes the set whole."""
    world = world_of(joined(), IntakeSettings(min_rows=25))
    runs = [world.accept("a.csv"), world.accept("b.csv")]
    world.clock.advance(61)
    assert world.tend() is None
    for run in runs:
        waiting = world.run(run.run_id)
        assert waiting.step == WaitingStep.BATCH
        assert "20 rows" in waiting.reason
        assert "min_rows is 25" in waiting.reason
    revision = world.run(runs[1].run_id).revision
    reads = world.runs.faults.calls["part"]
    world.clock.advance(60)
    assert world.tend() is None
    assert world.run(runs[1].run_id).revision == revision
    assert world.runs.faults.calls["part"] == reads
    runs.append(world.accept("c.csv"))
    assert members_of(world, world.seal()) == [run.run_id for run in runs]


def test_an_unfit_set_is_checked_again_after_a_while() -> None:
    """A change of routes.toml makes it fit without another file."""
    world = world_of(joined(), IntakeSettings(min_rows=25))
    run = world.accept("a.csv")
    world.clock.advance(61)
    assert world.tend() is None
    lenient = BatchWorld(batch_routes(joined(), IntakeSettings(min_rows=1))).batch_route
    assert tend_batch(world.services, lenient, world.runs.in_progress("census")) is None
    world.clock.advance(300)
    carrier = tend_batch(world.services, lenient, world.runs.in_progress("census"))
    assert carrier is not None
    assert carrier.run.run_id == run.run_id


def test_a_day_with_one_class_waits_for_the_other() -> None:
    """An increment with one class is no bad file."""
    world = world_of(joined())
    world.accept("monday.csv", labels={"no": 10})
    world.clock.advance(61)
    assert world.tend() is None
    world.accept("tuesday.csv", labels={"yes": 10})
    assert len(members_of(world, world.seal())) == 2


def test_a_file_that_waits_for_others_does_not_cut_their_burst_short() -> None:
    """However long it has waited, the files that make its set whole are all in it."""
    world = world_of(joined(), IntakeSettings())
    monday = world.accept("monday.csv", labels={"no": 10})
    world.clock.advance(61)
    assert world.tend() is None
    world.clock.advance(86400)
    tuesday = [world.accept(f"tuesday-{number}.csv") for number in range(3)]
    assert world.tend() is None
    still_read = world.claim("tuesday-3.csv")
    world.clock.advance(61)
    assert world.tend() is None
    world.services.save_run(still_read, still_read.run.transitioned(world.clock.now(), RunState.QUARANTINED, "bad"))
    assert members_of(world, world.seal(0)) == [run.run_id for run in (monday, *tuesday)]


def test_a_class_of_the_model_in_service_may_not_be_lost() -> None:
    """The set waits for rows of it, unless the route lets classes change; the run tells its set's classes."""
    world = world_of(joined(), IntakeSettings())
    carrier = world.accept("a.csv", labels={"maybe": 1, "no": 4, "yes": 5})
    trained = world.assemble(world.seal())
    assert trained.run_id == carrier.run_id
    assert trained.training_set is not None
    assert trained.training_set.classes == ("maybe", "no", "yes")
    record = world.endpoints.get("census", "production")
    champion = Champion(
        run_id=trained.run_id,
        generation=trained.generation,
        model="models/x",
        metrics={},
        promoted_at=world.clock.now(),
        classes=trained.training_set.classes,
    )
    world.endpoints.save(record, replace(record.record, champion=champion))
    waiting = world.accept("b.csv")
    world.clock.advance(61)
    assert world.tend() is None
    assert "'maybe'" in world.run(waiting.run_id).reason
    lenient = replace(world.batch_route, classes_may_change=True)
    world.clock.advance(300)
    assert tend_batch(world.services, lenient, world.runs.in_progress("census")) is not None


def test_more_than_max_files_are_several_batches_in_order_of_age() -> None:
    """The oldest go first, at once; no later batch is older."""
    world = world_of(joined(max_files=2))
    runs = [world.accept(f"{number}.csv") for number in range(5)]
    batches = []
    for after_s in (0, 0, 61):
        carrier = world.seal(after_s)
        batches.append(members_of(world, carrier) if carrier.batch is not None else [carrier.run_id])
    assert batches == [[run.run_id for run in runs[start : start + 2]] for start in (0, 2, 4)]


def test_a_full_batch_that_is_not_fit_grows() -> None:
    """If the oldest `max_files` make no whole set, all that wait are one batch; else none of them would ever train."""
    world = world_of(joined(max_files=2))
    for number in range(3):
        world.accept(f"{number}.csv", labels={"yes" if number == 2 else "no": 10})
    assert len(members_of(world, world.seal(0))) == 3


def test_200_members_are_one_batch() -> None:
    """They are re-pointed in whole transactions, and the job reads all of them."""
    world = world_of(joined())
    runs = [world.accept(f"{number:03d}.csv") for number in range(200)]
    saves = world.runs.faults.calls["save_many"]
    carrier = world.seal(0)
    assert world.runs.faults.calls["save_many"] - saves == 7  # of 33 runs at most
    assert Counter(stored.run.state for stored in world.runs.list_runs("census", 500)) == {
        RunState.BATCHED: 199,
        RunState.LANDED: 1,
    }
    trained = world.assemble(carrier)
    assert set_of(world, trained) == [run.run_id for run in runs]
    text = world.blobs.text(trained.input_blob)
    assert text is not None
    assert len(text.splitlines()) == 201


def test_a_tick_seals_and_announces() -> None:
    """The timer's tick does all of it in its one query of the route; the message's worker starts the job."""
    world = world_of(joined())
    runs = [world.accept("a.csv"), world.accept("b.csv")]
    calls = Counter(world.runs.faults.calls)
    world.tick(61)
    used = world.runs.faults.calls - calls
    assert (used["active"], used["in_progress"], used["seal"], used["save_many"], used["save_batch"]) == (0, 1, 1, 1, 1)
    assert world.read() == 1
    assert [world.run(run.run_id).state for run in runs] == [RunState.BATCHED, RunState.STARTED]


def test_an_idle_tick_of_a_gathering_route_is_one_query() -> None:
    """While a burst goes on nothing is read or written beside the route's rows."""
    world = world_of(joined())
    world.accept("a.csv")
    calls = Counter(world.runs.faults.calls)
    world.tick(1)
    assert world.runs.faults.calls - calls == Counter({"in_progress": 1})


@pytest.mark.parametrize("error", [NoAnswerError(DOWN), StaleWriteError("elsewhere"), KeyError("bug")])
def test_a_batch_that_cannot_be_sealed_stops_no_other_run(error: Exception) -> None:
    """The tick goes on with the jobs of the route, and the next one seals."""
    world = world_of(joined())
    started = started_run(world)
    waiting = world.accept("b.csv")
    world.runs.faults.fail_next("save", error)
    world.training.jobs[started.job_id].state = JobState.RUNNING
    world.tick(61)
    assert world.run(started.run_id).step == StartedStep.RUNNING
    assert world.run(waiting.run_id).step == WaitingStep.BATCH
    world.tick(1)
    world.read()
    assert world.run(waiting.run_id).state is RunState.STARTED


# -- two workers, and workers that die ---------------------------------------------------------------------------------


def assert_one_batch_each(world: BatchWorld, carriers: list[Run]) -> None:
    """Every run that left is in the list of exactly one carrier, and points to that one."""
    owners = Counter(run_id for carrier in carriers for run_id in set_of(world, carrier))
    assert set(owners.values()) <= {1}
    for carrier in carriers:
        for run_id in set_of(world, carrier):
            run = world.run(run_id)
            assert run_id == carrier.run_id or (run.state, run.batch_run_id) == (RunState.BATCHED, carrier.run_id)


def test_two_workers_that_seal_at_once_make_one_batch() -> None:
    """Both read the same rows; one wins, and the other is told that its rows are out of date."""
    world = world_of(joined())
    runs = [world.accept(f"{name}.csv") for name in "abc"]
    world.clock.advance(61)
    rows = world.runs.in_progress("census")
    carrier = tend_batch(world.services, world.batch_route, rows)
    with pytest.raises(StaleWriteError):
        tend_batch(world.services, world.batch_route, rows)
    assert carrier is not None
    trained = world.assemble(world.run(carrier.run.run_id))
    assert set_of(world, trained) == [run.run_id for run in runs]


def test_a_worker_with_older_rows_does_not_take_members_away() -> None:
    """A worker that knows one file less seals that file alone; the worker that knows both then has one member less."""
    world = world_of(joined())
    first = world.accept("a.csv")
    world.clock.advance(61)
    old_rows = world.runs.in_progress("census")
    second = world.accept("b.csv")
    world.clock.advance(61)
    rows = world.runs.in_progress("census")
    alone = tend_batch(world.services, world.batch_route, old_rows)
    assert alone is not None
    assert alone.run.run_id == first.run_id
    both = tend_batch(world.services, world.batch_route, rows)
    assert both is not None
    carriers = [world.assemble(world.run(run_id)) for run_id in (first.run_id, second.run_id)]
    assert [set_of(world, carrier) for carrier in carriers] == [[first.run_id], [second.run_id]]
    assert_one_batch_each(world, carriers)


@pytest.mark.parametrize("operation", ["create_text", "seal", "read_text", "save_many", "save_batch"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("assembles", [False, True])
def test_a_worker_that_dies_while_it_seals_loses_nothing(operation: str, after: bool, assembles: bool) -> None:
    """Whatever was its last call, the next tick or the carrier's own message completes the same batch."""
    world = world_of(joined(max_files=40))
    runs = [world.accept(f"{number:02d}.csv") for number in range(40)]
    faults = world.blobs.faults if operation in {"create_text", "read_text"} else world.runs.faults
    faults.fail_next(operation, DiedError(), after=after)
    with pytest.raises(DiedError):
        world.tend()
    sealed = [stored.run for stored in world.runs.active("census") if stored.run.step == LandedStep.PREPARING]
    if not sealed:
        carrier = world.seal(0)
    elif assembles:
        carrier = sealed[0]
    else:
        assert world.tend() is None  # it completes the seal
        carrier = sealed[0]
    trained = world.assemble(carrier)
    assert set_of(world, trained) == [run.run_id for run in runs]
    assert_one_batch_each(world, [trained])
    seal = world.runs.open_batch("census").batch.seal
    assert seal is not None
    assert seal.done


def test_an_unfinished_seal_is_completed_before_the_next_one() -> None:
    """A file that is accepted meanwhile is in the next batch, though the first one's members still wait."""
    world = world_of(joined())
    first = [world.accept("a.csv"), world.accept("b.csv")]
    world.runs.faults.fail_next("save_many", DiedError())
    with pytest.raises(DiedError):
        world.seal()
    second = [world.accept("c.csv"), world.accept("d.csv")]
    world.clock.advance(61)
    assert world.tend() is None
    carrier = world.seal(0)
    carriers = [world.assemble(world.run(first[1].run_id)), world.assemble(carrier)]
    assert set_of(world, carriers[0]) == [run.run_id for run in first]
    assert set_of(world, carriers[1]) == [run.run_id for run in second]
    assert_one_batch_each(world, carriers)


def test_a_member_that_no_longer_waits_is_not_in_the_set() -> None:
    """Somebody cancels it between the seal and the re-pointing; the others are trained."""
    world = world_of(joined())
    gone, carrier = world.accept("a.csv"), world.accept("b.csv")

    def cancel() -> None:
        stored = world.runs.get("census", gone.run_id)
        assert stored is not None
        world.services.save_run(stored, stored.run.transitioned(world.clock.now(), RunState.CANCELLED, "by hand"))

    world.runs.faults.run_at_next("seal", cancel, after=True)
    trained = world.assemble(world.seal())
    assert trained.run_id == carrier.run_id
    assert world.run(gone.run_id).state is RunState.CANCELLED
    assert set_of(world, trained) == [carrier.run_id]


def test_a_paused_worker_takes_no_member_of_the_next_batch() -> None:
    """Its seal is completed by others meanwhile; a member that waits again belongs to the next batch."""
    world = world_of(joined())
    member, first_carrier = world.accept("a.csv"), world.accept("b.csv")

    def meanwhile() -> None:
        stored = world.runs.get("census", member.run_id)
        assert stored is not None
        now = world.clock.now()
        cancelled = world.services.save_run(stored, stored.run.transitioned(now, RunState.CANCELLED, "by hand"))
        assert world.tend() is None  # another worker completes the seal, without the member
        landed = world.services.save_run(cancelled, cancelled.run.transitioned(now, RunState.LANDED, "retried"))
        again = landed.run.transitioned(now, RunState.WAITING, step=WaitingStep.BATCH)
        world.services.save_run(landed, again)

    world.runs.faults.run_at_next("seal", meanwhile, after=True)
    world.clock.advance(61)
    with pytest.raises(StaleWriteError):
        world.tend()
    assert world.run(member.run_id).step == WaitingStep.BATCH
    assert set_of(world, world.assemble(world.run(first_carrier.run_id))) == [first_carrier.run_id]
    assert world.seal().run_id == member.run_id


class _Play:
    """What may happen to a route in any order; a worker that dies has arranged it before."""

    def __init__(self, kind: TrainingSetKind, seed: int) -> None:
        self.world = world_of(joined(kind, max_files=3), IntakeSettings())
        self.names = itertools.count()
        self.operations = itertools.cycle(OPERATIONS[seed % len(OPERATIONS) :])
        self.after = seed % 2 == 0
        self.old_rows = self.world.runs.in_progress("census")

    def accept(self) -> None:
        """A new file is accepted."""
        self.world.accept(f"{next(self.names)}.csv")

    def accept_again(self) -> None:
        """A new version of the same name is accepted."""
        self.world.accept("same.csv")

    def tick(self) -> None:
        """A tick sees the rows of now."""
        self.old_rows = self.world.runs.in_progress("census")
        self.tick_late()

    def tick_late(self) -> None:
        """A tick sees the rows of an earlier one."""
        with suppress(StaleWriteError, DiedError):
            tend_batch(self.world.services, self.world.batch_route, self.old_rows)

    def die(self) -> None:
        """Some worker dies at the next call of an operation."""
        self.world.runs.faults.fail_next(next(self.operations), DiedError(), after=self.after)

    def wait(self) -> None:
        """The burst ends."""
        self.world.clock.advance(61)

    def deliver(self) -> None:
        """Every carrier's message is delivered."""
        for stored in self.world.runs.active("census"):
            if stored.run.step == LandedStep.PREPARING:
                with suppress(DiedError):
                    self.world.assemble(stored.run)

    def end(self, rounds: int) -> list[Run]:
        """Nobody dies any more: let everything come to its end; return all runs."""
        for operation in OPERATIONS:
            self.world.runs.faults.forget(operation)
        for _ in range(rounds):
            self.world.clock.advance(200)
            self.tick()
            polling.tick(self.world.services)
            self.deliver()
        return [stored.run for stored in self.world.runs.list_runs("census", 1000)]


OPERATIONS = ("seal", "save_many", "save_batch", "save")
STEPS = ("accept", "accept_again", "tick", "tick_late", "die", "wait", "deliver")


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from([FILE, BATCH, TrainingSetKind.ACCUMULATE]),
    steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=25),
    seed=st.integers(0, 7),
)
def test_whatever_happens_each_version_has_one_end(kind: TrainingSetKind, steps: list[str], seed: int) -> None:
    """Every version is trained, a member of exactly one batch, or superseded; a set that has all has the newest."""
    play = _Play(kind, seed)
    for step in steps:
        getattr(play, step)()
    runs = play.end(len(steps) + 3)
    trained = [run for run in runs if run.state in {RunState.STARTED, RunState.UNCHANGED}]
    assert {run.state for run in runs if run not in trained} <= {RunState.BATCHED, RunState.SUPERSEDED}
    carriers = {run.run_id for run in trained}
    assert all(run.batch_run_id in carriers for run in runs if run.state is RunState.BATCHED)
    if kind is BATCH:
        assert_one_batch_each(play.world, trained)
    if kind is TrainingSetKind.ACCUMULATE and trained:
        newest_versions = {run.blob: run.run_id for run in sorted(runs, key=lambda run: run.file_generation)}
        latest = max(trained, key=lambda run: run.generation)
        assert set(set_of(play.world, latest)) == set(newest_versions.values())
