"""Files that settle: nobody reads what may still grow or is not released, and every version has one outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import UnavailableError
from shared.intake.settings import IntakeSettings
from shared.pipeline import landing, polling, sweeping
from shared.ports.blob_files import BlobVersion
from shared.records.run import Run
from shared.records.run_identity import run_id_for, settling_run_id
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, WaitingStep
from tests.pipeline.world import FAULT, World, example_routes

NAME = "census/a.csv"


def world_with(settings: IntakeSettings) -> World:
    """Give a world whose route reads its files with these settings."""
    routes = example_routes()
    return World(replace(routes, routes={"census": replace(routes.routes["census"], intake=settings)}))


def append(world: World, text: str) -> BlobVersion:
    """Write the file as an append blob that has grown to `text`, and deliver an event."""
    version = world.blobs.put_bytes("incoming", NAME, text.encode(), world.clock.now(), appendable=True)
    landing.land(world.services, "incoming", NAME)
    return version


def run_of(world: World, version: BlobVersion) -> Run | None:
    """Return the run of a version, if there is one."""
    stored = world.runs.get("census", run_id_for(version.container, version.name, version.etag))
    return stored.run if stored is not None else None


def settling(world: World) -> Run | None:
    """Return the run that waits for the file to settle, if there is one."""
    stored = world.runs.get("census", settling_run_id("incoming", NAME))
    return stored.run if stored is not None else None


def test_a_growing_file_waits_in_one_row_and_its_settled_version_is_read() -> None:
    """However often it grows there is one run; only the version that rested has a run of its own."""
    world = world_with(IntakeSettings())
    versions = []
    for length in range(1, 6):
        versions.append(append(world, "a,b\n" + "1,2\n" * length))
        world.tick(40)
    waiting = settling(world)
    assert waiting is not None
    assert (waiting.state, waiting.step) == (RunState.WAITING, WaitingStep.SETTLE)
    assert "is read once it is 60 s old" in waiting.reason
    assert len(world.runs.list_runs()) == 1

    world.tick(21)
    assert settling(world) is None
    (run,) = [stored.run for stored in world.runs.list_runs()]
    assert (run.etag, run.step) == (versions[-1].etag, LandedStep.QUEUED)
    assert world.blobs.text(run.original_blob) == "a,b\n" + "1,2\n" * 5


def test_a_block_blob_is_read_at_once_and_a_hierarchical_namespace_waits() -> None:
    """A block blob appears whole; a writer of a hierarchical namespace flushes."""
    world = world_with(IntakeSettings())
    assert world.land().step is LandedStep.QUEUED

    world = world_with(IntakeSettings())
    world.blobs.is_hierarchical = True
    world.drop()
    landing.land(world.services, "incoming", NAME)
    assert settling(world) is not None


@pytest.mark.parametrize("settle_s", [0, 300, 90_000])
def test_settle_s_says_how_old_a_version_must_be(settle_s: int) -> None:
    """It holds for every kind of blob, and a tick asks nothing before that time."""
    world = world_with(IntakeSettings(settle_s=settle_s))
    version = append(world, "a,b\n1,2\n")
    if settle_s:
        requests = world.blobs.faults.calls["version"]
        world.tick(settle_s - 1)
        assert run_of(world, version) is None
        assert world.blobs.faults.calls["version"] == requests
        world.tick(1)
    assert run_of(world, version) is not None


def test_a_route_that_reads_nothing_waits_for_nothing() -> None:
    """As before there was an intake: an append blob is trained as it is, and nothing more is asked."""
    world = World()
    append(world, "a,b\n1,2\n")

    assert world.run().state is RunState.STARTED
    assert world.blobs.faults.calls["hierarchical"] == 0


def test_a_marker_releases_its_file_and_is_no_version() -> None:
    """Neither its event nor the sweep claims it; the event of the marker lands the file."""
    world = world_with(IntakeSettings(marker=".done"))
    version = world.drop()
    landing.land(world.services, "incoming", NAME)
    waiting = settling(world)
    assert waiting is not None
    assert waiting.reason == "The file is read once its marker is there: upload census/a.csv.done."

    world.clock.advance(1)
    world.drop(f"{NAME}.done", "")
    landing.land(world.services, "incoming", f"{NAME}.done")
    world.sweep()
    world.tick(0)
    assert run_of(world, version) is not None
    assert settling(world) is None
    assert [stored.run.blob for stored in world.runs.list_runs()] == [NAME]


def test_a_marker_that_is_older_than_its_file_releases_nothing() -> None:
    """It released the version before."""
    world = world_with(IntakeSettings(marker=".done"))
    world.drop(f"{NAME}.done", "")
    world.clock.advance(1)
    version = world.drop()
    landing.land(world.services, "incoming", NAME)
    waiting = settling(world)
    assert waiting is not None
    assert "is older than the file" in waiting.reason

    world.drop(f"{NAME}.done", "")
    world.tick(0)
    assert run_of(world, version) is not None


def test_a_marker_is_only_one_where_a_file_could_be() -> None:
    """A file of another route, or of none, that ends like a marker is a file."""
    world = world_with(IntakeSettings(marker=".done"))
    landing.land_version(world.services, world.drop("elsewhere/a.csv.done"))

    assert world.run().state is RunState.UNROUTED


def test_a_file_deleted_while_it_settles_is_superseded() -> None:
    """Its last version has a recorded outcome, and nothing waits for it."""
    world = world_with(IntakeSettings(settle_s=60))
    append(world, "a\n")
    world.tick(30)
    version = append(world, "a\nb\n")
    world.tick(40)  # looks, and waits for the newer version
    world.blobs.remove("incoming", NAME)
    world.tick(60)

    run = run_of(world, version)
    assert run is not None
    assert (run.state, run.reason) == (
        RunState.SUPERSEDED,
        "The file was deleted before it had settled: it was never read.",
    )
    assert settling(world) is None
    assert world.runs.active("census") == []


def test_a_version_that_has_its_run_is_not_awaited_again() -> None:
    """A marker that is gone later, or a longer settle_s, changes nothing for what was claimed."""
    world = world_with(IntakeSettings())
    run = world.land()
    patient = world_with(IntakeSettings(settle_s=600))
    services = replace(patient.services, blobs=world.blobs, runs=world.runs)
    landing.land(services, "incoming", NAME)

    assert settling(world) is None
    assert [stored.run.run_id for stored in world.runs.list_runs()] == [run.run_id]


def test_an_event_that_comes_late_claims_the_settled_version_once() -> None:
    """The tick finds the version's run, and only deletes the rows of the one that waited."""
    world = world_with(IntakeSettings(settle_s=60))
    version = append(world, "a,b\n1,2\n")
    world.clock.advance(61)
    landing.land(world.services, "incoming", NAME)  # an event that came late claims it at once
    run = run_of(world, version)
    assert run is not None
    world.tick(0)

    assert settling(world) is None
    assert run_of(world, version) == run


def test_a_file_whose_name_goes_to_another_route_is_trained_once() -> None:
    """The route that it settled for lets it go; the other one lands it, whoever comes first."""
    for sweeps_first in (True, False):
        world = world_with(IntakeSettings(settle_s=60))
        version = append(world, "a,b\n1,2\n")
        before = world.services.routes.routes["census"]
        after = {
            "census": replace(before, files="old/*.csv"),
            "people": replace(before, name="people", intake=IntakeSettings(settle_s=0)),
        }
        world.services = replace(world.services, routes=replace(world.services.routes, routes=after))
        if sweeps_first:
            sweeping.sweep(world.services)
        world.clock.advance(60)
        polling.tick(world.services)
        world.clock.advance(700)
        sweeping.sweep(world.services)

        run_id = run_id_for(version.container, version.name, version.etag)
        assert world.runs.get("census", run_id) is None
        assert world.runs.get("people", run_id) is not None
        waited = settling(world)
        assert waited is not None
        assert (waited.state, "another route" in waited.reason) == (RunState.SUPERSEDED, True)


def test_storage_that_does_not_answer_only_delays() -> None:
    """The next tick looks again."""
    world = world_with(IntakeSettings(settle_s=60))
    version = append(world, "a,b\n1,2\n")
    world.blobs.faults.fail_next("version", UnavailableError(FAULT))
    world.tick(60)
    assert settling(world) is not None
    world.runs.faults.fail_next("settle", UnavailableError(FAULT))
    world.tick(10)
    assert settling(world) is not None
    world.tick(10)
    assert run_of(world, version) is not None


def test_a_file_that_settles_counts_from_its_last_write_not_from_its_event() -> None:
    """The sweep may find it much later: then it is read at once."""
    world = world_with(IntakeSettings(settle_s=600))
    old = world.clock.now() - timedelta(seconds=601)
    version = world.blobs.put("incoming", NAME, "a,b\n1,2\n", old)
    world.sweep()

    assert run_of(world, version) is not None
