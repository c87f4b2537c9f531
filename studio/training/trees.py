"""Trains boosted trees with LightGBM, and turns them into plain data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import SetupError, TableError
from studio.limits import MAX_TREES, MAX_VALUES, VALUES_PER_LEAF
from studio.models.model import Node, Task, Tree
from studio.training.early_stopping import fit_with_early_stopping
from studio.training.training_progress import Phase, Report, each_tree, ignore_progress

SMALL_DATA_ROWS = 2000  # below, a careful preset beats the default (measured on public data sets of 150 to 600 rows)
SMALL_DATA_TREES = 150
# A rare class limits what can be learned: with fewer than RARE_ROWS of its rows, data up to MANY_ROWS counts as small.
RARE_ROWS, MANY_ROWS = 200, 50_000
# Below, threads save 0.1 s at most; on a busy machine they wait for each other, once for a whole minute.
ONE_THREAD_ROWS = 100_000
SMALL_VALUES = 200_000  # rows times features; with more, cross-validation takes too long even for small data
_CAREFUL: dict[str, Any] = {
    "learning_rate": 0.05,
    "min_sum_hessian_in_leaf": 0.001,
    "lambda_l2": 2.0,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.8,
    # LightGBM's defaults do not split categories with few rows at all.
    "max_cat_to_onehot": 8,
    "min_data_per_group": 10,
    "cat_l2": 2.0,
    "cat_smooth": 2.0,
}
_TREES_AT_ONCE = 100  # that are converted together
_NAN_MISSING, _NONE_MISSING = "NaN", "None"


@dataclass(frozen=True)
class TreeSettings:
    """How trees are grown; settings that are None are chosen by the number of rows."""

    objective: Task
    classes: int
    seed: int
    threads: int
    trees: int | None = None
    leaves: int | None = None
    learning_rate: float | None = None


def fit_trees(
    rows: NDArray[np.float64],
    target: NDArray[np.float64],
    categorical: list[int],
    settings: TreeSettings,
    report: Report = ignore_progress,
) -> tuple[Tree, ...]:
    """Train; `target` has each row's class number, or its value in a regression.

    `report` is called after each tree.

    Raises:
        SetupError: LightGBM cannot be loaded here.
        TableError: a model may not have so many trees, or leaves.
    """
    trees_per_round = settings.classes if settings.objective == "multiclass" else 1
    max_rounds = MAX_TREES // trees_per_round
    if settings.trees is not None and settings.trees > max_rounds:
        wanted = f"{settings.trees} trees" + (f" for each of {trees_per_round} classes" if trees_per_round > 1 else "")
        raise TableError("the model", [f"{wanted} are too many: it may have {MAX_TREES} trees"])
    try:
        # Not at the top: only a training needs it, the import takes 0.3 s, and serving must work without it.
        import lightgbm  # noqa: PLC0415
    except OSError as error:
        raise SetupError(
            "LightGBM cannot load the OpenMP library: install it, on Debian with `apt-get install libgomp1`"
        ) from error
    parameters = _parameters(settings, rows, target)
    data = lightgbm.Dataset(rows, target, categorical_feature=categorical, params=parameters)
    if settings.trees is not None:
        count = settings.trees
        booster = lightgbm.train(parameters, data, count, callbacks=[each_tree(report, Phase.TRAINING)])
    elif (_is_rare(settings, target) and not _is_small(rows)) or (_is_small(rows) and rows.size > SMALL_VALUES):
        count = min(SMALL_DATA_TREES, max_rounds)
        booster = lightgbm.train(parameters, data, count, callbacks=[each_tree(report, Phase.TRAINING)])
    else:
        small = _is_small(rows)
        booster, count = fit_with_early_stopping(
            parameters, data, target, settings.seed, max_rounds, small=small, report=report
        )
    return _converted(booster, count, trees_per_round)


def _converted(booster: Any, rounds: int, trees_per_round: int) -> tuple[Tree, ...]:
    """Return the trees of the first rounds of a booster, which has `trees_per_round` of them a round.

    A few rounds at a time: LightGBM's description of a tree takes fifty times the memory of the tree.
    """
    rounds_at_once = max(1, _TREES_AT_ONCE // trees_per_round)
    rounds = min(rounds, booster.current_iteration())
    trees: list[Tree] = []
    for first in range(0, rounds, rounds_at_once):
        number = min(rounds_at_once, rounds - first)
        described = booster.dump_model(start_iteration=first, num_iteration=number)["tree_info"]
        trees += (_tree(tree["tree_structure"]) for tree in described)
        leaves = sum(len(tree.leaves) for tree in trees)
        if leaves * VALUES_PER_LEAF > MAX_VALUES:
            size = f"{len(trees)} of its {rounds * trees_per_round} trees have {leaves} leaves"
            limit = f"all together may have {MAX_VALUES // VALUES_PER_LEAF}: train fewer trees, or with fewer leaves"
            raise TableError("the model is too large", [f"{size}; {limit}"])
    return tuple(trees)


def _is_small(rows: NDArray[np.float64]) -> bool:
    return len(rows) < SMALL_DATA_ROWS


def _is_rare(settings: TreeSettings, target: NDArray[np.float64]) -> bool:
    """Tell whether a class has too few rows to hold some back for finding the number of trees."""
    if settings.objective == "regression":
        return False
    # With many rows, one rare class of several must not decide for the others.
    max_rows = np.inf if settings.objective == "binary" else MANY_ROWS
    return len(target) < max_rows and int(np.bincount(target.astype(np.int64)).min()) < RARE_ROWS


def _parameters(settings: TreeSettings, rows: NDArray[np.float64], target: NDArray[np.float64]) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "objective": settings.objective,  # LightGBM calls the tasks by the same names
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads if len(rows) >= ONE_THREAD_ROWS else 1,
        "verbose": -1,
        "min_sum_hessian_in_leaf": 1.0,
    }
    if _is_small(rows) or _is_rare(settings, target):
        parameters |= _CAREFUL | {"min_data_in_leaf": max(5, min(20, len(rows) // 20))}
        parameters["num_leaves"] = 5 if _is_small(rows) else 7
    if settings.objective == "multiclass":
        parameters["num_class"] = settings.classes
    if settings.leaves is not None:
        parameters["num_leaves"] = settings.leaves
    if settings.learning_rate is not None:
        parameters["learning_rate"] = settings.learning_rate
    return parameters


def _tree(structure: dict[str, Any]) -> Tree:
    """Turn LightGBM's nested description of a tree into a Tree: parents before children, left before right."""
    parts: list[dict[str, Any]] = []
    children: list[list[int]] = []
    leaves: list[float] = []
    # Not recursive: a tree of 1,024 leaves may be 1,023 nodes deep.
    waiting: list[tuple[dict[str, Any], int, int]] = [(structure, -1, 0)]
    while waiting:
        part, parent, side = waiting.pop()
        if "split_feature" in part:
            position = len(parts)
            parts.append(part)
            children.append([0, 0])
            waiting += [(part["right_child"], position, 1), (part["left_child"], position, 0)]
        else:
            leaves.append(float(part["leaf_value"]))
            position = -len(leaves)
        if parent >= 0:
            children[parent][side] = position
    nodes = (_node(part, left, right) for part, (left, right) in zip(parts, children, strict=True))
    return Tree(tuple(nodes), tuple(leaves))


def _node(part: dict[str, Any], left: int, right: int) -> Node:
    feature = part["split_feature"]
    if part["decision_type"] == "==":
        return Node(feature, frozenset(map(int, part["threshold"].split("||"))), False, left, right)
    limit, missing = float(part["threshold"]), part["missing_type"]
    if missing not in (_NAN_MISSING, _NONE_MISSING):
        raise SetupError(f"this version of LightGBM treats missing values in an unknown way: {missing!r}")
    # If training had no missing values in the column, LightGBM reads a missing one as 0.
    missing_left = bool(part["default_left"]) if missing == _NAN_MISSING else limit >= 0
    return Node(feature, limit, missing_left, left, right)
