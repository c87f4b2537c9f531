"""Events from the queue: each is a hint to look at a blob, and none is needed."""

import json
from collections.abc import Callable

import pytest

from shared.errors import UnavailableError
from shared.log_actions import LogAction
from shared.pipeline import csv_event
from shared.records.run_states import RunState
from tests.blob_events import cloud_event, event_grid_event, in_base64
from tests.log_lines import lines_about
from tests.pipeline.world import DOWN, World


@pytest.mark.parametrize("make", [event_grid_event, cloud_event])
@pytest.mark.parametrize("name", ["census/a.csv", "census/Übersicht 100%+#?.csv"])
def test_an_event_lands_its_file_once(make: Callable[..., object], name: str) -> None:
    """The job starts at once; the same event again, and the sweep, find the run."""
    world = World()
    version = world.drop(name)
    text = in_base64(make("incoming", name, version.etag))

    assert csv_event.land_event(world.services, text)
    assert world.run().state is RunState.STARTED
    assert not csv_event.land_event(world.services, text)
    assert world.sweep() == 0
    assert len(world.training.started) == 1


def test_what_the_blob_is_now_counts() -> None:
    """The event's own size and ETag are never believed: a file that was overwritten since is landed as it is."""
    world = World()
    world.drop(text="1")
    late = event_grid_event("incoming", "census/a.csv", "0xOLD")
    newest = world.drop(text="2")

    assert csv_event.land_event(world.services, in_base64(late))
    assert world.run().etag == newest.etag


def test_a_name_with_two_readings_lands_what_exists() -> None:
    """If subject and URL differ, each blob that exists is landed."""
    world = World()
    event = event_grid_event("incoming", "census/a%41.csv")
    event["data"]["url"] = "https://stdata.blob.core.windows.net/incoming/census/a%41.csv"  # not encoded
    world.drop("census/a%41.csv")

    assert csv_event.land_event(world.services, json.dumps(event))
    assert world.run().blob == "census/a%41.csv"


def test_a_file_that_is_gone_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """One line says so."""
    caplog.set_level("INFO")
    assert not csv_event.land_event(World().services, in_base64(event_grid_event("incoming", "census/a.csv")))
    assert lines_about(caplog, LogAction.FILE_DELETED) == ["census/a.csv was deleted before its event arrived"]


@pytest.mark.parametrize("text", ["{not json", "[]", in_base64({"specversion": "1.0"}), "x" * 60_000])
def test_a_malformed_event_is_one_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is not delivered again, which would not mend it; the sweep lands the file."""
    world = World()
    world.drop()
    assert not csv_event.land_event(world.services, text)

    (line,) = lines_about(caplog, LogAction.EVENT_MALFORMED)
    assert line.startswith("an event of queue csv-events cannot be used; the sweep finds its file: ")
    assert len(line) < 1000
    assert world.sweep() == 1


def test_a_foreign_event_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """An event about another container lands nothing there."""
    world = World()
    world.blobs.put("elsewhere", "census/a.csv", "a\n1\n")
    assert not csv_event.land_event(world.services, in_base64(event_grid_event("elsewhere", "census/a.csv")))

    (line,) = lines_about(caplog, LogAction.EVENT_FOREIGN)
    assert "it is about container elsewhere, and this app reads incoming only" in line
    assert world.runs.list_runs() == []


def test_storage_that_does_not_answer_is_an_error() -> None:
    """The host delivers the message again."""
    world = World()
    world.drop()
    world.blobs.faults.fail_next("version", UnavailableError(DOWN))
    text = in_base64(event_grid_event("incoming", "census/a.csv"))

    with pytest.raises(UnavailableError):
        csv_event.land_event(world.services, text)
    assert csv_event.land_event(world.services, text)
