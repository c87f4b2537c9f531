"""The queue `intake`: who announces a run, who begins it, and what happens without its messages."""

from typing import TYPE_CHECKING

import pytest

from shared.effects import run_driver
from shared.effects.run_session import RunSession
from shared.errors import BadMessageError, StaleWriteError, UnavailableError
from shared.lifecycle.effects import Effect
from shared.lifecycle.intake_states import READING_LEASE_S
from shared.lifecycle.observations import Observation
from shared.pipeline import intake_message, polling
from shared.records.messages import IntakeMessage
from shared.records.run_steps import LandedStep
from tests.pipeline.world import FAULT, DiedError, World

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def world(reading_world: World) -> World:
    """Give a world whose route reads its files."""
    return reading_world


class Reader:
    """Stands for the reading of a file: records who came to it, and does what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.attempts = 0
        self.acts: list[Callable[[RunSession], Observation]] = [self.refuses]
        self._perform = run_driver.perform
        monkeypatch.setattr(run_driver, "perform", self.perform)

    def perform(self, session: RunSession, effect: Effect) -> Observation:
        """Perform an effect; reading does as the test says."""
        if session.run.step is LandedStep.READING:
            self.attempts += 1
            return self.acts[min(self.attempts, len(self.acts)) - 1](session)
        return self._perform(session, effect)

    def refuses(self, session: RunSession) -> Observation:  # noqa: ARG002 - as every act
        """Fail as if storage were away."""
        raise UnavailableError(FAULT)

    def dies(self, session: RunSession) -> Observation:  # noqa: ARG002 - as every act
        """End the worker."""
        raise DiedError


def test_a_landed_file_is_pinned_and_announced(world: World) -> None:
    """Its original lies beside its attempt; no job is submitted before the file is read."""
    run = world.land()

    assert (run.step, run.original_blob) == (LandedStep.QUEUED, f"training/{run.run_id}/1/original.csv")
    assert world.blobs.text(run.original_blob) == "a,b\n1,2\n"
    assert world.services.announced == [IntakeMessage("census", run.run_id)]
    assert world.training.jobs == {}


def test_a_lost_message_is_sent_again(world: World) -> None:
    """A tick announces the run once the message could have begun it, then after growing pauses."""
    run = world.land()
    world.services.announced.clear()
    sent = []
    for second in range(300):
        world.tick(1)
        sent += [second + 1 for _ in world.services.announced]
        world.services.announced.clear()

    assert sent == [30, 90, 210]
    assert world.run(run.run_id).step is LandedStep.QUEUED


def test_a_message_begins_a_run_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second delivery finds the lease of the first worker, and does nothing; so does one that comes in a pause."""
    reader = Reader(monkeypatch)
    run = world.land()
    message = world.services.announced[0].to_text()

    def meets_the_message_again(session: RunSession) -> Observation:
        intake_message.read_and_assemble(world.services, message)
        return reader.refuses(session)

    reader.acts = [meets_the_message_again]
    intake_message.read_and_assemble(world.services, message)
    assert reader.attempts == 1

    world.clock.advance(1)
    intake_message.read_and_assemble(world.services, message)
    assert reader.attempts == 1
    assert world.run(run.run_id).step is LandedStep.READING


def test_a_worker_that_died_is_replaced_when_its_lease_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before: it may only be slow. The run says what happened, and counts it."""
    reader = Reader(monkeypatch)
    reader.acts = [reader.dies, reader.refuses]
    run = world.land()
    with pytest.raises(DiedError):
        world.read()
    world.tick(READING_LEASE_S - 1)
    assert world.services.announced == []

    world.tick(1)
    assert world.services.announced == [IntakeMessage("census", run.run_id)]
    assert "stopped before it was done" in world.run(run.run_id).reason
    assert world.run(run.run_id).consecutive_failures == 1
    world.read()
    assert reader.attempts == 2


def test_an_error_is_a_pause_and_then_announced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no verdict: the file is read again, after a pause that no message shortens."""
    reader = Reader(monkeypatch)
    run = world.land()
    world.read()
    failed = world.run(run.run_id)
    assert (failed.step, failed.consecutive_failures) == (LandedStep.READING, 1)
    assert "answered 503" in failed.reason
    world.services.announced.append(IntakeMessage("census", run.run_id))
    world.read()
    assert reader.attempts == 1

    world.tick(10)
    world.read()
    assert reader.attempts == 2


def test_a_renewed_lease_keeps_others_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow file is read by one worker for as long as it writes; the write of one that was replaced stops it."""
    reader = Reader(monkeypatch)
    run = world.land()

    def reads_slowly(session: RunSession) -> Observation:
        for _ in range(5):
            world.clock.advance(READING_LEASE_S / 2)
            session.renew_lease()
            world.tick(0)
            assert world.services.announced == []
        world.clock.advance(READING_LEASE_S)
        world.tick(0)
        world.read()
        with pytest.raises(StaleWriteError):
            session.renew_lease()
        raise StaleWriteError("replaced")

    reader.acts = [reads_slowly, reader.refuses]
    world.read()
    assert reader.attempts == 2
    assert "answered 503" in world.run(run.run_id).reason  # the second worker's


def test_without_any_message_a_tick_reads_the_oldest_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are only hints. A tick takes one file at a time, after minutes, and none while a worker reads."""
    reader = Reader(monkeypatch)
    first = world.land()
    world.clock.advance(1)
    second = world.land("census/b.csv")
    for _ in range(44):
        world.tick(10)
    assert reader.attempts == 0
    while reader.attempts == 0:
        world.tick(10)
    assert world.run(first.run_id).step is LandedStep.READING
    assert world.run(second.run_id).step is LandedStep.QUEUED


def test_a_run_that_nobody_can_read_ends_at_its_deadline(world: World) -> None:
    """It does not wait for ever."""
    run = world.land()
    world.clock.advance(world.route.deadlines.not_started)
    polling.tick(world.services)

    assert world.run(run.run_id).state.value == "timed_out"


def test_a_message_about_nothing_known_does_nothing(world: World) -> None:
    """A route that is gone, or a run that never was; what cannot be read goes back to the host."""
    for message in (IntakeMessage("gone", "0" * 32), IntakeMessage("census", "0" * 32)):
        intake_message.read_and_assemble(world.services, message.to_text())
    with pytest.raises(BadMessageError, match="An intake message is not JSON"):
        intake_message.read_and_assemble(world.services, "no")
    assert world.runs.list_runs() == []
