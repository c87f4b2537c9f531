"""The learners: the one with the smaller loss is chosen, and as many trees as the data supports."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from studio.errors import TableError
from studio.models.model import Model, Task
from studio.models.model_file import load_model
from studio.training import early_stopping as tree_count_module
from studio.training import trees as grown
from studio.training.train import TrainingResult, train
from studio.training.training_plan import BEST, BOOSTED, LINEAR, TrainingPlan
from tests.studio.small_tables import write_csv


def trained(folder: Path, plan: TrainingPlan, matrix: NDArray[np.float64], label: list[object]) -> TrainingResult:
    """Train on a matrix."""
    columns = {f"x{number}": values.tolist() for number, values in enumerate(matrix.T)}
    return train(write_csv(folder, {**columns, "y": label}), plan, 1)


def measures(result: TrainingResult, row: int = 0) -> dict[str, float]:
    """Return a row of the evaluation."""
    header, *rows = result.evaluation.splitlines()
    return dict(zip(header.split(","), map(float, rows[row].split(",")), strict=True))


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("expected", [LINEAR, BOOSTED])
def test_the_better_learner_is_chosen(tmp_path: Path, task: Task, expected: str) -> None:
    """Sums are best learned by weights, products by trees; the notes say what was measured."""
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(300, 6))
    score = matrix @ [2, -1, 1, 1, -2, 1] if expected == LINEAR else 4 * np.sign(matrix[:, 0] * matrix[:, 1])
    score += rng.normal(size=300) * 0.3
    names = ["low", "high"] if task == "binary" else ["a", "b", "c"]
    cuts = np.quantile(score, [0.5] if task == "binary" else [0.33, 0.67])
    label = score.tolist() if task == "regression" else [names[code] for code in np.digitize(score, cuts)]
    result = trained(tmp_path, TrainingPlan(task, "y", "high" if task == "binary" else "", learner=BEST), matrix, label)
    model = load_model(result.model)
    assert (model.linear is not None) is (expected == LINEAR)
    note = next(note for note in result.notes if note.startswith("chose"))
    assert note.startswith(f"chose {expected}: the smaller loss in 4 folds (boosted-trees ")


@pytest.mark.parametrize("learner", [LINEAR, BOOSTED])
def test_two_rows_compare_the_learners(tmp_path: Path, learner: str) -> None:
    """The first row is that of the model, the second that of the other learner on the same rows."""
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(400, 4))
    label: list[object] = (matrix @ [1, 2, 3, 4] + rng.normal(size=400)).tolist()
    both = trained(tmp_path, TrainingPlan("regression", "y", learner=learner, compare=True), matrix, label)
    rival = LINEAR if learner == BOOSTED else BOOSTED
    plans = [TrainingPlan("regression", "y", learner=name) for name in (learner, rival)]
    alone = [trained(tmp_path, plan, matrix, label) for plan in plans]
    assert [measures(both, row) for row in (0, 1)] == [measures(result) for result in alone]
    assert both.model == alone[0].model
    assert f"compared with {rival}: the second row of the evaluation" in both.notes
    assert len(alone[0].evaluation.splitlines()) == 2


def tree_count(result: TrainingResult) -> int:
    """Return how many trees a model of one output has."""
    model: Model = load_model(result.model)
    return len(model.trees)


@pytest.mark.parametrize(("rows", "kept_rows"), [(400, 20_000), (4000, 20_000), (4000, 3000)])
def test_noise_bears_few_trees_and_structure_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, kept_rows: int
) -> None:
    """The number of trees is found on rows that are held back, in folds, or by trees that are kept themselves."""
    monkeypatch.setattr(tree_count_module, "KEPT_ROWS", kept_rows)
    rng = np.random.default_rng(4)
    matrix = rng.uniform(-1, 1, size=(rows, 5))
    noise: list[object] = np.where(rng.random(rows) < 0.5, "yes", "no").tolist()
    structure: list[object] = np.where(np.sin(9 * matrix[:, 0]) * matrix[:, 1] > 0, "yes", "no").tolist()
    plan = TrainingPlan("binary", "y", "yes")
    assert tree_count(trained(tmp_path, plan, matrix, noise)) < 50
    assert tree_count(trained(tmp_path, plan, matrix, structure)) > 100


def test_the_experiment_decides_how_trees_are_grown(tmp_path: Path) -> None:
    """The model has as many trees and leaves as it says."""
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(3000, 5))
    result = trained(tmp_path, TrainingPlan("regression", "y", trees=13, leaves=4), matrix, matrix.sum(axis=1).tolist())
    model = load_model(result.model)
    assert len(model.trees) == 13
    assert max(len(tree.leaves) for tree in model.trees) == 4


def test_few_rows_are_learned_from(tmp_path: Path) -> None:
    """Sixty rows are enough for a plain dependence, where big leaves would leave nothing to split."""
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(60, 3))
    label: list[object] = (3 * matrix[:, 0] + rng.normal(size=60) * 0.3).tolist()
    assert (
        measures(trained(tmp_path, TrainingPlan("regression", "y"), matrix, label))["Coefficient of Determination"]
        > 0.5
    )


def test_a_rare_class_is_found(tmp_path: Path) -> None:
    """One positive in a hundred rows: what tells them apart is learned, and no probability is wildly wrong."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(6000, 6))
    score = matrix[:, 0] * 2 + matrix[:, 1] * 2 + rng.normal(size=6000) * 0.5
    label: list[object] = np.where(score > np.quantile(score, 0.99), "rare", "usual").tolist()
    measured = measures(trained(tmp_path, TrainingPlan("binary", "y", "rare"), matrix, label))
    assert measured["AUC"] > 0.97
    assert measured["Average Log Loss"] < 0.04


@pytest.mark.parametrize("task", ["regression", "multiclass"])
@pytest.mark.parametrize("rows", [300, 2800])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, task: Task, rows: int) -> None:
    """Model and evaluation repeat with any number of threads; another seed tests other rows."""
    rng = np.random.default_rng(8)
    matrix = rng.normal(size=(rows, 4))
    score = matrix[:, 0] + matrix[:, 1] * matrix[:, 2] + rng.normal(size=rows)
    label = score.tolist() if task == "regression" else [f"c{code}" for code in np.digitize(score, [-0.5, 0.5])]
    columns = {f"x{number}": values.tolist() for number, values in enumerate(matrix.T)} | {"y": label}
    path = write_csv(tmp_path, columns)
    runs = ((1, 1), (1, 2), (2, 1))  # seed and threads
    first, again, reseeded = (train(path, TrainingPlan(task, "y", seed=seed), threads) for seed, threads in runs)
    assert first == again
    assert reseeded.evaluation != first.evaluation


def test_a_model_has_no_more_trees_than_are_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many classes have fewer trees each, where their number is chosen here; more than there may be are refused."""
    rng = np.random.default_rng(9)
    matrix = rng.normal(size=(300, 3))
    label: list[object] = [f"c{code}" for code in np.digitize(matrix[:, 0] + matrix[:, 1] * 2, [-1, 1])]
    monkeypatch.setattr(grown, "MAX_TREES", 30)
    assert tree_count(trained(tmp_path, TrainingPlan("multiclass", "y"), matrix, label)) <= 30
    with pytest.raises(TableError, match="50 trees for each of 3 classes are too many"):
        trained(tmp_path, TrainingPlan("multiclass", "y", trees=50), matrix, label)
