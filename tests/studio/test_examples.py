"""The experiments that come along: each is published, trained by a job and scored, in one real studio."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from studio.training.experiment import load_experiment
from studio.workspace.database import Database
from studio.workspace.publishing import publish
from tests.studio.caller import Storage, Trainer, download, job_body, score
from tests.studio.running import ROOT, RunningStudio, running_studio, storage_host

EXAMPLES = {
    "census": ("Census Model", "AUC", "Scored Probabilities"),
    "prices": ("Prices Model", "Coefficient of Determination", "Scored Labels"),
    "species": ("Species Model", "Overall Accuracy", "Scored Labels"),
}


@pytest.fixture(scope="module")
def examples(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio that has all of them."""
    data = tmp_path_factory.mktemp("examples") / "data"
    with Database(data) as database:
        for path in sorted((ROOT / "examples").glob("*/experiment.toml")):
            publish(database, load_experiment(path), "http://127.0.0.1:8600")
    with running_studio(data, [storage_host(azurite)]) as studio:
        yield studio


def service(studio: RunningStudio, name: str) -> dict[str, Any]:
    """Return the description of a service."""
    return dict(next(each for each in studio.describe()["services"] if each["name"] == name))


def test_every_example_is_tried_here(examples: RunningStudio) -> None:
    """A folder that is added to `examples/` needs a line above."""
    names = [each["name"] for each in examples.describe()["services"]]
    assert sorted(names) == sorted(name for name, _, _ in EXAMPLES.values())
    assert sorted(EXAMPLES) == sorted(folder.name for folder in (ROOT / "examples").iterdir())


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_trains_and_scores(examples: RunningStudio, storage: Storage, example: str) -> None:
    """A job on the example's own rows learns from them, and the published model scores one of them."""
    name, measure, answer = EXAMPLES[example]
    described = service(examples, name)
    sample = (ROOT / "examples" / example / "sample.csv").read_bytes()
    storage.put("in.csv", sample)
    training = described["training"]
    status = Trainer(training["jobs_url"], training["api_key"]).train(job_body(storage))
    assert status["StatusCode"] == "Finished", status["Details"]
    (row,) = csv.DictReader(io.StringIO(download(status["Results"]["output2"]).decode()))
    assert float(row[measure]) > 0.6
    header, first, *_ = csv.reader(io.StringIO(sample.decode()))
    scored = score(described["predictive"]["default"], header, [first])
    assert scored.status_code == 200, scored.text
    value = scored.json()["Results"]["output1"]["value"]
    assert value["Values"][0][value["ColumnNames"].index(answer)]
