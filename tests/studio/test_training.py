"""Training, scoring and measuring: against LightGBM itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from studio import training
from studio.errors import SetupError, TableError
from studio.features import encode_rows
from studio.labels import Labels
from studio.model_file import load_model
from studio.plan import TrainingPlan
from studio.reading import read_table
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
    fit = lightgbm.train

    def remembered(*arguments: Any) -> Any:
        boosters.append(fit(*arguments))
        return boosters[-1]

    monkeypatch.setattr(lightgbm, "train", remembered)
    csv = write(tmp_path, census_csv(rows))
    model = load_model(training.train(csv, PLAN, 1).model)
    encoded = encode_rows(read_table(csv, "income"), model.columns)
    # Also what never stood in the training file: missing and unknown cells everywhere.
    strange = np.full((5, len(model.columns)), np.nan)
    strange[1:, 0] = (-1e300, 0.0, 1e300, 45.0)
    encoded = np.vstack([encoded, strange])
    scorer = Scorer(model)
    ours = [scorer.raw_scores(row)[0] for row in encoded.tolist()]
    assert ours == boosters[0].predict(encoded, raw_score=True).tolist()
    assert ours == [scores for (scores,) in scorer.many_raw_scores(encoded.tolist())]
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
    labels = Labels(("no", "yes"), positive.astype(np.float64))
    test = labels.held_out(0.25, seed=3)
    assert (int(test[positive].sum()), int(test[~positive].sum())) == (2, 100)
    assert labels.held_out(0.999, seed=3)[positive].sum() == 7
    assert (labels.held_out(0.25, seed=3) == test).all()


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
