"""A set that equals one that was trained, or is being trained, is not trained again, however it came about."""

from dataclasses import replace

import pytest

from shared.errors import StaleWriteError
from shared.intake.settings import BatchSettings, IntakeSettings, SchemaSource, TrainingSetKind
from shared.pipeline import intake_message
from shared.ports.intake_rows import StoredSet
from shared.records.messages import IntakeMessage
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from tests.pipeline.holdout_world import HOLDOUT_TABLE, TRAINING_TABLE
from tests.pipeline.operator_calls import ask
from tests.pipeline.reading_world import read, world_with
from tests.pipeline.world import World, example_routes

ROWS = "age,workclass,income\n39,State-gov,no\n50,Private,yes\n38,Private,no\n"
FURTHER_ROWS = ROWS + "41,Private,yes\n"
A, COPY = "census/a.csv", "census/copy.csv"
GAVE_UP = [RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED]


def landed(world: World, name: str = A, text: str = ROWS) -> Run:
    """Land a file a minute later and deliver its messages; returns its run."""
    world.clock.advance(60)
    return read(world, name, text)


def ended(world: World, run: Run, state: RunState) -> Run:
    """Write an end of a run, as whatever led to it would."""
    stored = world.runs.get(run.route, run.run_id)
    assert stored is not None
    return world.services.save_run(stored, stored.run.transitioned(world.clock.now(), state, "by a test")).run


def retried(world: World, run: Run) -> Run:
    """Ask for the next attempt of a run whose job has ended, and let a tick begin it; nobody reads it yet."""
    if run.job_id:
        world.training.fail(run.job_id, "by a test")
    status, body = ask(world, "retry", run=run.run_id, by="alice", reason="by a test")
    assert status == 200, body
    world.tick()
    return world.run(run.run_id)


def read_now(world: World, run: Run) -> Run:
    """Deliver what was announced; returns the run as it is then."""
    world.read()
    return world.run(run.run_id)


def assert_equals(run: Run, holder: Run) -> None:
    """Check that a run ended because another one has its set, which it names, and that no job was paid for."""
    assert (run.state, run.job_id) == (RunState.UNCHANGED, "")
    assert run.reason.startswith(f"Its training set equals that of run {holder.run_id}, ")
    assert run.training_set is not None
    assert holder.training_set is not None
    assert run.training_set.sha256 == holder.training_set.sha256


@pytest.mark.parametrize("batch", [None, BatchSettings(debounce_s=60, max_wait_s=900)])
@pytest.mark.parametrize("name", [A, COPY])
def test_a_single_file_that_equals_one_that_is_trained_is_not_trained_again(
    batch: BatchSettings | None, name: str
) -> None:
    """A copy under another name and an overwritten file with equal bytes: whether the route has bursts or not."""
    world = world_with(batch)
    runs = []
    for landing in (A, name):
        run = landed(world, landing)
        if batch is not None:
            world.tick(61)
        runs.append(read_now(world, run))
    assert runs[0].state is RunState.STARTED
    assert runs[0].run_id != runs[1].run_id
    assert_equals(runs[1], runs[0])
    assert len(world.training.started) == 1


def test_equal_rows_in_another_spelling_are_an_equal_set() -> None:
    """The set is what the job reads: clean rows, not the bytes that landed."""
    world = world_with()
    first = landed(world)
    assert_equals(landed(world, COPY, "\ufeff" + ROWS.replace(",", ";").replace("\n", "\r\n")), first)


def test_without_normalising_only_equal_bytes_are_an_equal_set() -> None:
    """The job reads the original, so another spelling is another set."""
    world = world_with(normalise=False, schema=SchemaSource.NONE)
    first = landed(world)
    assert landed(world, "census/spelt.csv", ROWS.replace("\n", "\r\n")).state is RunState.STARTED
    assert_equals(landed(world, COPY), first)


def test_a_file_that_nothing_reads_is_trained_however_equal_it_is() -> None:
    """Without `[intake]` there is no hash, so each version has its job."""
    world = World()
    assert [world.land(name, ROWS).state for name in (A, COPY)] == [RunState.STARTED, RunState.STARTED]


def test_further_rows_are_another_set() -> None:
    """One row more is trained."""
    world = world_with()
    assert [landed(world, text=text).state for text in (ROWS, FURTHER_ROWS)] == [RunState.STARTED, RunState.STARTED]


@pytest.mark.parametrize("name", [A, COPY])
def test_of_two_equal_files_at_once_one_is_trained(name: str) -> None:
    """Both landed before either was read."""
    world = world_with()
    runs = [world.land(A, ROWS), world.land(name, ROWS)]
    world.read()
    first, second = (world.run(run.run_id) for run in runs)
    assert first.state is RunState.STARTED
    assert_equals(second, first)


def test_of_two_equal_files_in_a_burst_the_newest_is_trained() -> None:
    """The older one is superseded as ever, and claims nothing."""
    world = world_with(BatchSettings(debounce_s=60, max_wait_s=900))
    older, newer = landed(world), landed(world, COPY)
    world.tick(61)
    assert read_now(world, newer).state is RunState.STARTED
    assert world.run(older.run_id).state is RunState.SUPERSEDED


def test_of_two_workers_that_claim_a_set_at_once_the_first_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one's write fails, and its next try finds who has the set."""
    world = world_with()
    runs = [world.land(A, ROWS), world.land(COPY, ROWS)]
    claim = world.runs.claim_set
    meanwhile = [runs[1]]

    def claim_late(route: str, sha256: str, run_id: str, before: StoredSet | None) -> StoredSet:
        if meanwhile:
            run = meanwhile.pop()
            intake_message.read_and_assemble(world.services, IntakeMessage(run.route, run.run_id).to_text())
        return claim(route, sha256, run_id, before)

    monkeypatch.setattr(world.runs, "claim_set", claim_late)
    world.read()
    for _ in range(20):
        world.tick(30)
        world.read()
    second, first = (world.run(run.run_id) for run in runs)
    assert first.state is RunState.STARTED
    assert_equals(second, first)
    assert len(world.training.started) == 1


@pytest.mark.parametrize("end", GAVE_UP)
def test_a_run_that_gave_up_leaves_its_set_to_an_equal_file(end: RunState) -> None:
    """Its retry then finds that another run has the set."""
    world = world_with()
    first = ended(world, landed(world), end)
    second = landed(world, COPY)
    assert second.state is RunState.STARTED
    assert_equals(read_now(world, retried(world, first)), second)


@pytest.mark.parametrize("end", [*GAVE_UP, RunState.SUPERSEDED])
def test_a_retry_trains_the_run_s_own_set_again(end: RunState) -> None:
    """The set is its own: it was asked for, and an equal file that lands meanwhile is not trained."""
    world = world_with()
    first = read_now(world, retried(world, ended(world, landed(world), end)))
    assert (first.state, first.attempt) == (RunState.STARTED, 2)
    assert_equals(landed(world, COPY), first)


@pytest.mark.parametrize("auc", [0.9, 0.1])
def test_a_model_that_was_judged_is_the_last_word_on_its_set(auc: float) -> None:
    """Promoted or rejected, and whatever was promoted since: the run that says `unchanged` names which run it was."""
    world = world_with()
    first = landed(world)
    world.finish(first, "first", auc)
    first = world.settle(first)
    assert first.state is (RunState.PROMOTED if auc > 0.5 else RunState.REJECTED), first.reason
    assert_equals(landed(world, COPY), first)
    newer = landed(world, "census/newer.csv", FURTHER_ROWS)
    world.finish(newer, "newer", 0.95)
    assert world.settle(newer).state is RunState.PROMOTED
    assert_equals(landed(world), first)
    assert world.served() == "newer"


def test_a_set_whose_model_was_rolled_back_is_not_trained_again() -> None:
    """The operator decided against what those rows lead to; the run that was rolled back is named."""
    world = world_with()
    first = landed(world)
    world.finish(first)
    first = world.settle(first)
    status, body = ask(world, "rollback", endpoint="production", by="alice", reason="complaints")
    assert status == 200, body
    assert world.settle(world.run(body["run"]["run_id"]), 31).terminal
    assert world.served() == "seed"
    assert_equals(landed(world, COPY), first)


def test_a_run_that_is_retried_has_no_set_before_its_file_is_read_again() -> None:
    """It may be refused this time, and then nobody would train the rows."""
    world = world_with()
    first = retried(world, ended(world, landed(world), RunState.FAILED))
    assert (first.state, first.step) == (RunState.LANDED, LandedStep.QUEUED)
    world.services.announced.clear()
    second = landed(world, COPY)
    assert second.state is RunState.STARTED
    for _ in range(20):
        world.tick(30)
        world.read()
    assert_equals(world.run(first.run_id), second)


def test_a_retry_that_claims_its_own_set_beats_whoever_found_it_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other worker looked before the retry got so far: its write fails, or both would be trained."""
    world = world_with()
    first = retried(world, ended(world, landed(world), RunState.FAILED))
    world.services.announced.clear()
    claim = world.runs.claim_set
    refused: list[str] = []
    meanwhile = [first]

    def claim_late(route: str, sha256: str, run_id: str, before: StoredSet | None) -> StoredSet:
        if meanwhile:
            run = meanwhile.pop()
            intake_message.read_and_assemble(world.services, IntakeMessage(run.route, run.run_id).to_text())
        try:
            return claim(route, sha256, run_id, before)
        except StaleWriteError:
            refused.append(run_id)
            raise

    monkeypatch.setattr(world.runs, "claim_set", claim_late)
    second = landed(world, COPY)
    for _ in range(20):
        world.tick(30)
        world.read()
    assert refused == [second.run_id]
    assert world.run(first.run_id).state is RunState.STARTED
    assert_equals(world.run(second.run_id), world.run(first.run_id))


def test_a_holdout_that_takes_a_row_out_makes_another_set() -> None:
    """The same bytes give other rows, which were not trained yet; without the change they are an equal set."""
    routes = example_routes((TRAINING_TABLE, HOLDOUT_TABLE))
    route = routes.routes["census"]
    intake = IntakeSettings(label="income")
    world = World(replace(routes, routes={"census": replace(route, intake=intake)}))
    header, *lines = ROWS.splitlines()
    world.blobs.put("models", "holdout/census.csv", f"{header}\n1,Private,yes\n2,Private,no\n")
    first = landed(world)
    assert_equals(landed(world, COPY), first)
    world.blobs.put("models", "holdout/census.csv", f"{header}\n{lines[0]}\n1,Private,yes\n2,Private,no\n")
    again = landed(world, "census/again.csv")
    assert (again.state, again.intake and again.intake.left_out.holdout) == (RunState.STARTED, 1), again.reason


def test_the_kind_of_a_set_does_not_matter() -> None:
    """A route that joins its bursts since then does not train a file again that lands alone."""
    world = world_with()
    first = landed(world)
    batch = BatchSettings(training_set=TrainingSetKind.BATCH, debounce_s=60, max_wait_s=900)
    joins = replace(world.services.routes.routes["census"], batch=batch)
    world.services = replace(world.services, routes=replace(world.routes, routes={"census": joins}))
    second = landed(world, COPY)
    world.tick(61)
    assert_equals(read_now(world, second), first)
