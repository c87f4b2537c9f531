"""What stays from the model in service when a job trains the next one: kinds, date order, classes, dropped columns."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.models.model_file import load_model
from studio.training.experiment import load_experiment
from studio.workspace.database import Database
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.deployment_records import Location
from studio.workspace.in_service import model_in_service
from studio.workspace.publishing import publish
from studio.workspace.registry import Registry
from tests.studio.caller import Storage, Trainer, download, job_body, patch, score
from tests.studio.running import RunningStudio, running_studio, storage_host
from tests.studio.small_tables import csv_text, write_csv

NAMES = ["id", "when", "code", "age"]
ROW = ["visit-1", "25/06/2023", "X3", "40"]


def visits(rows: int, seed: int, *, days: int = 28, codes: str = "X3 7 12 Y9 30") -> dict[str, list[Any]]:
    """Return visits and whether they came again, by day, code and age; days are written before months."""
    rng = random.Random(seed)
    columns: dict[str, list[Any]] = {name: [] for name in (*NAMES, "again")}
    for row in range(rows):
        month, code, age = rng.randint(1, 12), rng.choice(codes.split()), rng.randint(18, 90)
        again = (age > 50) + (month > 6) + (code == "7") + rng.gauss(0, 0.3) > 1
        when = f"{rng.randint(1, days):02}/{month:02}/2023"
        for name, cell in zip(columns, (f"visit-{row}", when, code, age, "1" if again else "0"), strict=True):
            columns[name].append(cell)
    return columns


@pytest.fixture(scope="module")
def served(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio whose model was trained on days and codes that leave no doubt."""
    folder = tmp_path_factory.mktemp("visits")
    write_csv(folder, visits(300, 1))
    experiment = folder / "experiment.toml"
    text = 'name = "Visits"\ndata = "table.csv"\nlabel = "again"\ntask = "binary"\npositive = "1"\n'
    experiment.write_text(text, encoding="utf-8")
    with Database(folder / "data") as database:
        publish(database, load_experiment(experiment), "http://127.0.0.1:8600")
    with running_studio(folder / "data", [storage_host(azurite)]) as studio:
        yield studio


def trained(studio: RunningStudio, azurite: str, columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Train on a file; returns the status of the job, which must have finished."""
    storage = Storage.create(azurite)
    storage.put("in.csv", csv_text(columns))
    status = Trainer.of(studio).train(job_body(storage))
    assert status["StatusCode"] == "Finished", status
    return status


def test_days_before_months_stay_so(served: RunningStudio, azurite: str) -> None:
    """A file whose days could all be months is read as the model in service reads them, and so are requests."""
    status = trained(served, azurite, visits(300, 2, days=12))
    assert "'when': dates as day/month/year, as in the model in service" in status["Details"].splitlines()
    endpoint = served.endpoint("production")
    assert patch(endpoint, status["Results"]["output1"]).status_code == 200
    assert score(endpoint, NAMES, [ROW]).status_code == 200


def test_codes_that_happen_to_be_numbers_stay_codes(served: RunningStudio, azurite: str) -> None:
    """A code with a letter is answered as before."""
    status = trained(served, azurite, visits(300, 3, codes="7 12 30"))
    assert "'code': 3 categories, as in the model in service" in status["Details"].splitlines()
    endpoint = served.endpoint("production")
    assert patch(endpoint, status["Results"]["output1"]).status_code == 200
    assert score(endpoint, NAMES, [ROW]).status_code == 200


def test_a_model_with_other_kinds_does_not_fit_by_name(served: RunningStudio, azurite: str) -> None:
    """Where the file allows no other reading: the notes say so, and the endpoint keeps its model."""
    columns = visits(300, 4)
    columns["when"] = ["/".join((when[3:5], when[:2], when[6:])) for when in columns["when"]]
    columns["age"] = [f"{age} years" for age in columns["age"]]
    status = trained(served, azurite, columns)
    note = "'when': dates as month/day/year; the model in service has dates as day/month/year there: '"
    assert note in status["Details"]
    endpoint = served.endpoint("production")
    refused = patch(endpoint, status["Results"]["output1"])
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["code"] == "IncompatibleModel"
    assert "column 'when' holds dates as month/day/year, not dates as day/month/year" in refused.text
    assert "column 'age' holds categories, not numbers" in refused.text
    assert score(endpoint, NAMES, [ROW]).status_code == 200


def test_a_dropped_column_may_be_gone(served: RunningStudio, azurite: str) -> None:
    """Nothing is learned from it, so a file without it trains; a request may still bring it along, or leave it out."""
    columns = visits(300, 5)
    del columns["id"]
    status = trained(served, azurite, columns)
    endpoint = served.endpoint("production")
    assert patch(endpoint, status["Results"]["output1"]).status_code == 200
    assert score(endpoint, NAMES, [ROW]).status_code == 200
    assert score(endpoint, NAMES[1:], [ROW[1:]]).status_code == 200


def test_a_dropped_column_that_teaches_something_may_still_be_left_out(served: RunningStudio, azurite: str) -> None:
    """The model learns from it where it is there; who leaves it out, as before, is answered as if it were missing."""
    columns = visits(300, 7)
    columns["id"] = ["new" if label == "1" else "old" for label in columns["again"]]
    status = trained(served, azurite, columns)
    endpoint = served.endpoint("production")
    assert patch(endpoint, status["Results"]["output1"]).status_code == 200
    without, old, new = (
        score(endpoint, names, [row]).json()["Results"]["output1"]["value"]["Values"][0][-1]
        for names, row in ((NAMES[1:], ROW[1:]), (NAMES, ["old", *ROW[1:]]), (NAMES, ["new", *ROW[1:]]))
    )
    assert float(new) > float(old)
    missing = score(endpoint, NAMES, [["", *ROW[1:]]]).json()["Results"]["output1"]["value"]["Values"][0][-1]
    assert without == missing
    refused = score(endpoint, NAMES[:3], [ROW[:3]])
    assert "missing columns: age" in refused.text


def test_classes_stay_spelled_as_they_are(served: RunningStudio, azurite: str) -> None:
    """A column of numbers that another program wrote makes no new classes."""
    columns = visits(300, 6)
    columns["again"] = [f"{label}.0" for label in columns["again"]]
    status = trained(served, azurite, columns)
    assert load_model(download(status["Results"]["output1"])).classes == ("0", "1")
    assert "are read as '1', as in the model in service" in status["Details"]
    assert patch(served.endpoint("production"), status["Results"]["output1"]).status_code == 200


def test_which_model_is_in_service(tmp_path: Path) -> None:
    """What `production` has; without it what `default` has; a damaged one says nothing."""
    experiment = tmp_path / "experiment.toml"
    text = 'name = "Visits"\ndata = "table.csv"\nlabel = "kind"\ntask = "multiclass"\n'
    experiment.write_text(text, encoding="utf-8")
    columns = visits(100, 1)
    write_csv(tmp_path, {**columns, "kind": ["a", "b"] * 50})
    with Database(tmp_path / "data") as database:
        published = publish(database, load_experiment(experiment), "http://127.0.0.1:8600")
        write_csv(tmp_path, {**columns, "kind": ["a", "b", "c", "d"] * 25})
        second = publish(database, load_experiment(experiment), "http://127.0.0.1:8600")
        registry, deployed = Registry(database), DeployedModels(database)
        endpoints = {each.name: each for each in registry.endpoints(published.predictive)}
        name = published.training.experiment
        before = model_in_service(registry, deployed, name)
        assert before.classes == ("a", "b")
        assert [column.kind for column in before.columns] == ["ignored", "date", "categorical", "numeric", "numeric"]
        assert not any(column.categories for column in before.columns)
        deployed.deploy(endpoints["production"], second.trained.model, Location("x", "y"), 0)
        assert model_in_service(registry, deployed, name).classes == ("a", "b", "c", "d")
        deployed.deploy(endpoints["production"], published.trained.model, Location("x", "z"), 3600)
        assert model_in_service(registry, deployed, name).classes == ("a", "b", "c", "d")
        deployed.deploy(endpoints["production"], published.trained.model, Location("x", "z"), 0)
        assert model_in_service(registry, deployed, name).classes == ("a", "b")
        with database.transaction():
            database.execute("DELETE FROM endpoints WHERE name = 'production'")
            database.bump_catalogue_version()
        assert model_in_service(Registry(database), deployed, name).classes == ("a", "b", "c", "d")
        for file in (tmp_path / "data" / "models").iterdir():
            file.write_bytes(b"x")
        assert model_in_service(Registry(database), DeployedModels(database), name).columns == ()
