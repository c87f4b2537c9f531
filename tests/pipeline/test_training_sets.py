"""Training sets: what each kind has, that equal ones are trained once, and that the first writer decides."""

from collections.abc import Callable, Sequence

import pytest

from shared.errors import BlobChangedError, NoAnswerError
from shared.intake.manifest import Manifest, manifest_from
from shared.intake.settings import IntakeSettings, TrainingSetKind
from shared.lifecycle.intake_states import READING_LEASE_S
from shared.lifecycle.job_paths import manifest_path
from shared.ports.blob_files import BlobPart
from shared.ports.training_service import JobState
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from tests.pipeline.batch_world import HEADER, BatchWorld, batch_routes, joined
from tests.pipeline.world import DOWN, DiedError

ACCUMULATE, WINDOW = TrainingSetKind.ACCUMULATE, TrainingSetKind.WINDOW


def growing(**settings: int) -> BatchWorld:
    """Return a world whose sets have all files so far."""
    return BatchWorld(batch_routes(joined(ACCUMULATE, **settings)))


def manifest_of(world: BatchWorld, run: Run) -> Manifest:
    """Return the manifest of a run's present attempt."""
    text = world.blobs.text(manifest_path(run))
    assert text is not None
    return manifest_from(text)


def ids(world: BatchWorld, run: Run) -> list[str]:
    """Return the ids of the runs in a set."""
    return [member.run_id for member in manifest_of(world, run).members]


def trained(world: BatchWorld, name: str, **more: float) -> Run:
    """Return the run of a file that was accepted, sealed and assembled."""
    run = world.accept(name, modified_ago_s=more.get("modified_ago_s", 0))
    world.seal()
    return world.assemble(world.run(run.run_id))


def test_a_growing_set_has_every_accepted_file() -> None:
    """Each run trains on its own file and all earlier ones, in order of generation."""
    world = growing()
    runs = [trained(world, f"{name}.csv") for name in "abc"]
    assert [ids(world, run) for run in runs] == [[run.run_id for run in runs[: number + 1]] for number in range(3)]
    assert world.blobs.text(runs[2].input_blob) == HEADER + "".join(f"{run.blob[7:]},{run.etag}\n" for run in runs)


def test_a_long_join_keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that takes minutes to join is joined by one worker: otherwise none would ever be done in time."""
    world = BatchWorld(batch_routes(joined()))
    for name in "abcd":
        world.accept(f"{name}.csv")
    carrier, join = world.seal(), world.blobs.join
    world.services.announced.clear()
    announced = []

    def slow_join(
        target: str, header: bytes, parts: Sequence[BlobPart], *, alive: Callable[[], None] = lambda: None
    ) -> str:
        def after_a_piece() -> None:
            world.clock.advance(READING_LEASE_S / 2)
            alive()
            world.tick(0)
            announced.extend(world.services.announced)

        return join(target, header, parts, alive=after_a_piece)

    monkeypatch.setattr(world.blobs, "join", slow_join)
    run = world.assemble(carrier)
    assert (run.state, announced) == (RunState.STARTED, [])


def test_a_file_that_waits_in_the_open_batch_is_not_in_an_earlier_set() -> None:
    """A set that is assembled late has what was sealed until then."""
    world = growing()
    first = world.accept("a.csv")
    carrier = world.seal()
    world.accept("b.csv")
    assert ids(world, world.assemble(carrier)) == [first.run_id]


def test_a_file_that_is_found_late_trains_behind_the_newest() -> None:
    """Its set also has newer files, so its model must count as newer than theirs; its part keeps its own place."""
    world = growing()
    newest = trained(world, "newest.csv")
    late = trained(world, "late.csv", modified_ago_s=5000)
    assert ids(world, late) == [late.run_id, newest.run_id]
    assert newest.generation < late.generation
    assert late.file_generation < newest.generation
    part = world.runs.part(late)
    assert part is not None
    assert part.generation == late.file_generation
    later = trained(world, "later.csv", modified_ago_s=9000)
    assert late.generation < later.generation < world.accept("next.csv").generation


def test_a_window_has_the_newest_files_only() -> None:
    """A file that is older than the window changes nothing, so it is not trained."""
    world = BatchWorld(batch_routes(joined(WINDOW, window_files=2)))
    runs = [trained(world, f"{name}.csv") for name in "abc"]
    assert ids(world, runs[2]) == [runs[1].run_id, runs[2].run_id]
    late = trained(world, "late.csv", modified_ago_s=5000)
    assert ids(world, late) == ids(world, runs[2])
    assert late.state is RunState.UNCHANGED


def test_equal_files_count_once_and_the_run_says_so() -> None:
    """The copy under another name is left out and counted; its set equals the last one, so there is no second job."""
    world = growing()
    first = world.accept("a.csv", "1,no\n")
    world.seal()
    world.assemble(world.run(first.run_id))
    copy = world.accept("copy.csv", "1,no\n")
    world.seal()
    ended = world.assemble(world.run(copy.run_id))
    assert ids(world, ended) == [first.run_id]
    assert ended.intake is not None
    assert ended.intake.left_out.duplicate_file == 1
    assert ended.state is RunState.UNCHANGED
    assert first.run_id in ended.reason
    assert len(world.training.started) == 1


def test_a_newer_version_of_a_name_replaces_the_older_one() -> None:
    """It stands at its own place; the older version's run keeps its end."""
    world = growing()
    old = trained(world, "a.csv")
    between = trained(world, "b.csv")
    new = trained(world, "a.csv")
    assert ids(world, new) == [between.run_id, new.run_id]
    assert world.run(old.run_id).state is RunState.STARTED


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (JobState.FAILED, RunState.UNCHANGED),
        (JobState.RUNNING, RunState.UNCHANGED),
    ],
)
def test_a_set_that_is_being_trained_is_not_trained_again(end: JobState, state: RunState) -> None:
    """An active run keeps its set, whatever its job's state; the run's own end decides, not the job's."""
    world = growing()
    first = world.accept("a.csv", "1,no\n")
    world.seal()
    started = world.assemble(world.run(first.run_id))
    world.training.say(started.job_id, end, end.value)
    copy = world.accept("copy.csv", "1,no\n")
    world.seal()
    assert world.assemble(world.run(copy.run_id)).state is state


@pytest.mark.parametrize("end", [RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED])
def test_a_run_that_failed_gives_its_set_up(end: RunState) -> None:
    """An equal set is trained then; a third one is unchanged again."""
    world = growing()
    first = world.accept("a.csv", "1,no\n")
    world.seal()
    world.assemble(world.run(first.run_id))
    stored = world.runs.get("census", first.run_id)
    assert stored is not None
    world.services.save_run(stored, stored.run.transitioned(world.clock.now(), end, "by a test"))
    states = []
    for name in ("copy.csv", "third.csv"):
        copy = world.accept(name, "1,no\n")
        world.seal()
        states.append(world.assemble(world.run(copy.run_id)).state)
    assert states == [RunState.STARTED, RunState.UNCHANGED]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", ["version", "create_text", "join"])
def test_a_worker_that_dies_while_it_assembles_leaves_the_same_set(operation: str, after: bool) -> None:
    """Another worker goes on; a file that was accepted and sealed meanwhile is in the set only if none was decided."""
    world = growing()
    first = world.accept("a.csv")
    carrier = world.seal()
    world.blobs.faults.fail_next(operation, DiedError(), after=after)
    with pytest.raises(DiedError):
        world.assemble(carrier)
    decided = world.blobs.text(manifest_path(carrier)) is not None
    second = world.accept("b.csv")
    world.seal()
    world.clock.advance(300)
    world.tick()
    again = world.assemble(world.run(first.run_id))
    assert ids(world, again) == [first.run_id] if decided else [first.run_id, second.run_id]
    assert again.state is RunState.STARTED
    assert len(world.training.started) == 1


def test_of_two_workers_the_first_manifest_counts() -> None:
    """A worker that decided on other files reads what was written before, and joins that."""
    world = growing(max_files=1)
    first = world.accept("a.csv")
    carrier = world.seal(0)
    earlier: list[str] = []

    def meanwhile() -> None:
        stored = world.runs.get("census", carrier.run_id)
        assert stored is not None
        again = stored.run.evolve(world.clock.now(), step=LandedStep.PREPARING)
        world.services.save_run(stored, again)  # the lease of the first worker was over
        world.accept("b.csv")
        world.seal(0)
        world.assemble(again)
        earlier.append(world.blobs.text(manifest_path(carrier)) or "")

    world.blobs.faults.run_at_next("create_text", meanwhile)
    world.assemble(carrier)
    assert world.blobs.text(manifest_path(carrier)) == earlier[0]
    run = world.run(first.run_id)
    assert len((world.blobs.text(run.input_blob) or "").splitlines()) == 1 + len(ids(world, run)) == 3
    assert [job.request.input_path for job in world.training.started].count(run.input_blob) == 1


@pytest.mark.parametrize("error", [NoAnswerError(DOWN), BlobChangedError("a part was overwritten")])
def test_a_join_that_fails_is_repeated(error: Exception) -> None:
    """The reason says why; the tick announces the run again, and the same set is joined."""
    world = growing()
    run = world.accept("a.csv")
    carrier = world.seal()
    world.blobs.faults.fail_next("join", error)
    waiting = world.assemble(carrier)
    assert (waiting.state, waiting.consecutive_failures) == (RunState.LANDED, 1)
    world.clock.advance(300)
    world.tick()
    assert ids(world, world.assemble(world.run(run.run_id))) == [run.run_id]
    assert world.run(run.run_id).state is RunState.STARTED


def test_a_set_that_is_no_longer_fit_is_not_trained() -> None:
    """A seal is final, so the run ends `failed` with the numbers; nothing trains on less than routes.toml asks for."""
    world = BatchWorld(batch_routes(joined(), IntakeSettings(min_rows=15)))
    gone = world.accept("a.csv")
    world.accept("b.csv")
    carrier = world.seal()
    stored = world.runs.get("census", gone.run_id)
    assert stored is not None
    world.services.forget_part(stored, stored.run.evolve(world.clock.now(), forgotten="alice: erasure"))
    ended = world.assemble(carrier)
    assert ended.state is RunState.FAILED
    assert "10 rows" in ended.reason
    assert "min_rows is 15" in ended.reason
    assert world.training.started == []


def test_a_thousand_files_are_one_set() -> None:
    """One query of the parts, and one join."""
    world = growing(max_files=1000)
    runs = [world.accept(f"{number:04d}.csv") for number in range(1000)]
    carrier = world.seal(0)
    parts, joins = world.runs.faults.calls["parts"], world.blobs.faults.calls["join"]
    run = world.assemble(carrier)
    assert ids(world, run) == [run.run_id for run in runs]
    assert (world.runs.faults.calls["parts"] - parts, world.blobs.faults.calls["join"] - joins) == (1, 1)
    assert run.training_set is not None
    assert run.training_set.rows == 10_000
