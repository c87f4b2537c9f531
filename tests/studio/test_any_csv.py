"""Many classes and regressions over HTTP: publish, train by a job, update an endpoint, score."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from studio.training.experiment import load_experiment
from studio.workspace.database import Database
from studio.workspace.publishing import publish
from tests.studio.caller import Storage, Trainer, download, job_body, patch, refusal, score
from tests.studio.running import RunningStudio, running_studio, storage_host
from tests.studio.small_tables import csv_text, write_csv

FEATURES = ["petal", "colour", "picked", "fresh"]
ROW = ["2.5", "red", "2024-05-04", "yes"]


def flowers(rows: int, seed: int) -> dict[str, list[str]]:
    """Return flowers of three kinds and their prices, by petal, colour, day and freshness."""
    rng = random.Random(seed)
    columns: dict[str, list[str]] = {name: [] for name in ("tag", *FEATURES, "kind", "price")}
    for row in range(rows):
        petal, colour, day, fresh = rng.uniform(0, 6), rng.choice(("red", "blue")), rng.randint(1, 28), row % 3 > 0
        price = petal * 2 + (3 if colour == "red" else 0) + (2 if fresh else 0) + rng.gauss(0, 0.2)
        kind = "10"
        if price > 12:
            kind = "rose"
        elif price > 7:
            kind = 'a "wild" one'
        cells = (
            f"tag-{row}",
            f"{petal:.3f}",
            colour,
            f"2024-05-{day:02}",
            "yes" if fresh else "no",
            kind,
            f"{price:.2f}",
        )
        for name, cell in zip(columns, cells, strict=True):
            columns[name].append(cell)
    return columns


@pytest.fixture(scope="module")
def served(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningStudio]]:
    """Give a studio for each task."""
    with (
        _published(tmp_path_factory, azurite, "multiclass", "kind", "price") as many,
        _published(tmp_path_factory, azurite, "regression", "price", "kind") as regression,
    ):
        yield {"multiclass": many, "regression": regression}


def _published(factory: pytest.TempPathFactory, azurite: str, task: str, label: str, dropped: str) -> Any:
    folder = factory.mktemp(task)
    columns = flowers(300, 1)
    del columns[dropped]
    write_csv(folder, columns)
    experiment = folder / "experiment.toml"
    text = f'name = "Flowers"\ndata = "table.csv"\nlabel = "{label}"\ntask = "{task}"\ncompare = true\n'
    experiment.write_text(text, encoding="utf-8")
    with Database(folder / "data") as database:
        publish(database, load_experiment(experiment), "http://127.0.0.1:8600")
    return running_studio(folder / "data", [storage_host(azurite)])


def answered(studio: RunningStudio, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the answer's table."""
    answer = score(studio.endpoint("production"), FEATURES, [list(row) for row in rows], details="true")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["Results"]["output1"]["value"])


def test_many_classes(served: dict[str, RunningStudio]) -> None:
    """One probability a class, in the order of the classes, then the label that is the likeliest."""
    value = answered(served["multiclass"], [["5.5", "red", "2024-05-04", "yes"], ["0.2", "blue", "2024-05-04", "no"]])
    names = ["10", 'a "wild" one', "rose"]
    shown = [f'Scored Probabilities for Class "{name}"' for name in names]
    assert value["ColumnNames"] == [*FEATURES, *shown, "Scored Labels"]
    types = ["Double", "String", "String", "String", "Double", "Double", "Double", "String"]
    assert value["ColumnTypes"] == types
    for row, expected in zip(value["Values"], ("rose", "10"), strict=True):
        probabilities = list(map(float, row[4:7]))
        assert sum(probabilities) == pytest.approx(1)
        assert row[7] == names[probabilities.index(max(probabilities))] == expected


def test_a_regression(served: dict[str, RunningStudio]) -> None:
    """A number near the truth; identifiers may be left out, or sent along."""
    studio = served["regression"]
    value = answered(studio, [ROW])
    assert value["ColumnNames"] == [*FEATURES, "Scored Labels"]
    assert value["ColumnTypes"] == ["Double", "String", "String", "String", "Double"]
    assert float(value["Values"][0][4]) == pytest.approx(10, abs=1.5)
    more = score(studio.endpoint("production"), ["tag", *FEATURES], [["tag-1", *ROW]]).json()
    assert more["Results"]["output1"]["value"]["Values"][0][-1] == value["Values"][0][-1]


def test_unknown_and_missing_cells_are_scored(served: dict[str, RunningStudio]) -> None:
    """A category that was never seen, another spelling of yes, bare values, and nothing at all."""
    rows: list[list[Any]] = [
        ["2.5", "violet", "", "Y"],
        [2.5, "red", "2024-05-04 10:00", True],
        ["", None, "?", "NA"],
    ]
    values = answered(served["regression"], rows)["Values"]
    assert all(0 < float(row[-1]) < 20 for row in values)


def test_yes_and_no_are_also_numbers_and_the_samples_text(served: dict[str, RunningStudio]) -> None:
    """0 and 1 are no and yes, as text and bare; `value`, which the original's samples have, is missing, also a date."""
    values = answered(served["regression"], [[*ROW[:3], fresh] for fresh in ("yes", "1", 1, "no", "0", 0, "value", "")])
    yes, quoted_one, bare_one, no, zero, bare_zero, sample, missing = [row[-1] for row in values["Values"]]
    assert yes == quoted_one == bare_one != no == zero == bare_zero
    assert sample == missing
    assert values["ColumnTypes"][3] == "String"
    dated = answered(served["regression"], [["2.5", "red", day, "yes"] for day in ("value", "")])["Values"]
    assert dated[0][-1] == dated[1][-1]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_wrong_columns_and_cells_are_named(served: dict[str, RunningStudio], task: str) -> None:
    """The documented error names each column that is missing or unknown, and each cell that cannot be read."""
    endpoint = served[task].endpoint("production")
    wrong = score(endpoint, ["petal", "color", "picked"], [["1", "red", "2024-05-04"]])
    assert refusal(wrong) == (400, "BadUserArgument", "InputMismatchError")
    assert "missing columns: colour, fresh; unknown columns: color" in wrong.text
    cells = score(endpoint, FEATURES, [ROW, ["wide", "red", "4th of May", "perhaps"]])
    assert refusal(cells) == (400, "BadUserArgument", "InputParseError")
    for phrase in (
        "row 2: 'wide' in column 'petal' is not a number",
        "'4th of May' in column 'picked' is not a date as year-month-day",
        "'perhaps' in column 'fresh' is neither yes nor no",
    ):
        assert phrase in cells.text


@pytest.mark.parametrize(
    ("task", "label", "header"),
    [
        ("multiclass", "kind", "Overall Accuracy,Average Accuracy,Micro-averaged Precision"),
        ("regression", "price", "Negative Log Likelihood,Mean Absolute Error,Root Mean Squared Error"),
    ],
)
def test_a_job_trains_and_its_model_serves(
    served: dict[str, RunningStudio], azurite: str, task: str, label: str, header: str
) -> None:
    """The evaluation has the task's columns and a row for each learner; the model changes what is answered."""
    storage = Storage.create(azurite)
    columns = flowers(400, 2)
    dropped = "price" if label == "kind" else "kind"
    del columns[dropped]
    if task == "regression":
        columns["price"] = [str(float(price) + 100) for price in columns["price"]]
    else:
        columns["kind"] = ["daisy" if kind == "rose" else kind for kind in columns["kind"]]
    storage.put("in.csv", csv_text(columns))
    studio = served[task]
    status = Trainer.of(studio).train(job_body(storage))
    assert status["StatusCode"] == "Finished", status
    evaluation = download(status["Results"]["output2"]).decode().splitlines()
    assert evaluation[0].startswith(header)
    assert len(evaluation) == 3
    endpoint = studio.endpoint("staging")
    assert patch(endpoint, status["Results"]["output1"]).status_code == 200
    value = score(endpoint, FEATURES, [["5.5", "red", "2024-05-04", "yes"]]).json()["Results"]["output1"]["value"]
    last = value["Values"][0][-1]
    assert last == "daisy" if task == "multiclass" else float(last) > 110


def test_a_job_on_a_csv_that_does_not_fit_fails_in_words(served: dict[str, RunningStudio], azurite: str) -> None:
    """The job's details name the column and what it holds."""
    storage = Storage.create(azurite)
    storage.put("in.csv", csv_text({"petal": ["1"] * 12, "price": ["cheap", "dear"] * 6}))
    status = Trainer.of(served["regression"]).train(job_body(storage))
    assert status["StatusCode"] == "Failed"
    assert "column 'price' must hold numbers; it also holds 'cheap', 'dear'" in status["Details"]
