"""Boosted trees: LightGBM trains them, and what it made becomes plain data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import SetupError, TableError
from studio.model import Node, Task, Tree
from studio.model_limits import TREE_LIMIT, VALUE_LIMIT, VALUES_OF_LEAF

DEFAULT_TREES = 100
SMALL_DATA_ROWS = 2000  # below, a careful preset beats the default one (measured on public sets of 150 to 600 rows)
SMALL_DATA_TREES = 150
# Below, threads gain 0.1 s; but on a busy machine theirs spin at each other's barriers, once for a whole minute.
ONE_THREAD_ROWS = 100_000
_DESCRIBED_AT_ONCE = 100  # trees
_NAN_MISSING, _NONE_MISSING = "NaN", "None"


@dataclass(frozen=True)
class TreeSettings:
    """How trees are grown; what is None is chosen by the number of rows."""

    objective: Task
    classes: int
    seed: int
    threads: int
    trees: int | None = None
    leaves: int | None = None
    learning_rate: float | None = None


def fit_trees(
    rows: NDArray[np.float64], target: NDArray[np.float64], categorical: list[int], settings: TreeSettings
) -> tuple[Tree, ...]:
    """Train; `target` has a class's number for each row, or its value in a regression.

    Raises:
        SetupError: LightGBM cannot be loaded here.
        TableError: the trees are more than a model may have.
    """
    each = settings.classes if settings.objective == "multiclass" else 1
    rounds = settings.trees or (SMALL_DATA_TREES if len(rows) < SMALL_DATA_ROWS else DEFAULT_TREES)
    if rounds * each > TREE_LIMIT:
        said = f"{rounds} trees for each of {each} classes are too many" if each > 1 else f"{rounds} trees are too many"
        raise TableError("the model", [f"{said}: it may have {TREE_LIMIT} trees"])
    try:
        # Not at the top: only a training needs it, its import costs 0.3 s, and serving must work without it.
        import lightgbm  # noqa: PLC0415
    except OSError as error:
        raise SetupError(
            "LightGBM cannot load the OpenMP library: install it, on Debian with `apt-get install libgomp1`"
        ) from error
    parameters: dict[str, Any] = {
        "objective": settings.objective,  # LightGBM calls the tasks by the same names
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads if len(rows) >= ONE_THREAD_ROWS else 1,
        "verbose": -1,
        "min_data_in_leaf": max(1, min(20, len(rows) // 50)),
    }
    if len(rows) < SMALL_DATA_ROWS:
        parameters |= {
            "num_leaves": 7,
            "learning_rate": 0.05,
            "lambda_l2": 1.0,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "feature_fraction": 0.8,
            "min_data_in_leaf": max(3, min(20, len(rows) // 50)),
        }
    if settings.objective == "multiclass":
        parameters["num_class"] = settings.classes
    if settings.leaves is not None:
        parameters["num_leaves"] = settings.leaves
    if settings.learning_rate is not None:
        parameters["learning_rate"] = settings.learning_rate
    data = lightgbm.Dataset(rows, target, categorical_feature=categorical, params=parameters, free_raw_data=True)
    booster = lightgbm.train(parameters, data, rounds)
    # A few rounds at a time: the description of a tree takes fifty times the memory of the tree.
    rounds_at_once = max(1, _DESCRIBED_AT_ONCE // each)
    trees: list[Tree] = []
    for first in range(0, booster.current_iteration(), rounds_at_once):
        described = booster.dump_model(start_iteration=first, num_iteration=rounds_at_once)["tree_info"]
        trees += (_tree(tree["tree_structure"]) for tree in described)
        leaves = sum(len(tree.leaves) for tree in trees)
        if leaves * VALUES_OF_LEAF > VALUE_LIMIT:
            said = f"{len(trees)} of its {rounds * each} trees have {leaves} leaves"
            most = f"all together may have {VALUE_LIMIT // VALUES_OF_LEAF}: train fewer trees, or with fewer leaves"
            raise TableError("the model is too large", [f"{said}; {most}"])
    return tuple(trees)


def _tree(structure: dict[str, Any]) -> Tree:
    """Turn LightGBM's nested description of a tree into ours: parents before children, left before right."""
    parts: list[dict[str, Any]] = []
    children: list[list[int]] = []
    leaves: list[float] = []
    # No recursion: a tree of 1,024 leaves can be as deep.
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
        raise SetupError(f"this version of LightGBM treats missing values in a way that is not known: {missing!r}")
    # A column without missing values in training: LightGBM takes a missing one for 0.
    missing_left = bool(part["default_left"]) if missing == _NAN_MISSING else limit >= 0
    return Node(feature, limit, missing_left, left, right)
