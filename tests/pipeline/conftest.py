"""The world that most tests of the pipeline begin in."""

from dataclasses import replace

import pytest

from shared.intake.settings import IntakeSettings
from tests.pipeline.world import World, example_routes


@pytest.fixture
def world() -> World:
    """Give a world with the example route."""
    return World()


@pytest.fixture
def reading_world() -> World:
    """Give a world whose route reads its files."""
    routes = example_routes()
    return World(replace(routes, routes={"census": replace(routes.routes["census"], intake=IntakeSettings())}))
