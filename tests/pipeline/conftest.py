"""The world that most tests of the pipeline begin in."""

import pytest

from tests.pipeline.world import World


@pytest.fixture
def world() -> World:
    """Give a world with the example route."""
    return World()
