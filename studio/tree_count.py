"""How many trees: as many as predict rows best that were held back from them, found before the final training."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW_ROWS_FOLDS, FEW_ROWS_TREES, FEW_ROWS_PATIENCE = 4, 400, 40
HELD_BACK, MOST_TREES, PATIENCE = 0.2, 300, 30
USUAL_TREES = 100  # the better count must be surely better than this one
# From so many rows on, the trees that the held-back rows were not used for are kept: a second training would take as
# long again, for a gain that can no longer be measured.
KEPT_ROWS, KEPT_HELD_BACK = 20_000, 0.1
_SMALLEST_PROBABILITY = 1e-15

type Target = NDArray[np.float64]


def fit_best_count(
    parameters: dict[str, Any], data: Any, target: Target, seed: int, most: int, *, small: bool
) -> tuple[Any, int]:
    """Return a booster, and how many of its first trees to use: the best number, at most `most`.

    `data` is a LightGBM data set; `small` says to try it in folds. The same seed gives the same booster.
    """
    import lightgbm  # noqa: PLC0415 (only a training needs it)

    data.construct()
    if small:
        count = _count_by_folds(parameters, data, target, seed, most)
        return lightgbm.train(parameters, data, count), count
    keep = len(target) >= KEPT_ROWS
    held_back = _held_back(parameters, target, KEPT_HELD_BACK if keep else HELD_BACK, seed)
    # Subsets of what LightGBM made of the rows: a byte for a value, and nothing is read twice.
    learned, tried = (data.subset(np.flatnonzero(part)) for part in (~held_back, held_back))
    booster = _fit_until_worse(parameters, learned, tried, min(MOST_TREES, most), PATIENCE)
    count = min(_surely_best(parameters, booster, data, held_back, target), most)
    return (booster if keep else lightgbm.train(parameters, data, count)), count


def _fit_until_worse(parameters: dict[str, Any], learned: Any, tried: Any, most: int, patience: int) -> Any:
    import lightgbm  # noqa: PLC0415

    stop = lightgbm.early_stopping(patience, verbose=False)
    return lightgbm.train(parameters, learned, most, valid_sets=[tried], callbacks=[stop])


def _surely_best(
    parameters: dict[str, Any], booster: Any, data: Any, held_back: NDArray[np.bool_], target: Target
) -> int:
    """Return the best number of trees, or the usual one if it was not worse by more than chance explains."""
    best, last = max(1, int(booster.best_iteration)), int(booster.current_iteration())
    other = min(USUAL_TREES, last)
    if other == best:
        return best
    rows = data.get_data()[held_back]
    truth = target[held_back]
    gain = _losses(parameters, booster, rows, truth, other) - _losses(parameters, booster, rows, truth, best)
    return best if gain.mean() > gain.std() / len(gain) ** 0.5 else USUAL_TREES


def _losses(
    parameters: dict[str, Any], booster: Any, rows: NDArray[np.float64], truth: Target, count: int
) -> NDArray[np.float64]:
    predicted = booster.predict(rows, num_iteration=count, num_threads=parameters["num_threads"])
    match parameters["objective"]:
        case "regression":
            return np.asarray((predicted - truth) ** 2)
        case "binary":
            of_truth = np.where(truth == 1, predicted, 1 - predicted)
        case _:
            of_truth = predicted[np.arange(len(truth)), truth.astype(np.int64)]
    return np.asarray(-np.log(np.maximum(of_truth, _SMALLEST_PROBABILITY)))


def _count_by_folds(parameters: dict[str, Any], data: Any, target: Target, seed: int, most: int) -> int:
    """Return the number of trees with the smallest mean loss over folds."""
    import lightgbm  # noqa: PLC0415

    dice = np.random.default_rng(seed)
    order = dice.permutation(len(target))
    if parameters["objective"] != "regression":
        order = order[np.argsort(target[order], kind="stable")]  # then each fold has its share of each class
    fold = np.empty(len(target), dtype=np.int64)
    fold[order] = np.arange(len(target)) % FEW_ROWS_FOLDS
    parts = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FEW_ROWS_FOLDS)]
    stop = lightgbm.early_stopping(FEW_ROWS_PATIENCE, verbose=False)
    found: Any = lightgbm.cv(parameters, data, min(FEW_ROWS_TREES, most), folds=parts, callbacks=[stop])
    (means,) = (values for name, values in found.items() if name.endswith("-mean"))
    return int(np.argmin(means)) + 1


def _held_back(parameters: dict[str, Any], target: Target, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows, of each class its share; at least one row of each stays."""
    dice = np.random.default_rng(seed)
    chosen = np.zeros(len(target), dtype=np.bool_)
    groups = [target] if parameters["objective"] == "regression" else np.unique(target)
    for group in groups:
        members = np.arange(len(target)) if parameters["objective"] == "regression" else np.flatnonzero(target == group)
        count = min(max(1, round(len(members) * share)), len(members) - 1)
        chosen[dice.permutation(members)[:count]] = True
    return chosen
