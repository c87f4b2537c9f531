"""Trains a two-class model on a CSV with LightGBM and measures it on rows it has not seen; wholly deterministic."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.columns import CodedColumn, Table, encode_column, infer_column, read_table
from studio.errors import SetupError, TableError
from studio.experiment import TrainingPlan
from studio.metrics import measure
from studio.model import Column, Model, Node, Tree
from studio.model_file import dump_model

FEWEST_ROWS = 10
SMALL_DATA_ROWS = 2000  # below, a careful preset beats the default one (measured on public sets of 150 to 600 rows)
# Below, threads gain 0.1 s; but on a busy machine theirs spin at each other's barriers, once for a whole minute.
ONE_THREAD_ROWS = 100_000
_NAN_MISSING, _NONE_MISSING = "NaN", "None"


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves: the model's file, its evaluation as CSV, and the sizes of both parts of the data."""

    model: bytes
    evaluation: str
    trained_rows: int
    tested_rows: int


def train(csv: Path, plan: TrainingPlan, threads: int) -> TrainingResult:
    """Read the CSV once, hold out a share of its rows, train on the rest and evaluate on the share.

    Raises:
        TableError: the CSV cannot be trained on.
        SetupError: LightGBM cannot be loaded here.
    """
    table = read_table(csv, plan.label)
    label = table[plan.label]
    negative = _negative_class(label, plan)
    positive = np.array([cell == plan.positive for cell in label.distinct])[label.codes]
    test = held_out(positive, plan.test_fraction, plan.seed)
    columns, rows = _features(table, plan.label)
    booster = _fit(columns, rows[~test], positive[~test], plan.seed, threads)
    metrics = measure(positive[test], np.asarray(booster.predict(rows[test])))
    trees = tuple(_tree(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"])
    model = Model(plan.task, plan.label, (negative, plan.positive), columns, trees)
    return TrainingResult(dump_model(model), metrics.csv(), int((~test).sum()), int(test.sum()))


def _negative_class(label: CodedColumn, plan: TrainingPlan) -> str:
    others = [cell for cell in label.distinct if cell != plan.positive]
    found = ", ".join(sorted(map(repr, label.distinct))[:10])
    problems = []
    if len(label.codes) < FEWEST_ROWS:
        problems.append(f"it has {len(label.codes)} rows; at least {FEWEST_ROWS} are needed")
    if plan.positive not in label.distinct:
        problems.append(f"no row has the positive label {plan.positive!r}; column {plan.label!r} holds {found}")
    if len(others) != 1:
        problems.append(f"column {plan.label!r} must hold exactly two values; it holds {found}")
    if not problems and min(np.bincount(label.codes)) < 2:
        problems.append(f"each value of column {plan.label!r} must stand in at least two rows")
    if problems:
        raise TableError("the CSV", problems)
    return others[0]


def held_out(positive: NDArray[np.bool_], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose the test rows, shape (rows,): the same share of both classes, at least one row and not all of each."""
    generator = np.random.default_rng(seed)
    test = np.zeros(len(positive), dtype=np.bool_)
    for of_class in (positive, ~positive):
        members = np.flatnonzero(of_class)
        count = min(max(1, round(len(members) * fraction)), len(members) - 1)
        test[generator.permutation(members)[:count]] = True
    return test


def _features(table: Table, label: str) -> tuple[tuple[Column, ...], NDArray[np.float64]]:
    coded = [column for column in table.columns if column.name != label]
    columns = tuple(infer_column(column) for column in coded)
    if all(column.kind == "ignored" for column in columns):
        raise TableError("the CSV", ["no column besides the label can be learned from"])
    rows = np.empty((table.rows, len(columns)))
    for position, (column, as_column) in enumerate(zip(coded, columns, strict=True)):
        rows[:, position] = encode_column(column, as_column)
    return columns, rows


def _fit(
    columns: tuple[Column, ...],
    rows: NDArray[np.float64],
    positive: NDArray[np.bool_],
    seed: int,
    threads: int,
) -> Any:
    try:
        # Not at the top: only a training needs it, its import costs 0.3 s, and serving must work without it.
        import lightgbm  # noqa: PLC0415
    except OSError as error:
        raise SetupError(
            "LightGBM cannot load the OpenMP library: install it, on Debian with `apt-get install libgomp1`"
        ) from error
    parameters: dict[str, Any] = {
        "objective": "binary",
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads if len(rows) >= ONE_THREAD_ROWS else 1,
        "verbose": -1,
        "min_data_in_leaf": max(1, min(20, len(rows) // 50)),
    }
    trees = 100
    if len(rows) < SMALL_DATA_ROWS:
        trees = 150
        parameters |= {
            "num_leaves": 7,
            "learning_rate": 0.05,
            "lambda_l2": 1.0,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "feature_fraction": 0.8,
            "min_data_in_leaf": max(3, min(20, len(rows) // 50)),
        }
    categorical = [position for position, column in enumerate(columns) if column.kind == "categorical"]
    data = lightgbm.Dataset(rows, positive.astype(np.float64), categorical_feature=categorical, params=parameters)
    return lightgbm.train(parameters, data, trees)


def _tree(structure: dict[str, Any]) -> Tree:
    """Turn LightGBM's nested description of a tree into ours: parents before children."""
    nodes: list[Node | None] = []
    leaves: list[float] = []

    def place(part: dict[str, Any]) -> int:
        if "split_feature" not in part:
            leaves.append(float(part["leaf_value"]))
            return -len(leaves)
        position = len(nodes)
        nodes.append(None)
        left, right = place(part["left_child"]), place(part["right_child"])
        nodes[position] = _node(part, left, right)
        return position

    place(structure)
    return Tree(tuple(node for node in nodes if node is not None), tuple(leaves))


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
