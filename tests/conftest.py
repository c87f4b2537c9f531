"""Fixtures that more than one tier uses."""

from collections.abc import Iterator

import pytest

from landfall.stack.azurite import running_azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """Give the connection string of one real Azurite that the whole session shares: use unique container names."""
    with running_azurite() as connection_string:
        yield connection_string
