"""Scoring batches with LightGBM gives the same numbers as scoring row by row, for any model, rows and threads."""

import logging
import math
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.models.model import Model, Node, Tree
from studio.models.model_file import load_model
from studio.scoring.lightgbm_scorer import LightGbmScorer
from studio.scoring.scorer import (
    MIN_BATCH_ROWS,
    MIN_LIBRARY_ROWS,
    CellError,
    Scorer,
    class_probabilities,
    positive_probability,
)
from studio.tables.csv_reader import read_table
from studio.tables.model_column import Column
from studio.training.features import encode_rows
from studio.training.train import train
from studio.training.training_plan import TrainingPlan
from tests.studio.fuzzing import check_scores
from tests.studio.random_models import CELLS, random_model, random_row
from tests.studio.running import census_csv, printed_by

STEP = Model("binary", "y", ("0", "1"), (Column("a", "numeric"),), (Tree((Node(0, 0.5, True, -1, -2),), (-1.0, 1.0)),))
PLAIN_NUMBERS = (
    "1",
    " 2 ",
    "-3.5",
    "1e-40",
    "-0",
    "1e99",
    "1e101",
    "inf",
    "nan",
    "1_0",
    "1,000",
    "$5",
    "12%",
    "0x1",
    "٣",
)
# More leaves than the other way of scoring many rows takes; a whole number up to 64 is its own score.
WIDE = Model(
    *("binary", "y", ("0", "1"), (Column("a", "numeric"),)),
    (
        Tree(
            tuple(Node(0, float(at), True, -1 - at, at + 1 if at < 63 else -65) for at in range(64)),
            tuple(map(float, range(65))),
        ),
    ),
)
TASKS = {
    "binary": TrainingPlan("binary", "income", ">50K"),
    "multiclass": TrainingPlan("multiclass", "occupation"),
    "regression": TrainingPlan("regression", "hours"),
    "linear": TrainingPlan("multiclass", "occupation", learner="linear"),
}


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_model_gives_the_same_numbers_both_ways(rng: random.Random) -> None:
    """Splits at any number or category, missing and unknown cells, single leaves, chains: equal to the last bit."""
    model = random_model(rng)
    check_scores(model, [random_row(rng, model) for _ in range(20)])


@settings(deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.lists(st.sampled_from(CELLS) | st.sampled_from(PLAIN_NUMBERS), min_size=1, max_size=12),
)
def test_any_cells_are_read_alike_many_at_once(rng: random.Random, cells: list[str]) -> None:
    """Numbers spelled in any way, all different or repeated, other texts: each is read as it is in a row by itself."""
    scorer = Scorer(random_model(rng))
    rows = [[cell] * len(scorer.model.columns) for cell in cells]
    try:
        alone = [scorer.features([cell.strip() for cell in row]) for row in rows]
    except CellError:
        with pytest.raises(ValueError, match="is "):
            scorer.batch_features(list(zip(*rows, strict=True)))
    else:
        assert repr(scorer.batch_features(list(zip(*rows, strict=True))).tolist()) == repr(alone)


@pytest.mark.parametrize("task", TASKS)
def test_a_trained_model_gives_the_same_numbers_both_ways(tmp_path: Path, task: str) -> None:
    """Every row of the training file, and rows of missing cells, whatever was trained on it."""
    csv = tmp_path / "t.csv"
    header, *lines = census_csv(1500).splitlines()
    dated = [
        f"{line},2024-{at % 12 + 1:02}-{at % 28 + 1:02},{'yes' if at % 3 else 'no'}" for at, line in enumerate(lines)
    ]
    csv.write_text("\n".join([f"{header},day,member", *dated]), encoding="utf-8")
    plan = TASKS[task]
    model = load_model(train(csv, plan, 1).model)
    table = read_table(csv, plan.label)
    (encoded,) = encode_rows(table, model.columns, [np.ones(table.rows, dtype=np.bool_)])
    rows = encoded.tolist()
    check_scores(model, [*rows, [math.nan] * len(rows[0])])


@pytest.mark.parametrize("model", [random_model(random.Random(9)), WIDE], ids=["at once", "by the library"])
def test_any_number_of_threads_may_score(model: Model) -> None:
    """Many threads that start while the library is being loaded all get the numbers of their own rows."""
    scorer = Scorer(model)
    batches = [np.array([random_row(random.Random(seed), model) for _ in range(500)]) for seed in range(16)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            scores = threads.map(scorer.batch_raw_scores, batches)
            assert [repr(each.tolist()) for each in scores] == [
                repr([scorer.raw_scores(row) for row in batch.tolist()]) for batch in batches
            ]


def _rows(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return rows of one feature: 0 and 1 in turn."""
    return (np.arange(count, dtype=np.float64) % 2).reshape(-1, 1)


def _imported(rows: int, model: str = "WIDE") -> str:
    """Score so many rows in a new process; returns whether LightGBM was loaded at the answer, and later."""
    code = (
        "import sys, threading\nfrom studio.scoring.scorer import Scorer\n"
        "from tests.studio.scoring import test_lightgbm_scorer as here\n"
        f"sys.modules.pop('lightgbm', None)\nscorer = Scorer(here.{model})\nrows = here._rows({rows})\n"
        "scores = scorer.batch_raw_scores(rows).tolist()\n"
        "assert scores == [scorer.raw_scores(row) for row in rows.tolist()]\n"
        "now = 'lightgbm' in sys.modules\n"
        "[one.join() for one in threading.enumerate() if one.name == 'load LightGBM']\n"
        "print(now, 'lightgbm' in sys.modules)"
    )
    return printed_by(code)


def test_few_rows_never_load_the_library() -> None:
    """Scoring single rows does not load the library."""
    assert _imported(MIN_BATCH_ROWS - 1) == "False False"


def test_small_trees_never_load_the_library() -> None:
    """QuickScorer scores them, however many rows there are."""
    assert _imported(MIN_LIBRARY_ROWS, "STEP") == "False False"


def test_a_huge_batch_waits_for_the_library() -> None:
    """Waiting is faster for a huge batch; a smaller one is answered at once, and the library is ready for the next."""
    assert _imported(MIN_LIBRARY_ROWS) == "True True"
    assert _imported(MIN_BATCH_ROWS).endswith(" True")


def test_without_the_library_batches_are_scored_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without OpenMP the answer is the same, and the log says once why it takes longer."""

    def imported(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
        return normal(name, *arguments, **named)

    normal = __import__
    monkeypatch.setattr("builtins.__import__", imported)
    scorer, rows = Scorer(WIDE), _rows(MIN_LIBRARY_ROWS)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert scorer.batch_raw_scores(rows).tolist() == rows.tolist()
    assert [record.getMessage() for record in caplog.records] == [
        "batches are scored without LightGBM, which takes longer"
    ]
    assert LightGbmScorer(WIDE).raw_scores(_rows(1), wait=True) is None


def test_answers_at_the_edges() -> None:
    """A half is not above a half; of equal classes the first is named; huge raw scores are certain, never an error."""
    columns = (Column("a", "numeric"),)

    def answer(task: Any, classes: tuple[str, ...], *leaves: float) -> list[str]:
        model = Model(task, "y", classes, columns, tuple(Tree((), (leaf,)) for leaf in leaves))
        return Scorer(model).batch_output_cells(np.array([[0.0]]))[0]

    assert answer("binary", ("no", "yes"), 0.0) == ["no", "0.5"]
    assert answer("binary", ("no", "yes"), 1e-15) == ["yes", "0.5"]
    assert answer("binary", ("no", "yes"), 1e100) == ["yes", "1"]
    assert answer("binary", ("no", "yes"), -1e100) == ["no", "0"]
    assert answer("multiclass", ("a", "b", "c"), 0.5, 0.5, 0.5) == ["0.333333333333333"] * 3 + ["a"]
    assert answer("multiclass", ("a", "b", "c"), -1e100, 1e100, 1e100) == ["0", "0.5", "0.5", "b"]
    assert answer("regression", (), 1e100) == ["1E+100"]
    assert answer("regression", (), 1.5e-7) == ["1.5E-07"]
    assert answer("regression", (), -0.0) == ["0"]
    assert answer("regression", (), 123456789012345.6) == ["123456789012346"]


@given(st.lists(st.floats(-1e104, 1e104), min_size=2, max_size=100))
def test_probabilities_are_shares(raw: list[float]) -> None:
    """Those of all classes add up to one within rounding, and the largest raw score has the largest."""
    shares = class_probabilities(raw)
    assert math.isclose(math.fsum(shares), 1, rel_tol=1e-14)
    assert all(0 <= share <= 1 for share in shares)
    assert shares[raw.index(max(raw))] == max(shares)
    assert 0 <= positive_probability(raw[0]) <= 1
