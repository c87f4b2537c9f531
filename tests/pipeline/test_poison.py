"""Poison messages: their cause stands in the run's record, and what they were about goes on."""

import base64
import json
from collections.abc import Iterator

import pytest

from shared.lifecycle.intake_states import READING_LEASE_S
from shared.log_actions import LogAction
from shared.pipeline import poison
from shared.records.messages import EvaluationMessage
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.blob_events import event_grid_event, in_base64
from tests.log_lines import lines_about
from tests.pipeline.reading_world import world_with
from tests.pipeline.world import World


def cause_of(world: World, run: Run) -> str:
    """Return the reason in the newest entry of a run's history."""
    return world.runs.history(run.route, run.run_id)[-1].reason


def event(name: str, etag: str) -> str:
    """Return a poison blob event as the host writes it."""
    text = json.dumps({"ContainerName": "incoming", "BlobName": name, "ETag": f'"{etag}"'})
    return base64.b64encode(text.encode()).decode()


def test_an_evaluation_message_that_was_given_up_stands_in_its_run() -> None:
    """The cause is written into the record, the function that wrote it too, and the tick still promotes the run."""
    world = World()
    run = world.land()
    world.finish(run)
    (message,) = world.tick()
    poison.evaluation(world.services.acting_as("on_evaluation_poison"), message.to_text())

    assert "gave up its evaluation message" in cause_of(world, run)
    assert world.runs.history(run.route, run.run_id)[-1].actor == "on_evaluation_poison"
    assert world.settle(run).state is RunState.PROMOTED


def test_an_intake_message_that_was_given_up_stands_in_its_run(reading_world: World) -> None:
    """The cause is written into the record, and a tick announces the run again."""
    run = reading_world.land()
    message = reading_world.services.announced.pop()
    poison.intake(reading_world.services.acting_as("on_intake_poison"), message.to_text())

    assert "gave up its intake message" in cause_of(reading_world, run)
    assert reading_world.services.announced == []
    reading_world.tick(30)
    assert reading_world.services.announced == [message]


@pytest.mark.parametrize("kind", ["message", "event"])
def test_poison_does_not_disturb_a_worker_that_reads(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease stays its own, so a large file is not read twice; the log has the message."""
    world = world_with(schema="none")
    run = world.land("census/a.csv", "age,workclass,income\n" + "39,State-gov,no\n50,Private,yes\n" * 50)
    message = world.services.announced[0].to_text()
    read_chunks = world.blobs.read_chunks
    readings = []

    def poisoned_meanwhile(path: str, etag: str) -> Iterator[bytes]:
        readings.append(path)
        for chunk in read_chunks(path, etag, 500):
            yield chunk
            world.clock.advance(READING_LEASE_S / 2)
            if kind == "message":
                poison.intake(world.services, message)
            else:
                poison.blob_event(world.services, event("census/a.csv", run.etag))

    monkeypatch.setattr(world.blobs, "read_chunks", poisoned_meanwhile)
    world.read()
    assert (world.run(run.run_id).state, world.run(run.run_id).reason) == (RunState.STARTED, "")
    assert readings == [run.original_blob]


def test_a_message_about_a_run_that_has_ended_changes_no_outcome() -> None:
    """The cause is noted; the state stays, and the run is not active again."""
    world = World()
    run = world.settle(world.train())
    poison.evaluation(world.services, EvaluationMessage("census", run.run_id).to_text())

    assert world.run(run.run_id).state is RunState.PROMOTED
    assert "gave up" in cause_of(world, run)
    assert world.runs.active("census") == []


def test_a_blob_event_that_was_given_up_is_landed() -> None:
    """No run yet: the file is claimed and its job started, and the run says what happened to its event."""
    world = World()
    version = world.drop()
    poison.blob_event(world.services, event("census/a.csv", version.etag))

    assert world.run().state is RunState.STARTED
    assert "gave up the event" in world.run().reason
    assert len(world.training.started) == 1


def test_a_blob_event_of_a_run_that_is_under_way_is_noted() -> None:
    """The run goes on as before."""
    world = World()
    run = world.land()
    poison.blob_event(world.services, event("census/a.csv", run.etag))

    assert (world.run().state, world.run().job_id) == (run.state, run.job_id)
    assert "gave up the event" in world.run().reason


def test_a_queue_event_that_was_given_up_is_landed() -> None:
    """As Event Grid wrote it: the file is landed now, and its run says what happened to the event."""
    world = World()
    version = world.drop("census/a b.csv")
    event = event_grid_event("incoming", "census/a b.csv", version.etag)
    poison.csv_event(world.services.acting_as("on_csv_event_poison"), in_base64(event))

    run = world.run()
    assert run.state is RunState.STARTED
    assert "gave up the event" in run.reason
    assert world.runs.history(run.route, run.run_id)[-1].actor == "on_csv_event_poison"


def test_a_queue_event_of_another_container_lands_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The line says which container the app reads."""
    world = World()
    world.blobs.put("elsewhere", "census/a.csv", "a\n1\n")
    poison.csv_event(world.services, in_base64(event_grid_event("elsewhere", "census/a.csv")))

    assert world.runs.list_runs() == []
    assert lines_about(caplog, LogAction.MESSAGE_WITHOUT_RUN) == [
        "the poison message is about container elsewhere; this app reads incoming only"
    ]


@pytest.mark.parametrize(
    "text", ["{not json", '{"BlobName": "a.csv"}', base64.b64encode(b'["x"]').decode(), "x" * 100_000, event("a", "b")]
)
def test_poison_that_names_no_run_is_reported_readably(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it is, it goes to the log, cut to a bearable length."""
    world = World()
    poison.blob_event(world.services, text)
    poison.csv_event(world.services, text)
    poison.evaluation(world.services, text)

    assert len(lines_about(caplog, LogAction.MESSAGE_POISONED)) == 3
    assert len(caplog.text) < 5000
