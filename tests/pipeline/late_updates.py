"""A world with two promotions behind it, and updates that reach its endpoint late."""

from shared.blob_path import BlobPath
from tests.pipeline.world import World


def twice_promoted() -> World:
    """Give a world in which two models were promoted, one after the other."""
    world = World()
    world.settle(world.train("first", 0.9))
    world.settle(world.train("second", 0.95, "census/b.csv"))
    assert world.served() == "second"
    return world


def patch_late(world: World, path: str) -> None:
    """Let a worker that was paused send its PATCH now."""
    world.scoring.patch(world.route.serving, world.blobs.link(path, 60))
    world.clock.advance(2)


def archived_model(world: World, index: int) -> str:
    """Return the archived model of the run that landed as number `index`."""
    return f"models/census/{world.runs.list_runs()[-1 - index].run.run_id}.ilearner"


def put(world: World, path: str, text: str) -> None:
    """Put a model at `container/path`."""
    world.blobs.put(*BlobPath.parse(path), text)
