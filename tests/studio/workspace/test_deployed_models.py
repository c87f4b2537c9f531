"""Which model answers when: activation, restarts, and swaps under load."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio.models.model import Model, Tree
from studio.models.model_file import dump_model
from studio.tables.model_column import Column
from studio.training.training_plan import TrainingPlan
from studio.wire.scoring_codec import scoring_response
from studio.workspace.database import Database
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.deployment_records import Location
from studio.workspace.errors import ModelUnavailableError, ServiceNotFoundError
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind, Role


def constant_model(value: float) -> bytes:
    """Return the file of a model that answers every row alike."""
    return dump_model(Model("binary", "y", ("0", "1"), (Column("age", "numeric"),), (Tree((), (value,)),)))


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give an empty studio's database."""
    with Database(tmp_path / "data") as database:
        yield database


def new_endpoint(database: Database) -> Endpoint:
    """Publish a service with one endpoint."""
    registry = Registry(database)
    plan = TrainingPlan("binary", "y", "1", 0.25, 0)
    service = registry.publish("E", Kind.PREDICTIVE, plan, {"production": Role.SERVE})
    return registry.named_endpoint(service, "production")


def served(deployed: DeployedModels, endpoint: Endpoint) -> float:
    """Return the constant that the endpoint answers now."""
    return deployed.scorer(endpoint).raw_scores([0.0])[0]


def test_a_model_serves_from_its_time_on(database: Database) -> None:
    """Before, the old one answers; a restart in between keeps the time; files that nobody needs go."""
    clock, endpoint = Clock(), new_endpoint(database)
    deployed = DeployedModels(database, clock)
    with pytest.raises(ModelUnavailableError, match="has no model"):
        deployed.scorer(endpoint)
    deployed.deploy(endpoint, constant_model(1.0), Location("b/", "1"), 0)
    assert served(deployed, endpoint) == 1.0
    deployed.deploy(endpoint, constant_model(2.0), Location("b/", "2"), 30)
    clock.now += 29
    assert served(deployed, endpoint) == served(DeployedModels(database, clock), endpoint) == 1.0
    assert deployed.location(endpoint) == Location("b/", "2")
    clock.now += 1
    assert served(deployed, endpoint) == served(DeployedModels(database, clock), endpoint) == 2.0
    deployed.deploy(endpoint, constant_model(3.0), Location("b/", "3"), 0)
    assert served(deployed, endpoint) == served(DeployedModels(database, clock), endpoint) == 3.0
    assert len(list((database.folder / "models").iterdir())) == 1


def test_the_model_given_last_wins(database: Database) -> None:
    """A model whose longer delay ends after a newer one began to serve never takes its place."""
    clock, endpoint = Clock(), new_endpoint(database)
    deployed = DeployedModels(database, clock)
    deployed.deploy(endpoint, constant_model(1.0), Location("b/", "1"), 0)
    deployed.deploy(endpoint, constant_model(2.0), Location("b/", "2"), 30)
    deployed.deploy(endpoint, constant_model(3.0), Location("b/", "3"), 10)
    clock.now += 10
    assert served(deployed, endpoint) == 3.0
    clock.now += 30
    assert served(deployed, endpoint) == served(DeployedModels(database, clock), endpoint) == 3.0


def test_giving_the_same_model_again_changes_nothing(database: Database) -> None:
    """A PATCH may be repeated (protocol 3.3)."""
    endpoint = new_endpoint(database)
    deployed = DeployedModels(database)
    for _ in range(3):
        deployed.deploy(endpoint, constant_model(1.0), Location("b/", "1"), 0)
    assert served(deployed, endpoint) == served(DeployedModels(database), endpoint) == 1.0


def test_what_another_process_gives_is_served(database: Database) -> None:
    """A model deployed, and a deletion, through another connection are noticed after earlier answers."""
    endpoint = new_endpoint(database)
    deployed = DeployedModels(database)
    deployed.deploy(endpoint, constant_model(1.0), Location("b/", "1"), 0)
    assert served(deployed, endpoint) == 1.0
    with Database(database.folder) as second:
        DeployedModels(second).deploy(endpoint, constant_model(2.0), Location("b/", "2"), 0)
        assert served(deployed, endpoint) == 2.0
        with second.transaction():
            second.execute("DELETE FROM endpoints")
            second.bump_catalogue_version()
    with pytest.raises(ModelUnavailableError, match="has no model"):
        deployed.scorer(endpoint)
    with pytest.raises(ServiceNotFoundError, match="Web service not found"):
        deployed.deploy(endpoint, constant_model(3.0), Location("b/", "3"), 0)


def test_a_transaction_that_fails_keeps_the_model(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot be recorded takes no file from the one that serves."""
    endpoint = new_endpoint(database)
    deployed = DeployedModels(database)
    deployed.deploy(endpoint, constant_model(1.0), Location("b/", "1"), 0)
    monkeypatch.setattr(database, "bump_catalogue_version", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        deployed.deploy(endpoint, constant_model(2.0), Location("b/", "2"), 0)
    assert served(deployed, endpoint) == served(DeployedModels(database), endpoint) == 1.0


def test_a_damaged_file_is_an_error_in_words(database: Database) -> None:
    """A model that was damaged on the disk is not served; the next one that is given heals the endpoint."""
    endpoint = new_endpoint(database)
    DeployedModels(database).deploy(endpoint, constant_model(1.0), Location("b/", "1"), 0)
    for path in (database.folder / "models").iterdir():
        path.write_bytes(b"x")
    with pytest.raises(ModelUnavailableError, match="damaged"):
        DeployedModels(database).scorer(endpoint)
    DeployedModels(database).deploy(endpoint, constant_model(2.0), Location("b/", "2"), 0)
    assert served(DeployedModels(database), endpoint) == 2.0


def test_no_answer_mixes_two_models(database: Database) -> None:
    """While the model is swapped again and again, every answer, of one row and of many, is wholly of one model."""
    endpoint = new_endpoint(database)
    deployed = DeployedModels(database)
    models = [constant_model(value) for value in (-2.0, 2.0)]
    deployed.deploy(endpoint, models[0], Location("b/", "0"), 0)
    answers_by_size: dict[int, set[tuple[str, ...]]] = {1: set(), 1000: set()}
    done = threading.Event()

    def ask(rows: int) -> None:
        body = json.dumps({"Inputs": {"input1": {"ColumnNames": ["age"], "Values": [["1"]] * rows}}}).encode()
        while not done.is_set():
            value = scoring_response(deployed.scorer(endpoint), body, swagger=False, details=False)["Results"][
                "output1"
            ]["value"]
            answers_by_size[rows].add(tuple({row[-1] for row in value["Values"]}))

    with ThreadPoolExecutor() as threads:
        asking = [threads.submit(ask, rows) for rows in answers_by_size]
        swap = 0
        try:
            # At least so often, and until each has met both models, or has failed.
            while (swap < 20 or min(map(len, answers_by_size.values())) < 2) and not any(
                each.done() for each in asking
            ):
                swap += 1
                deployed.deploy(endpoint, models[swap % 2], Location("b/", str(swap)), 0)
        finally:
            done.set()
        for each in asking:
            each.result()
    both = {("0.119202922022118",), ("0.880797077977882",)}
    assert answers_by_size == {1: both, 1000: both}
