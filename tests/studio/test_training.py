"""Training, scoring and measuring: against LightGBM itself and against numbers worked out by hand."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import training
from studio.columns import encode_column, read_table
from studio.errors import SetupError, TableError
from studio.experiment import TrainingPlan
from studio.metrics import area_under_curve, measure
from studio.model_file import load_model
from studio.scoring import Scorer, positive_probability
from tests.studio.running import census_csv

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
    fit = training._fit

    def remembered(*arguments: Any) -> Any:
        boosters.append(fit(*arguments))
        return boosters[-1]

    monkeypatch.setattr(training, "_fit", remembered)
    csv = write(tmp_path, census_csv(rows))
    model = load_model(training.train(csv, PLAN, 1).model)
    table = read_table(csv, "income")
    encoded = np.column_stack([encode_column(table[column.name], column) for column in model.columns])
    # Also what never stood in the training file: missing and unknown cells everywhere.
    strange = np.full((5, len(model.columns)), np.nan)
    strange[1:, 0] = (-1e300, 0.0, 1e300, 45.0)
    encoded = np.vstack([encoded, strange])
    scorer = Scorer(model)
    ours = [scorer.raw_score(row) for row in encoded.tolist()]
    assert ours == boosters[0].predict(encoded, raw_score=True).tolist()
    probabilities = boosters[0].predict(encoded)
    np.testing.assert_allclose([positive_probability(score) for score in ours], probabilities, rtol=1e-15)


def test_training_learns_and_repeats(tmp_path: Path) -> None:
    """The signal is found, the held-out share is as asked, and any number of threads gives the same bytes."""
    csv = write(tmp_path, census_csv(2000))
    results = [training.train(csv, PLAN, threads) for threads in (1, 2)]
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
    auc = float(training.train(write(tmp_path, text), PLAN, 1).evaluation.splitlines()[1].split(",")[4])
    assert 0.4 < auc < 0.6


def test_both_classes_are_held_out_alike() -> None:
    """The test rows hold the same share of a rare class as of the other, and never all of it."""
    positive = np.array([True] * 8 + [False] * 400)
    test = training.held_out(positive, 0.25, seed=3)
    assert (int(test[positive].sum()), int(test[~positive].sum())) == (2, 100)
    assert training.held_out(positive, 0.999, seed=3)[positive].sum() == 7
    assert (training.held_out(positive, 0.25, seed=3) == test).all()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("age,income\n1,a\n2,b\n", "it has 2 rows; at least 10"),
        ("age,income\n" + "1,a\n2,b\n" * 9, "no row has the positive label '>50K'"),
        ("age,income\n" + "1,a\n2,b\n3,>50K\n" * 9, "must hold exactly two values"),
        ("age,income\n" + "1,a\n" * 20 + "2,>50K\n", "at least two rows"),
        ("income\n" + "a\n>50K\n" * 9, "no column besides the label"),
    ],
)
def test_untrainable_tables_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    """A table with nothing to learn from is refused in words."""
    with pytest.raises(TableError, match=reason):
        training.train(write(tmp_path, text), PLAN, 1)


def test_metrics_by_hand() -> None:
    """Two positives at 0.9 and 0.4, two negatives at 0.6 and 0.1: three of four pairs are in order."""
    positive = np.array([True, True, False, False])
    probability = np.array([0.9, 0.4, 0.6, 0.1])
    metrics = measure(positive, probability)
    assert metrics.auc == 0.75
    assert (metrics.accuracy, metrics.precision, metrics.recall, metrics.f_score) == (0.5, 0.5, 0.5, 0.5)
    loss = -(math.log(0.9) * 2 + math.log(0.4) * 2) / 4
    assert metrics.average_log_loss == pytest.approx(loss)
    assert metrics.training_log_loss == pytest.approx(100 * (math.log(2) - loss) / math.log(2))
    header, row, end = metrics.csv().split("\n")
    assert header == "Accuracy,Precision,Recall,F-Score,AUC,Average Log Loss,Training Log Loss"
    assert row.startswith("0.5,0.5,0.5,0.5,0.75,0.510")
    assert end == ""


def test_metrics_of_odd_sets() -> None:
    """Ties count half; with one class there is no AUC; with nothing called positive the precision is 1."""
    assert area_under_curve(np.array([True, False, False]), np.array([0.5, 0.5, 0.1])) == 0.75
    alone = measure(np.array([False, False]), np.array([0.2, 0.3]))
    assert math.isnan(alone.auc)
    assert (alone.precision, alone.recall, alone.f_score, alone.accuracy) == (1.0, 0.0, 0.0, 1.0)
    assert "NaN" in alone.csv()


def test_serving_needs_no_lightgbm() -> None:
    """The process that serves imports neither LightGBM nor scipy."""
    code = "import sys, studio.cli; print([name for name in ('lightgbm', 'scipy') if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.strip() == "[]"


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenMP the error says what to install."""

    def fail(*_: object) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr("builtins.__import__", _failing_import("lightgbm", fail, __import__))
    with pytest.raises(SetupError, match="apt-get install libgomp1"):
        training.train(write(tmp_path, census_csv(50)), PLAN, 1)


def _failing_import(name: str, fail: Any, normal: Any) -> Any:
    def imported(wanted: str, *args: Any, **kwargs: Any) -> Any:
        return fail() if wanted == name else normal(wanted, *args, **kwargs)

    return imported
