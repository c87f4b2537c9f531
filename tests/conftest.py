"""Fixtures that more than one tier uses."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from landfall.stack.azurite import running_azurite

# `make test` draws some examples of each property, `make test-deep` many.
settings.register_profile("some", max_examples=30, deadline=None)
settings.register_profile("many", max_examples=500, deadline=None)
settings.load_profile("some")


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """Give the connection string of one real Azurite that the whole session shares: use unique container names."""
    with running_azurite() as connection_string:
        yield connection_string
