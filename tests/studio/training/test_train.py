"""Training, scoring and measuring: against LightGBM itself."""

import random
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.errors import SetupError, TableError
from studio.models.model_file import load_model
from studio.scoring.request_columns import request_columns
from studio.scoring.scorer import Scorer, positive_probability
from studio.tables.csv_reader import read_table
from studio.training import train
from studio.training.features import encode_rows
from studio.training.labels import Labels
from studio.training.training_plan import TrainingPlan
from tests.studio.running import census_csv, printed_by
from tests.studio.small_tables import write_csv

PLAN = TrainingPlan("binary", "income", ">50K", 0.25, 7)


def write(folder: Path, text: str) -> Path:
    """Write a CSV."""
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("rows", [60, 1000, 4000])
def test_our_scores_are_those_of_lightgbm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Every row of the training file, missing cells included, has the raw score of LightGBM to the last bit."""
    boosters: list[Any] = []
    fit = lightgbm.train

    def remembered(*arguments: Any, **options: Any) -> Any:
        boosters.append(fit(*arguments, **options))
        return boosters[-1]

    monkeypatch.setattr(lightgbm, "train", remembered)
    csv = write(tmp_path, census_csv(rows))
    model = load_model(train.train(csv, PLAN, 1).model)
    (encoded,) = encode_rows(read_table(csv, "income"), model.columns, [np.ones(rows, dtype=np.bool_)])
    # Also what never stood in the training file: missing and unknown cells everywhere.
    strange = np.full((5, len(model.columns)), np.nan)
    strange[1:, 0] = (-1e300, 0.0, 1e300, 45.0)
    encoded = np.vstack([encoded, strange])
    scorer = Scorer(model)
    ours = [scorer.raw_scores(row)[0] for row in encoded.tolist()]
    assert ours == boosters[-1].predict(encoded, raw_score=True).tolist()
    assert ours == [scores for (scores,) in scorer.batch_raw_scores(encoded).tolist()]
    probabilities = boosters[-1].predict(encoded)
    np.testing.assert_allclose([positive_probability(score) for score in ours], probabilities, rtol=1e-15)


def test_training_learns_and_repeats(tmp_path: Path) -> None:
    """The signal is found, the held-out share is as asked, and any number of threads gives the same bytes."""
    csv = write(tmp_path, census_csv(2000))
    results = [train.train(csv, PLAN, threads) for threads in (1, 2)]
    assert results[0] == results[1]
    assert (results[0].trained_rows, results[0].tested_rows) == (1500, 500)
    auc = float(results[0].evaluation.splitlines()[1].split(",")[4])
    assert 0.9 < auc < 1


def test_shuffled_labels_teach_nothing(tmp_path: Path) -> None:
    """Where labels do not depend on the columns, the evaluation says so."""
    header, *lines = census_csv(2000).splitlines()
    labels = [line.rsplit(",", 1)[1] for line in lines]
    turned = labels[777:] + labels[:777]
    text = "\n".join(
        [header, *(line.rsplit(",", 1)[0] + "," + label for line, label in zip(lines, turned, strict=True))]
    )
    auc = float(train.train(write(tmp_path, text), PLAN, 1).evaluation.splitlines()[1].split(",")[4])
    assert 0.4 < auc < 0.6


def test_both_classes_are_held_out_alike() -> None:
    """The test rows hold the same share of a rare class as of the other, and never all of it."""
    positive = np.array([True] * 8 + [False] * 400)
    labels = Labels(("no", "yes"), positive.astype(np.float64))
    test = labels.test_rows(0.25, seed=3)
    assert (int(test[positive].sum()), int(test[~positive].sum())) == (2, 100)
    assert labels.test_rows(0.999, seed=3)[positive].sum() == 7
    assert (labels.test_rows(0.25, seed=3) == test).all()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("age,income\n1,a\n2,b\n", "it has 2 rows; at least 10"),
        ("age,income\n" + "1,a\n2,b\n" * 9, "no row has the positive label '>50K'"),
        ("age,income\n" + "1,a\n2,b\n3,>50K\n" * 9, "must hold exactly two values"),
        ("age,income\n" + "1,a\n" * 20 + "2,>50K\n", "at least two rows"),
        ("income\n" + "a\n>50K\n" * 9, "nothing can be learned from any column"),
    ],
)
def test_untrainable_tables_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    """A table with nothing to learn from is refused in words."""
    with pytest.raises(TableError, match=reason):
        train.train(write(tmp_path, text), PLAN, 1)


@pytest.mark.parametrize(
    ("task", "label", "name"),
    [
        ("binary", "flag", "Scored Labels"),
        ("binary", "flag", "scored_probabilities"),
        ("multiclass", "kind", 'Scored Probabilities for Class "b"'),
        ("multiclass", "kind", "SCORED LABELS"),
        ("regression", "Scored Labels", "Scored Labels"),
        ("regression", "number", "scored-labels"),
    ],
)
def test_columns_called_as_an_answers_are_refused(tmp_path: Path, task: Any, label: str, name: str) -> None:
    """A training on a scored file is refused: the error names the column and its position."""
    cells: dict[str, list[Any]] = {"x": list(range(0, 60, 2)), name: [5, 6, 7] * 10}
    cells |= {"binary": {"flag": ["a", "b"] * 15}, "multiclass": {"kind": ["a", "b", "c"] * 10}}.get(task, {})
    cells |= {"number": [1, 2, 4] * 10} if label == "number" else {}
    with pytest.raises(TableError) as caught:
        train.train(write_csv(tmp_path, cells), TrainingPlan(task, label, "a" if task == "binary" else ""), 1)
    (problem,) = caught.value.problems
    assert problem.startswith(
        f"the column {name!r} (the file's column 2) has the name of a column that the model's answers add"
    )


def test_what_another_task_answers_is_no_name_of_this_one(tmp_path: Path) -> None:
    """A regression has no probabilities, so a column may be called so, and is asked for as any other."""
    cells = {"Scored Probabilities": [1, 2, 5] * 20, "y": [2, 4, 9] * 20}
    model = load_model(train.train(write_csv(tmp_path, cells), TrainingPlan("regression", "y"), 1).model)
    assert request_columns(model, ["Scored Probabilities"]).names == ("Scored Probabilities", "Scored Labels")


def mixed(rows: int, seed: int = 0) -> dict[str, list[str]]:
    """Return a table of every kind of column; the label depends on each but the identifier."""
    rng = random.Random(seed)
    columns: dict[str, list[str]] = {name: [] for name in ("id", "at", "member", "city", "price", "y")}
    for row in range(rows):
        at = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(365 * 24))
        member, city = rng.choice(("yes", "no", "Y", "n")), rng.choice(("Rome", "Oslo", "Bonn"))
        price = rng.gauss(50, 10)
        score = (price - 50) / 10 + (at.weekday() >= 5) * 2 + (member in ("yes", "Y")) * 2 + (city == "Oslo") * 2
        columns["id"].append(f"u-{row}")
        columns["at"].append(f"{at:%Y-%m-%d %H:%M}")
        columns["member"].append("" if rng.random() < 0.1 else member)
        columns["city"].append(rng.choice(("?", "NA")) if rng.random() < 0.1 else city)
        columns["price"].append("" if rng.random() < 0.1 else f"{price:.2f}")
        columns["y"].append(f"{score + rng.gauss(0, 0.2):.3f}")
    return columns


@pytest.mark.parametrize("learner", ["boosted-trees", "linear"])
def test_every_kind_of_column_is_learned_from(tmp_path: Path, learner: str) -> None:
    """Dates, yes and no, categories and numbers with missing cells all count; identifiers are named in the notes."""
    result = train.train(write_csv(tmp_path, mixed(1200)), TrainingPlan("regression", "y", learner=learner), 1)
    assert any(note.startswith("'id': dropped: an identifier") for note in result.notes)
    model = load_model(result.model)
    assert [column.kind for column in model.columns] == ["ignored", "date", "boolean", "categorical", "numeric"]
    (score,) = result.evaluation.splitlines()[1:]
    assert float(score.split(",")[-1]) > (0.75 if learner == "boosted-trees" else 0.5)
    scorer = Scorer(model)

    def predicted(**changed: str) -> float:
        row = {"id": "", "at": "2023-06-07 12:00", "member": "no", "city": "Rome", "price": "50"} | changed
        return float(
            scorer.output_cells(scorer.raw_scores(scorer.features([row[column.name] for column in model.columns])))[0]
        )

    usual = predicted()
    assert predicted(member="TRUE") == predicted(member="y") > usual + 1
    assert predicted(city="Oslo") > usual + 1
    assert predicted(price="65") > usual + 0.8 > predicted(price="35") + 1.6
    if learner == "boosted-trees":
        assert predicted(at="2023-06-10 12:00") > usual + 1
    # What was never seen, and what is missing, is scored all the same.
    assert all(abs(predicted(**{name: ""}) - usual) < 3 for name in ("at", "member", "city", "price"))
    assert abs(predicted(city="Atlantis") - usual) < 3


def test_a_row_filter_chooses_what_is_trained_on(tmp_path: Path) -> None:
    """Only rows that fulfil it are used, the note says how many, and one that none fulfils is refused."""
    csv = write_csv(tmp_path, mixed(300))
    plan = TrainingPlan("regression", "y", row_filter="city = 'Oslo' and price is not missing and id != 'u-1'")
    result = train.train(csv, plan, 1)
    used = result.trained_rows + result.tested_rows
    assert 40 < used < 130
    assert f"the row filter keeps {used} of 300 rows" in result.notes
    nothing = replace(plan, row_filter="city = 'Atlantis'")
    with pytest.raises(TableError, match="the row filter keeps 0 of 300 rows"):
        train.train(csv, nothing, 1)


cells = st.sampled_from(
    ["", "?", "NA", "1", "0", "2", "-3.5", "1e3", "1,000", "7%", "yes", "no", "N", "a", "b", "zeta"]
)
cells |= st.sampled_from(
    ["2024-01-31", "31.12.2023", "1/2/2024", "12:30", "\u00fc", "'", '"', "1e308", "-1e308", "000"]
)


LABELS = {"binary": ["a", "b"], "multiclass": ["a", "b", "3"], "regression": ["1", "2.5", "-7", "1e99", "4%"]}


@given(st.data(), st.sampled_from(sorted(LABELS)), st.sampled_from(["boosted-trees", "linear"]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_trains_or_is_refused(tmp_path: Path, data: st.DataObject, task: Any, learner: str) -> None:
    """Whatever the cells are, there is a model that loads and scores the very rows, or an error in words."""
    height, width = data.draw(st.integers(9, 40)), data.draw(st.integers(1, 4))
    # Each column has a few cells of its own, so that many are numbers, dates, or yes and no throughout.
    columns = {
        f"x{number}": data.draw(
            st.lists(cells, min_size=1, max_size=4).flatmap(
                lambda own: st.lists(st.sampled_from(own), min_size=height, max_size=height)
            )
        )
        for number in range(width)
    }
    served = data.draw(st.permutations(LABELS[task]))
    labels = data.draw(st.lists(st.sampled_from(served), min_size=height - 4, max_size=height - 4))
    refused = ""
    csv = write_csv(tmp_path, {**columns, "y": [*served[:2], *served[:2], *labels]})
    try:
        result = train.train(csv, TrainingPlan(task, "y", "b" if task == "binary" else "", learner=learner), 1)
    except TableError as error:
        refused = str(error)
    if refused:
        assert "nothing can be learned from any column" in refused or height < 10
        return
    scorer = Scorer(load_model(result.model))
    rows = [[cell.strip() for cell in row] for row in zip(*columns.values(), strict=True)]
    for answer in scorer.batch_output_cells(np.array([scorer.features(row) for row in rows])):
        assert "NaN" not in answer
        assert "Infinity" not in answer


def test_serving_needs_no_lightgbm() -> None:
    """The process that serves imports neither LightGBM nor scipy."""
    code = "import sys, studio.commands.cli; print([name for name in ('lightgbm', 'scipy') if name in sys.modules])"
    assert printed_by(code) == "[]"


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenMP the error says what to install."""

    def fail(*_: object) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr("builtins.__import__", _failing_import("lightgbm", fail, __import__))
    with pytest.raises(SetupError, match="apt-get install libgomp1"):
        train.train(write(tmp_path, census_csv(50)), PLAN, 1)


def _failing_import(name: str, fail: Any, normal: Any) -> Any:
    def imported(wanted: str, *args: Any, **kwargs: Any) -> Any:
        return fail() if wanted == name else normal(wanted, *args, **kwargs)

    return imported
