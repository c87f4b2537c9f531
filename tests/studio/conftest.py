"""Fixtures of the studio tier: one published experiment, one running studio, a container a test, low limits."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.tables import column_collector, csv_reader
from tests.studio.caller import Storage, Trainer
from tests.studio.running import RunningStudio, census_csv, publish_census, running_studio, storage_host


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with the published experiment; not to be changed."""
    data = tmp_path_factory.mktemp("published") / "data"
    publish_census(tmp_path_factory.mktemp("experiment"), data)
    return data


@pytest.fixture
def own_data(published: Path, tmp_path: Path) -> Path:
    """Give a copy of the published folder for a test of its own."""
    return Path(shutil.copytree(published, tmp_path / "data"))


@pytest.fixture(scope="session")
def studio(published: Path, azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio that all tests share; it may read from the emulator, and new models serve at once."""
    data = Path(shutil.copytree(published, tmp_path_factory.mktemp("shared") / "data"))
    with running_studio(data, [storage_host(azurite)]) as running:
        yield running


@pytest.fixture
def storage(azurite: str) -> Storage:
    """Give a container with a training file `in.csv`."""
    storage = Storage.create(azurite)
    storage.put("in.csv", census_csv(seed=2, shift=2.0))
    return storage


@pytest.fixture
def trainer(studio: RunningStudio) -> Trainer:
    """Give the caller of the shared studio's training service."""
    return Trainer.of(studio)


@pytest.fixture
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop texts from twenty different ones on, and read a few rows at a time."""
    monkeypatch.setattr(column_collector, "MANY_NUMBERS", 10)
    monkeypatch.setattr(column_collector, "MANY_TEXTS", 20)
    monkeypatch.setattr(csv_reader, "_AT_ONCE", 40)
    monkeypatch.setattr(csv_reader, "_AT_ONCE_A_COLUMN", 1)
