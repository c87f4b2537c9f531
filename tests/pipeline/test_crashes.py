"""A worker may die at any call, before or after its effect, or be doubled there: the outcome is always the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.pipeline import landing, polling
from shared.pipeline.services import Services
from shared.ports import JobState
from shared.runs import RunState
from tests.pipeline.world import DiedError, World, die, without_staging


class Fuse:
    """Counts calls of ports, and burns at one of them."""

    def __init__(self, at: int, *, after: bool, action: Callable[[], None]) -> None:
        self.at = at
        self.after = after
        self.action = action
        self.count = 0

    def burn(self, *, after: bool) -> None:
        """Act if this is the call and the moment."""
        if self.count == self.at and after is self.after:
            self.count += 1  # only once, also if the action makes calls itself
            self.action()


class Fused:
    """A port whose every call passes the fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._fuse.count += 1
            self._fuse.burn(after=False)
            result = method(*args, **kwargs)
            self._fuse.burn(after=True)
            return result

        return call


PORTS = ("runs", "endpoints", "blobs", "training", "scoring")


def plain(world: World) -> Services:
    """Return the world's services without a fuse."""
    ports: dict[str, Any] = {name: getattr(world, name) for name in PORTS}
    return replace(world.services, **ports)


def fused(world: World, fuse: Fuse) -> None:
    """Put the fuse into every port of the world's services."""
    ports: dict[str, Any] = {name: Fused(getattr(world, name), fuse) for name in PORTS}
    world.services = replace(world.services, **ports)


def unfused(world: World) -> None:
    """Give the world its plain ports again."""
    world.services = plain(world)


def work(world: World) -> None:
    """Do everything that one file needs, from its event to the end of its run; raises if the worker dies."""
    landing.land(world.services, "incoming", "census/a.csv")
    run_until_settled(world, tick=lambda: world.evaluate(world.tick()))


def run_until_settled(world: World, tick: Callable[[], object]) -> None:
    """Tick, and finish whatever job is running, until every run has its outcome."""
    for _ in range(400):
        tick()
        for job in world.training.started:
            if job.state is JobState.RUNNING:
                world.training.finish(job.job_id, "better", "AUC\n0.9\n")
        runs = world.runs.list_runs()
        if runs and all(stored.run.terminal for stored in runs):
            return


def calls_of(make: Callable[[], World]) -> int:
    """Count the calls of the undisturbed way."""
    world, fuse = make(), Fuse(-1, after=False, action=lambda: None)
    world.drop()
    fused(world, fuse)
    work(world)
    return fuse.count


def ignoring() -> World:
    """Make a world whose serving endpoint ignores every PATCH."""
    world = World()
    world.at["production"].ignore_patch = True
    return world


WORLDS: dict[str, tuple[Callable[[], World], RunState, str]] = {
    "promoted": (World, RunState.PROMOTED, "better"),
    "changed": (lambda: World(without_staging()), RunState.PROMOTED, "better"),
    "put back": (ignoring, RunState.ROLLED_BACK, "seed"),
}


def assert_settled(world: World, state: RunState, model: str) -> None:
    """The run ended as it must, with one started job, the right model served, and nothing left open."""
    runs = world.runs.list_runs()
    assert [stored.run.state for stored in runs] == [state]
    assert len(world.training.started) == 1
    assert all(job.starts <= 1 for job in world.training.jobs.values())
    assert world.served() == model
    record = world.endpoints.get("census", "production").record
    assert (record.lease, record.intent) == (None, None)
    assert (record.champion is not None) == (state is RunState.PROMOTED)
    assert world.runs.active("census") == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("way", WORLDS)
def test_a_worker_dies_at_any_call(way: str, after: bool) -> None:
    """Whatever was done last, ticks and sweeps alone bring the run to the same end; no event comes again."""
    make, state, model = WORLDS[way]
    total = calls_of(make)
    assert total > 25
    for at in range(1, total + 1):
        world = make()
        world.drop()
        fused(world, Fuse(at, after=after, action=die))
        try:
            work(world)
        except DiedError:
            unfused(world)
            world.sweep()
            run_until_settled(world, tick=world.tick)
        assert_settled(world, state, model)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("way", WORLDS)
def test_a_second_worker_does_the_same_at_any_call(way: str, after: bool) -> None:
    """Two ticks at once, a duplicate event, the same message twice: one started job, one outcome."""
    make, state, model = WORLDS[way]
    for at in range(1, calls_of(make) + 1):
        world = make()
        world.drop()

        def interfere(world: World = world) -> None:
            other = plain(world)
            landing.land(other, "incoming", "census/a.csv")
            world.clock.advance(61)
            polling.tick(other)

        fused(world, Fuse(at, after=after, action=interfere))
        work(world)
        unfused(world)
        run_until_settled(world, tick=world.tick)
        assert_settled(world, state, model)
