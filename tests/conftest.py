"""Fixtures that more than one tier uses."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from landfall.stack.azurite import running_azurite
from tests.identity.certificates import self_signed
from tests.identity.storage import IdentityStorage

# `make test` draws some examples of each property, `make test-deep` many.
settings.register_profile("some", max_examples=30, deadline=None)
settings.register_profile("many", max_examples=500, deadline=None)
settings.load_profile("some")


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """Give the connection string of one real Azurite that the whole session shares: use unique container names."""
    with running_azurite() as connection_string:
        yield connection_string


@pytest.fixture(scope="session")
def identity_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityStorage]:
    """Give a second Azurite, which speaks https and takes tokens; this process and those it starts trust it."""
    certificate = self_signed(tmp_path_factory.mktemp("certificate"))
    with running_azurite(certificate=certificate) as connection_string, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))
        yield IdentityStorage(connection_string)
