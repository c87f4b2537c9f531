"""Checks the JSON content of a model file, member by member, and returns its model."""

import math
from itertools import pairwise
from typing import Any, Never

from studio.errors import ModelFileError
from studio.limits import (
    MAX_CATEGORIES,
    MAX_CLASSES,
    MAX_COLUMNS,
    MAX_LEAVES,
    MAX_NAME_LENGTH,
    MAX_NUMBER,
    MAX_TARGET_ENCODED_CATEGORIES,
    MAX_TREES,
)
from studio.models.model import CategoryTerm, Linear, Model, Node, NumberTerm, Tree
from studio.tables.dates import DATE_FORMATS
from studio.tables.model_column import Column, feature_columns
from studio.words import shortened

MEMBERS = {"task", "label", "classes", "columns", "trees", "linear", "offset", "scale", "whole_labels"}
_CLASSES = {"binary": (2, 2), "multiclass": (2, MAX_CLASSES), "regression": (0, 0)}
_KINDS = ("numeric", "categorical", "target-encoded", "boolean", "date", "ignored")
_TYPES = ("Int32", "Double", "String")


def refuse(why: str) -> Never:
    """Raise the ModelFileError for a reason."""
    raise ModelFileError(f"the model file cannot be used: {why}")


def require(sound: object, otherwise: str) -> None:
    """Refuse the file, for the reason `otherwise`, unless `sound`."""
    if not sound:
        refuse(otherwise)


def read_model(content: dict[str, Any]) -> Model:
    """Return the model that a document with all `MEMBERS` describes.

    Raises:
        ModelFileError: a member is invalid. Whatever JSON the document holds, nothing else is raised.
    """
    task, classes, trees = content["task"], content["classes"], content["trees"]
    require(isinstance(task, str) and task in _CLASSES, "its task is unknown")
    min_classes, max_classes = _CLASSES[task]
    require(
        _are_names(classes) and min_classes <= len(classes) <= max_classes and len(set(classes)) == len(classes),
        f"its classes must be {min_classes} to {max_classes} different names",
    )
    require(_are_names([content["label"]]), "its label is not a name")
    columns = _columns(content["columns"])
    features = feature_columns(columns)
    require(features, "all of its columns are ignored")
    outputs = len(classes) if task == "multiclass" else 1
    require(isinstance(trees, list) and len(trees) <= MAX_TREES, f"it has more than {MAX_TREES} trees")
    require(len(trees) % outputs == 0, "its number of trees is not a multiple of its number of classes")
    require(bool(trees) != (content["linear"] is not None), "it must have either trees or weights")
    affine = (content["offset"], content["scale"])
    require(all(map(_is_number, affine)), "its offset or scale is not a number within the limits")
    whole_labels = content["whole_labels"]
    require(type(whole_labels) is bool, "whole_labels is not true or false")
    require(not (whole_labels and classes), "whole_labels is true, but only a regression has numbers for labels")
    return Model(
        task,
        content["label"],
        tuple(classes),
        columns,
        tuple(_tree(tree, features) for tree in trees),
        None if content["linear"] is None else _linear(content["linear"], features, outputs),
        content["offset"],
        content["scale"],
        whole_labels,
    )


def is_int_in(value: Any, low: int, high: int) -> bool:
    """Tell whether `value` is an int (a bool is none here) of low..high-1."""
    return type(value) is int and low <= value < high


def _is_float(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


def _is_number(value: Any) -> bool:
    return type(value) is float and -MAX_NUMBER <= value <= MAX_NUMBER


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and all(
        isinstance(name, str) and 0 < len(name) <= MAX_NAME_LENGTH and _encodable(name) for name in names
    )


def _encodable(name: str) -> bool:
    """Tell whether the text can be sent: JSON can hold half of a surrogate pair, UTF-8 cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _columns(rows: Any) -> tuple[Column, ...]:
    require(isinstance(rows, list) and rows, "it has no columns")
    require(len(rows) <= MAX_COLUMNS, f"it has more than {MAX_COLUMNS} columns")
    columns = tuple(map(_column, rows))
    require(len({column.name for column in columns}) == len(columns), "two columns have the same name")
    return columns


def _column(row: Any) -> Column:
    members = "[name, kind, type, categories, date_format, encodings, optional]"
    require(isinstance(row, list) and len(row) == 7, f"a column is not {members}")
    name, kind, wire_type, categories, date_format, encodings, optional = row
    require(_are_names([name]), "a column has no name")
    described = f"column {shortened(name)!r}"
    require(isinstance(kind, str) and kind in _KINDS, f"{described} is of an unknown kind")
    require(isinstance(wire_type, str) and wire_type in _TYPES, f"{described} is of an unknown type")
    require(_are_names(categories), f"the categories of {described} are not names")
    max_categories = MAX_TARGET_ENCODED_CATEGORIES if kind == "target-encoded" else MAX_CATEGORIES
    require(len(categories) <= max_categories, f"{described} has more than {max_categories} categories")
    require(len(set(categories)) == len(categories), f"{described} has a category twice")
    require(
        kind in ("categorical", "target-encoded", "numeric") or not categories,
        f"{described} has categories but is not categorical",
    )
    has_known_format = isinstance(date_format, str) and (
        date_format in DATE_FORMATS if kind == "date" else not date_format
    )
    require(has_known_format, f"{described} has an unknown date format")
    encodings = _numbers(encodings, len(categories) if kind == "target-encoded" else 0)
    require(isinstance(optional, bool), f"optional of {described} is not true or false")
    return Column(name, kind, wire_type, tuple(categories), date_format, encodings, optional)


def _linear(content: Any, features: tuple[Column, ...], outputs: int) -> Linear:
    require(isinstance(content, dict) and set(content) == {"intercepts", "terms"}, "linear is not {intercepts, terms}")
    terms = content["terms"]
    require(isinstance(terms, list) and len(terms) == len(features), "it must have a term for each feature")
    return Linear(
        _numbers(content["intercepts"], outputs),
        tuple(_term(term, column, outputs) for term, column in zip(terms, features, strict=True)),
    )


def _term(content: Any, column: Column, outputs: int) -> NumberTerm | CategoryTerm:
    require(isinstance(content, dict), "a term is not an object")
    described = f"the term of column {shortened(column.name)!r}"
    if column.kind == "categorical":
        weights = content.get("weights")
        sound = set(content) == {"weights"} and isinstance(weights, list) and len(weights) == len(column.categories)
        require(sound, f"{described} does not have one weight for each category")
        return CategoryTerm(tuple(_numbers(row, outputs) for row in content["weights"]))
    sound = set(content) == {"centre", "weights"} and _is_number(content["centre"])
    require(sound, f"{described} is not {{centre, weights}}")
    return NumberTerm(content["centre"], _numbers(content["weights"], outputs))


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    sound = isinstance(values, list) and len(values) == count and all(map(_is_number, values))
    require(sound, f"weights are not {count} numbers within the limits")
    return tuple(values)


def _tree(content: Any, features: tuple[Column, ...]) -> Tree:
    require(isinstance(content, dict) and set(content) == {"nodes", "leaves"}, "a tree is not {nodes, leaves}")
    rows, leaves = content["nodes"], content["leaves"]
    require(isinstance(rows, list) and isinstance(leaves, list), "a tree's nodes or leaves are not a list")
    require(len(leaves) == len(rows) + 1, "a tree does not have one leaf more than nodes")
    require(len(leaves) <= MAX_LEAVES, f"a tree has more than {MAX_LEAVES} leaves")
    require(all(map(_is_number, leaves)), "a leaf is not a number within the limits")
    nodes = tuple(_node(row, position, features, len(rows)) for position, row in enumerate(rows))
    children = [child for node in nodes for child in (node.left, node.right)]
    require(len(set(children)) == len(children), "two branches of a tree meet")
    return Tree(nodes, tuple(leaves))


def _node(row: Any, position: int, features: tuple[Column, ...], count: int) -> Node:
    require(isinstance(row, list) and len(row) == 5, "a node is not [feature, split, missing_left, left, right]")
    feature, split, missing_left, left, right = row
    require(is_int_in(feature, 0, len(features)), "a node names a feature that does not exist")
    column = features[feature]
    if column.kind == "categorical":
        if not _are_codes(split, len(column.categories)):
            refuse(f"a node splits column {shortened(column.name)!r} at categories it does not have")
        split = frozenset(split)
    elif not _is_float(split):
        refuse(f"a node splits column {shortened(column.name)!r} at a limit that is not a number")
    require(isinstance(missing_left, bool), "a node does not say where missing values go")
    for child in (left, right):
        # Children follow their parents, so no walk can loop.
        sound = is_int_in(child, position + 1, count) or is_int_in(child, -1 - count, 0)
        require(sound, "a node's child is out of range")
    return Node(feature, split, missing_left, left, right)


def _are_codes(split: Any, category_count: int) -> bool:
    """Tell whether a split is a list of codes, each once and in order."""
    if not isinstance(split, list) or not split or not all(is_int_in(code, 0, category_count) for code in split):
        return False
    return all(before < after for before, after in pairwise(split))
