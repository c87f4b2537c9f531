"""The sweep: what no event reported gets its one run, and what has its run keeps it when the routes change."""

import pytest

from shared.errors import RejectedError, UnavailableError
from shared.log_actions import LogAction
from shared.pipeline import landing, sweeping
from shared.records.run_identity import UNROUTED, run_id_for
from shared.records.run_states import RunState
from shared.services import Services
from tests.log_lines import lines_about
from tests.pipeline.world import DOWN, World, example_routes


def test_the_sweep_lands_what_no_event_reported(world: World) -> None:
    """Every file of the container ends with a run; the run's generation is that of its data."""
    early = world.drop("census/early.csv")
    world.clock.advance(3600)
    late = world.land("census/late.csv")
    world.drop("other/x.csv")

    assert world.sweep() == 2  # the one under a route, and the unrouted one is recorded too
    assert world.sweep() == 0
    stored = world.runs.find(run_id_for("incoming", early.name, early.etag))
    assert stored is not None
    assert stored.run.state is RunState.STARTED
    assert stored.run.generation < late.generation


def test_one_bad_file_does_not_stop_the_sweep(world: World) -> None:
    """An error at one file is left for the next sweep; the others are landed."""
    for number in range(5):
        world.drop(f"census/{number}.csv")
    world.runs.faults.fail_next("claim", UnavailableError(DOWN))
    world.runs.faults.fail_next("claim", RejectedError(DOWN))
    world.runs.faults.fail_next("claim", ZeroDivisionError())

    assert world.sweep() == 2
    assert world.sweep() == 3


def test_an_unrouted_file_is_trained_once_a_route_matches(world: World) -> None:
    """After the routes are corrected the sweep claims the file under its route, and that is its one run."""
    unrouted = world.land("other/a.csv")
    corrected = with_routes(world, ("census/*.csv", "other/*.csv"))

    assert sweeping.sweep(corrected) == 1
    assert sweeping.sweep(corrected) == 0
    (run,) = [stored.run for stored in world.runs.list_runs()]
    assert (run.run_id, run.route, run.state) == (unrouted.run_id, "census", RunState.STARTED)


@pytest.mark.parametrize(
    "change",
    [
        ("census/*.csv", "people/*.csv"),  # no route matches any more
        ("routes.census", "routes.people"),  # another one does: it has the pattern now
    ],
    ids=["pattern", "name"],
)
@pytest.mark.parametrize("late_s", [0, 86_400], ids=["at once", "a day later"])
def test_a_version_keeps_its_run_when_the_routes_change(world: World, change: tuple[str, str], late_s: int) -> None:
    """Whatever finds the file again, its run counts: it becomes neither unrouted nor trained a second time."""
    run = world.settle(world.train())
    jobs = len(world.training.jobs)
    changed = with_routes(world, change)
    world.clock.advance(late_s)

    assert sweeping.sweep(changed) == 0
    if late_s or change[0] == "census/*.csv":
        assert not landing.land(changed, "incoming", run.blob)
    assert [stored.run for stored in world.runs.list_runs()] == [run]
    assert len(world.training.jobs) == jobs


def test_new_files_are_unrouted_after_such_a_change(world: World) -> None:
    """Only what has its run is left alone; a new version is recorded, once."""
    world.settle(world.train())
    changed = with_routes(world, ("census/*.csv", "people/*.csv"))
    world.drop("census/new.csv", "other")

    assert sweeping.sweep(changed) == 1
    assert sweeping.sweep(changed) == 0
    assert sorted(stored.run.route for stored in world.runs.list_runs()) == [UNROUTED, "census"]


def test_the_names_of_routes_are_read_once_in_a_while(world: World) -> None:
    """Not for every file that a sweep finds; again later, for another release may write under others."""
    for number in range(5):
        world.drop(f"other/{number}.csv")
    assert world.sweep() == 5
    assert world.runs.faults.calls["routes"] == 1
    world.clock.advance(601)
    world.drop("other/late.csv")
    world.sweep()
    assert world.runs.faults.calls["routes"] == 2


def test_files_that_no_event_brought_are_counted_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """One line a sweep says how many and names one; the next sweep has nothing to say."""
    for number in range(3):
        world.drop(f"census/{number}.csv")
    world.drop("elsewhere/3.CSV")  # unrouted: an event should have brought it nevertheless
    world.clock.advance(sweeping.EVENT_GRACE_S)
    world.drop("census/young.csv")

    assert world.sweep() == 5
    (line,) = lines_about(caplog, LogAction.SWEEP_FOUND_UNREPORTED)
    assert line.startswith("no event reported 4 files within 300 s, such as census/0.csv: check the event subscription")
    caplog.clear()
    world.clock.advance(sweeping.EVENT_GRACE_S)
    assert world.sweep() == 0
    assert lines_about(caplog, LogAction.SWEEP_FOUND_UNREPORTED) == []


def test_files_without_events_are_not_counted(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Other suffixes have none; a file that was unrouted was reported then."""
    world.drop("census/a.tsv")
    world.land("other/a.csv")
    world.clock.advance(86_400)

    assert sweeping.sweep(with_routes(world, ("census/*.csv", "census/*.tsv"))) == 1
    assert sweeping.sweep(with_routes(world, ("census/*.csv", "other/*.csv"))) == 1
    assert lines_about(caplog, LogAction.SWEEP_FOUND_UNREPORTED) == []


def test_a_file_that_could_not_be_landed_is_counted_when_it_is(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The line counts files that the sweep has landed."""
    world.drop()
    world.clock.advance(sweeping.EVENT_GRACE_S)
    world.runs.faults.fail_next("claim", UnavailableError(DOWN))

    assert world.sweep() == 0
    assert lines_about(caplog, LogAction.SWEEP_FOUND_UNREPORTED) == []
    assert world.sweep() == 1
    assert len(lines_about(caplog, LogAction.SWEEP_FOUND_UNREPORTED)) == 1


def with_routes(world: World, *changes: tuple[str, str]) -> Services:
    """Return the services of the same world after a start with other routes."""
    return Services(
        example_routes(*changes),
        world.runs,
        world.endpoints,
        world.blobs,
        world.training,
        world.scoring,
        world.clock,
    )
