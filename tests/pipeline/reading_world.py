"""A world whose route reads its files."""

from dataclasses import replace
from typing import Any

from shared.intake.settings import BatchSettings, IntakeSettings
from shared.records.run import Run
from tests.pipeline.world import World, example_routes


def world_with(batch: BatchSettings | None = None, **intake: Any) -> World:
    """Give a world whose route reads its files; its label is `income`."""
    routes = example_routes()
    settings = IntakeSettings(label="income", **intake)
    route = replace(routes.routes["census"], intake=settings, batch=batch)
    return World(replace(routes, routes={"census": route}))


def read(world: World, name: str, text: str) -> Run:
    """Land a file and deliver its messages; returns its run."""
    run = world.land(name, text)
    world.read()
    return world.run(run.run_id)
