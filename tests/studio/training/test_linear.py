"""The linear learner: against scikit-learn's with the same penalty."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from studio.errors import TableError
from studio.models.model import Linear, Model
from studio.scoring.linear_scores import linear_scores
from studio.scoring.scorer import Scorer
from studio.tables.model_column import Column
from studio.training import linear
from studio.training.learners import probabilities
from studio.training.linear import L2_PENALTY, fit_linear

ROWS, LEVELS = 400, 4


def features(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rows of two numbers and a category, some of them missing, and what the oracle gets in their place."""
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.normal(50, 9, ROWS), rng.normal(0, 0.01, ROWS), rng.integers(0, LEVELS, ROWS)])
    rows[rng.random(rows.shape) < 0.1] = np.nan
    numbers = rows[:, :2]
    standard = np.nan_to_num((numbers - np.nanmean(numbers, axis=0)) / np.nanstd(numbers, axis=0))
    categories = (rows[:, 2][:, None] == np.arange(LEVELS)).astype(np.float64)
    return rows, np.hstack([standard, categories])


def latent(design: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return numbers that depend on the design, with noise."""
    rng = np.random.default_rng(seed)
    return np.asarray(design @ rng.normal(size=design.shape[1]) + rng.normal(size=len(design)))


@pytest.mark.parametrize("seed", range(3))
def test_regression_is_ridge(seed: int) -> None:
    """Numbers are standardised, categories are columns of their own, missing cells say nothing."""
    rows, design = features(seed)
    target = 5 + latent(design, seed)
    oracle = Ridge(alpha=L2_PENALTY).fit(design, target)
    ours = linear_scores(fit_linear("regression", 0, rows, target, [0, 0, LEVELS]), rows)[:, 0]
    np.testing.assert_allclose(ours, oracle.predict(design), atol=0.01 * target.std())


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_logistic_regression(classes: int) -> None:
    """The probabilities are scikit-learn's, to a thousandth."""
    rows, design = features(9)
    target = np.digitize(latent(design, 9), np.linspace(-1, 1, classes - 1) if classes > 2 else [0]).astype(np.float64)
    task = "binary" if classes == 2 else "multiclass"
    predicted = probabilities(linear_scores(fit_linear(task, classes, rows, target, [0, 0, LEVELS]), rows))
    expected = LogisticRegression(C=1 / L2_PENALTY, max_iter=2000, tol=1e-8).fit(design, target).predict_proba(design)
    np.testing.assert_allclose(predicted, expected if classes > 2 else expected[:, 1:], atol=2e-3)


def test_one_row_and_many_score_alike() -> None:
    """What serving computes for a row is what the training measured."""
    rows, design = features(4)
    model = fit_linear("regression", 0, rows, latent(design, 4), [0, 0, LEVELS])
    columns = (Column("a", "numeric"), Column("b", "numeric"), Column("c", "categorical", categories=tuple("wxyz")))
    scorer = Scorer(Model("regression", "y", (), columns, linear=model))
    assert [scorer.raw_scores(row) for row in rows.tolist()] == linear_scores(model, rows).tolist()


def test_columns_without_spread_do_no_harm() -> None:
    """A constant, a huge and an empty column leave the weights finite."""
    rng = np.random.default_rng(0)
    rows = np.column_stack([np.full(60, 3.0), rng.normal(size=60) * 1e99, np.full(60, np.nan), rng.normal(size=60)])
    model = fit_linear("regression", 0, rows, rows[:, 3] * 2, [0, 0, 0, 0])
    assert isinstance(model, Linear)
    assert np.isfinite(linear_scores(model, rows)).all()
    assert np.corrcoef(linear_scores(model, rows)[:, 0], rows[:, 3])[0, 1] > 0.99


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the limit."""
    monkeypatch.setattr(linear, "MAX_ENTRIES", 100)
    with pytest.raises(TableError, match=r"at most 100 values are allowed"):
        fit_linear("regression", 0, np.ones((60, 2)), np.ones(60), [0, 0])
