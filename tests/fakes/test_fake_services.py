"""What only the fakes can do: count starts, delay and ignore models, expire links, arrange faults."""

import pytest

from shared.errors import KeyRefusedError, NotFoundError, UnavailableError
from shared.errors import ServiceFault as Fault
from shared.ports.blob_files import CopyState
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_scoring import FakeScoring, answers_of
from tests.fakes.fake_training import FakeTraining
from tests.fakes.memory_blobs import MemoryBlobs
from tests.route_parts import a_request, a_training, an_endpoint

TRAINING, ENDPOINT = a_training(), an_endpoint()
REQUEST = a_request()
ROWS = [["39", "Bachelors"], ["50", ""]]


@pytest.fixture
def blobs() -> MemoryBlobs:
    """Give empty storage."""
    return MemoryBlobs()


@pytest.fixture
def training(blobs: MemoryBlobs) -> FakeTraining:
    """Give a training service."""
    service = FakeTraining(blobs)
    service.add(TRAINING)
    return service


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock."""
    return FakeClock()


@pytest.fixture
def scoring(blobs: MemoryBlobs, clock: FakeClock) -> FakeScoring:
    """Give a scoring service with one endpoint that serves the model `old`; `new` lies in storage."""
    service = FakeScoring(blobs, clock)
    service.add(ENDPOINT, "old")
    blobs.put("models", "new.ilearner", "new")
    return service


def test_starts_are_counted(training: FakeTraining) -> None:
    """A job begins to run only once, however often it is started; a start can be answered and ignored."""
    job_id, ignored = (training.submit(TRAINING, REQUEST) for _ in range(2))
    for _ in range(2):
        training.start(TRAINING, job_id, REQUEST)
    training.ignored_starts = 1
    training.start(TRAINING, ignored, REQUEST)

    assert (training.jobs[job_id].starts, training.jobs[job_id].start_calls) == (1, 2)
    assert (training.jobs[ignored].starts, training.jobs[ignored].start_calls) == (0, 1)
    assert training.started == [training.jobs[job_id]]


def test_links_expire_in_a_storage_that_is_not_the_apps(training: FakeTraining, blobs: MemoryBlobs) -> None:
    """Each status brings a fresh link; those that came before can be refused."""
    training.outputs_base = "https://elsewhere.example/"
    job_id = training.submit(TRAINING, REQUEST)
    training.start(TRAINING, job_id, REQUEST)
    training.finish(job_id, "new", "AUC\n0.9\n")

    first = training.status(TRAINING, job_id).outputs["output2"]
    training.expire_links()
    second = training.status(TRAINING, job_id).outputs["output2"]

    assert blobs.text(REQUEST.model_path) == "new"
    assert training.read_output(second, 100) == "AUC\n0.9\n"
    with pytest.raises(KeyRefusedError):
        training.read_output(first, 100)


def test_a_job_can_be_forgotten(training: FakeTraining) -> None:
    """The service can drop a job that it knew."""
    job_id = training.submit(TRAINING, REQUEST)
    training.forget(job_id)

    with pytest.raises(NotFoundError):
        training.status(TRAINING, job_id)


def test_a_fault_comes_before_or_after_the_effect(training: FakeTraining) -> None:
    """A call that fails has no effect, unless it is only the answer that is lost; the next call is well again."""
    down = UnavailableError(Fault("submit", TRAINING.jobs_url, 503))
    training.faults.fail_next("submit", down)
    with pytest.raises(UnavailableError):
        training.submit(TRAINING, REQUEST)
    without_effect = len(training.jobs)

    training.faults.fail_next("submit", down, after=True)
    with pytest.raises(UnavailableError):
        training.submit(TRAINING, REQUEST)
    with_effect = len(training.jobs)
    training.submit(TRAINING, REQUEST)

    assert (without_effect, with_effect, len(training.jobs)) == (0, 1, 2)
    assert training.faults.calls["submit"] == 3


def test_a_patched_model_is_served_after_its_propagation(
    scoring: FakeScoring, blobs: MemoryBlobs, clock: FakeClock
) -> None:
    """A PATCH is accepted at once and shows in the endpoint's location; the answers change some time later."""
    columns = ["age", "education"]
    before = scoring.score(ENDPOINT, columns, ROWS).rows
    scoring.patch(ENDPOINT, blobs.link("models/new.ilearner", 60))
    meanwhile = scoring.score(ENDPOINT, columns, ROWS).rows
    clock.advance(1)
    after = scoring.score(ENDPOINT, columns, ROWS).rows

    assert before == meanwhile == answers_of("old", columns, ROWS)
    assert after == answers_of("new", columns, ROWS) != before
    assert scoring.resources(ENDPOINT)[0].relative == "models/new.ilearner"


@pytest.mark.parametrize(("moves", "relative"), [(True, "models/new.ilearner"), (False, "")])
def test_a_patch_can_be_ignored(
    scoring: FakeScoring, blobs: MemoryBlobs, clock: FakeClock, moves: bool, relative: str
) -> None:
    """A service that accepts a PATCH and does nothing serves the old model for ever, whatever it says of itself."""
    state = scoring.add(ENDPOINT, "old")
    state.ignore_patch, state.location_moves = True, moves

    scoring.patch(ENDPOINT, blobs.link("models/new.ilearner", 60))
    clock.advance(3600)

    assert scoring.served(ENDPOINT) == "old"
    assert state.patches == ["new"]
    assert scoring.resources(ENDPOINT)[0].relative == relative


def test_copies_can_take_their_time(blobs: MemoryBlobs) -> None:
    """While copies are slow they are pending, until they are finished."""
    version = blobs.put("incoming", "june.csv", "a,b")
    blobs.slow_copies = True

    pending = blobs.copy_version(version, "training", "input.csv")
    blobs.finish_copies()

    assert (pending, blobs.copy_version(version, "training", "input.csv")) == (CopyState.PENDING, CopyState.DONE)


def test_another_worker_can_act_in_the_middle(blobs: MemoryBlobs) -> None:
    """What another worker does at the very moment of a call can be arranged."""
    blobs.put("incoming", "june.csv", "old")
    blobs.faults.run_at_next("read_text", lambda: blobs.put("incoming", "june.csv", "new"))

    assert blobs.read_text("incoming/june.csv", 10)[0] == "new"
