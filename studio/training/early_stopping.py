"""Early stopping: finds the number of trees with the smallest loss on held-back rows, before the final training."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.training.hold_back import hold_back
from studio.training.metrics import log_losses
from studio.training.training_progress import Phase, Report, each_tree

FEW_ROWS_FOLDS, FEW_ROWS_TREES, FEW_ROWS_PATIENCE = 4, 400, 40
HELD_BACK, MAX_TREES, PATIENCE = 0.2, 300, 30
USUAL_TREES = 100  # used unless another number is better by more than chance explains
# From so many rows on, the trees of the search are kept: a second training, with the held-back rows as well, would take
# as long again for a gain too small to measure.
KEPT_ROWS, KEPT_HELD_BACK, KEPT_PATIENCE = 20_000, 0.1, 20
KEPT_EVALUATED_EVERY = 5  # trees; with so many rows more evaluations add little

type Target = NDArray[np.float64]


def fit_with_early_stopping(
    parameters: dict[str, Any], data: Any, target: Target, seed: int, max_trees: int, *, small: bool, report: Report
) -> tuple[Any, int]:
    """Return a booster, and how many of its first trees to use: the best number, at most `max_trees`.

    `data` is a LightGBM data set. `small`: the number is found by cross-validation. `report` is called after each
    tree. The same seed gives the same booster.
    """
    import lightgbm  # noqa: PLC0415 (only a training needs it)

    choosing, training = (each_tree(report, phase) for phase in (Phase.CHOOSING, Phase.TRAINING))
    data.construct()
    if small:
        count = _count_by_folds(parameters, data, target, seed, max_trees, choosing=choosing)
        return lightgbm.train(parameters, data, count, callbacks=[training]), count
    keep = len(target) >= KEPT_ROWS
    held_back = _held_back(parameters, target, KEPT_HELD_BACK if keep else HELD_BACK, seed)
    # Subsets of LightGBM's own data: a byte for each value, and nothing is converted twice.
    learned, tried = (data.subset(np.flatnonzero(part)) for part in (~held_back, held_back))
    watched = _HeldBackLosses(parameters["objective"], target[held_back])
    booster: Any = lightgbm.Booster(parameters | {"metric": "None"}, learned)
    booster.add_valid(tried, "held back")
    evaluated_every, patience = (KEPT_EVALUATED_EVERY, KEPT_PATIENCE) if keep else (1, PATIENCE)
    trees = min(MAX_TREES, max_trees)
    for number in range(1, trees + 1):
        finished = booster.update()  # no leaf can be split further
        report(Phase.CHOOSING, number, trees)
        if finished or number == trees or number % evaluated_every == 0:
            watched.trees = number
            booster.eval_valid(watched)
        if finished or watched.trees - watched.best >= patience:
            break
    count = min(watched.significantly_best(), max_trees)
    return (booster if keep else lightgbm.train(parameters, data, count, callbacks=[training])), count


class _HeldBackLosses:
    """Follows the loss of each held-back row; LightGBM calls it with the predictions of the trees so far."""

    def __init__(self, objective: str, truth: Target) -> None:
        self._objective = objective
        self._truth = truth
        self.trees = 0  # of the next predictions
        self.best = 0
        self._best_losses = np.full(len(truth), np.inf)
        self._usual_losses = self._best_losses  # of USUAL_TREES, or of all trees while there are fewer

    def __call__(self, predicted: NDArray[np.float64], _: Any) -> tuple[str, float, bool]:
        """Take the predictions of the trees so far; returns the loss as LightGBM expects it, lower is better."""
        losses = self._losses(predicted)
        loss = float(losses.mean())
        if loss < self._best_losses.mean():
            self.best, self._best_losses = self.trees, losses
        if self.trees <= USUAL_TREES:
            self._usual_losses = losses
        return "loss", loss, False

    def significantly_best(self) -> int:
        """Return the best number of trees, or the usual one if the gain over it is within one standard error."""
        if self.best == min(USUAL_TREES, self.trees):
            return self.best
        gain = self._usual_losses - self._best_losses
        return self.best if gain.mean() > gain.std() / len(gain) ** 0.5 else USUAL_TREES

    def _losses(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        match self._objective:
            case "regression":
                return np.asarray((predicted - self._truth) ** 2)
            case "binary":
                of_truth = np.where(self._truth == 1, predicted, 1 - predicted)
            case _:
                of_truth = predicted[np.arange(len(self._truth)), self._truth.astype(np.int64)]
        return log_losses(of_truth)


def _count_by_folds(
    parameters: dict[str, Any], data: Any, target: Target, seed: int, max_trees: int, *, choosing: Callable[[Any], None]
) -> int:
    """Return the number of trees with the smallest mean loss over folds."""
    import lightgbm  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(target))
    if parameters["objective"] != "regression":
        order = order[np.argsort(target[order], kind="stable")]  # then each fold has its share of each class
    fold = np.empty(len(target), dtype=np.int64)
    fold[order] = np.arange(len(target)) % FEW_ROWS_FOLDS
    parts = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FEW_ROWS_FOLDS)]
    stop = lightgbm.early_stopping(FEW_ROWS_PATIENCE, verbose=False)
    losses: Any = lightgbm.cv(parameters, data, min(FEW_ROWS_TREES, max_trees), folds=parts, callbacks=[choosing, stop])
    (means,) = (values for name, values in losses.items() if name.endswith("-mean"))
    return int(np.argmin(means)) + 1


def _held_back(parameters: dict[str, Any], target: Target, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows, of each class its share."""
    groups = [np.arange(len(target))]
    if parameters["objective"] != "regression":
        groups = [np.flatnonzero(target == class_number) for class_number in np.unique(target)]
    return hold_back(groups, len(target), share, seed)
