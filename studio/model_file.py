"""The `.ilearner` file: a model as gzip'd JSON that neither executes nor crashes anything when it is read.

Native model loaders die on a damaged file, and a PATCH names a URL whose content is anyone's. So the format is data
only, and every size, index and number is checked before it is used. Layout: `format`, `version`, `task`, `label`,
`classes`, `columns` ([name, kind, type, categories, form]), `trees` ({nodes: [[feature, split, missing_left, left,
right]], leaves}), `linear` (null, or {intercepts, terms: [{centre, weights} or {weights of each category}]}), `offset`
and `scale` of a regression, and `sha256` over the canonical JSON of all the rest.
"""

import gzip
import hashlib
import json
import math
import zlib
from dataclasses import asdict
from typing import Any

from studio.dates import FORMS
from studio.errors import ModelFileError
from studio.json_values import Json
from studio.model import (
    CategoryTerm,
    Column,
    Linear,
    Model,
    Node,
    NumberTerm,
    Tree,
    feature_columns,
)

FORMAT = "landfall-studio-model"
VERSION = 1
FILE_LIMIT = 8 * 2**20  # bytes of the file; 100 trees on 14 columns take 50 KB
INFLATED_LIMIT = 64 * 2**20
VALUE_LIMIT = 4_000_000  # JSON values; bounds the memory of parsing, which a small text of brackets would blow up
TREE_LIMIT = 10_000
NAME_LIMIT = 10_000  # characters of a name, class or category
CLASS_LIMIT = 100
NUMBER_LIMIT = 1e140  # of leaves and weights; keeps every sum and product of them finite
_CLASSES = {"binary": (2, 2), "multiclass": (2, CLASS_LIMIT), "regression": (0, 0)}
_KINDS = ("numeric", "categorical", "boolean", "date", "ignored")
_TYPES = ("Int32", "Double", "String", "Boolean")
_KEYS = {"format", "version", "task", "label", "classes", "columns", "trees", "linear", "offset", "scale", "sha256"}


def dump_model(model: Model) -> bytes:
    """Return the file of a model; the same model gives the same bytes."""
    content: Json = {
        "format": FORMAT,
        "version": VERSION,
        "task": model.task,
        "label": model.label,
        "classes": list(model.classes),
        "columns": [
            [column.name, column.kind, column.type, list(column.categories), column.form] for column in model.columns
        ],
        "trees": [{"nodes": [_node_row(node) for node in tree.nodes], "leaves": tree.leaves} for tree in model.trees],
        "linear": None if model.linear is None else _linear_content(model.linear),
        "offset": model.offset,
        "scale": model.scale,
    }
    content["sha256"] = _digest(content)
    return gzip.compress(_canonical(content), mtime=0)


def _linear_content(linear: Linear) -> Json:
    return {"intercepts": linear.intercepts, "terms": [asdict(term) for term in linear.terms]}


def _node_row(node: Node) -> list[Any]:
    split = sorted(node.split) if isinstance(node.split, frozenset) else node.split
    return [node.feature, split, node.missing_left, node.left, node.right]


def _canonical(content: Json) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(content: Json) -> str:
    return hashlib.sha256(_canonical({key: value for key, value in content.items() if key != "sha256"})).hexdigest()


def load_model(data: bytes) -> Model:
    """Read and check the bytes of a model file.

    Raises:
        ModelFileError: they are not a sound model of this format; whatever the bytes are, nothing else is raised.
    """
    content = _parse(_inflate(data))
    _require(isinstance(content, dict) and content.get("format") == FORMAT, "it is not a model of this service")
    _require(content.get("version") == VERSION, f"its version is not {VERSION}")
    _require(set(content) == _KEYS, "it has missing or unknown members")
    task, classes = content["task"], content["classes"]
    _require(isinstance(task, str) and task in _CLASSES, "its task is not one this version serves")
    fewest, most = _CLASSES[task]
    _require(
        _are_names(classes) and fewest <= len(classes) <= most and len(set(classes)) == len(classes),
        f"its classes are not {fewest} to {most} different names",
    )
    _require(_are_names([content["label"]]), "its label is not a name")
    columns = _columns(content["columns"])
    features = feature_columns(columns)
    trees = content["trees"]
    outputs = len(classes) if task == "multiclass" else 1
    _require(isinstance(trees, list) and len(trees) <= TREE_LIMIT, f"it has more than {TREE_LIMIT} trees")
    _require(len(trees) % outputs == 0, "it has not the same number of trees for each class")
    _require(bool(trees) != (content["linear"] is not None), "it has not either trees or weights")
    _require(_is_number(content["offset"]) and _is_number(content["scale"]), "its offset or scale is no sound number")
    model = Model(
        task,
        content["label"],
        tuple(classes),
        columns,
        tuple(_tree(tree, features) for tree in trees),
        None if content["linear"] is None else _linear(content["linear"], features, outputs),
        content["offset"],
        content["scale"],
    )
    # Last: by now everything that the digest walks over is known to be small and plain.
    _require(content["sha256"] == _digest(content), "its checksum is wrong: the file is damaged")
    return model


def _require(sound: object, otherwise: str) -> None:
    if not sound:
        raise ModelFileError(f"the model file cannot be used: {otherwise}")


def _inflate(data: bytes) -> bytes:
    _require(len(data) <= FILE_LIMIT, f"it is larger than {FILE_LIMIT} bytes")
    gzip_only = zlib.decompressobj(wbits=31)
    try:
        inflated = gzip_only.decompress(data, INFLATED_LIMIT + 1)
    except zlib.error as error:
        raise ModelFileError("the model file cannot be used: it is not gzip, or damaged") from error
    _require(len(inflated) <= INFLATED_LIMIT, f"it inflates to more than {INFLATED_LIMIT} bytes")
    _require(gzip_only.eof and not gzip_only.unused_data, "it is cut short, or something follows its end")
    return inflated


def _parse(text: bytes) -> Any:
    _require(sum(text.count(mark) for mark in (b",", b"[", b"{")) <= VALUE_LIMIT, "it has too many values")

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError("the model file cannot be used: its content is not JSON") from error


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and all(
        isinstance(name, str) and 0 < len(name) <= NAME_LIMIT and _encodable(name) for name in names
    )


def _encodable(name: str) -> bool:
    """Tell whether the text can be sent: JSON can spell half of a surrogate pair, UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _columns(rows: Any) -> tuple[Column, ...]:
    _require(isinstance(rows, list) and rows, "it has no columns")
    columns = []
    for row in rows:
        _require(isinstance(row, list) and len(row) == 5, "a column is not [name, kind, type, categories, form]")
        name, kind, wire_type, categories, form = row
        _require(_are_names([name]), "a column has no name")
        _require(isinstance(kind, str) and kind in _KINDS, f"column {name!r} is of an unknown kind")
        _require(isinstance(wire_type, str) and wire_type in _TYPES, f"column {name!r} is of an unknown type")
        _require(_are_names(categories), f"the categories of column {name!r} are not names")
        _require(len(set(categories)) == len(categories), f"a category of column {name!r} stands there twice")
        may = kind in ("categorical", "numeric")
        _require(may or not categories, f"column {name!r} has categories but is not categorical")
        known = isinstance(form, str) and (form in FORMS if kind == "date" else not form)
        _require(known, f"column {name!r} is written in an unknown form")
        columns.append(Column(name, kind, wire_type, tuple(categories), form))
    _require(len({column.name for column in columns}) == len(columns), "two columns have the same name")
    return tuple(columns)


def _linear(content: Any, features: tuple[Column, ...], outputs: int) -> Linear:
    _require(isinstance(content, dict) and set(content) == {"intercepts", "terms"}, "linear is not as it must be")
    terms = content["terms"]
    _require(isinstance(terms, list) and len(terms) == len(features), "it has not one term for each feature")
    return Linear(
        _numbers(content["intercepts"], outputs),
        tuple(_term(term, column, outputs) for term, column in zip(terms, features, strict=True)),
    )


def _term(content: Any, column: Column, outputs: int) -> NumberTerm | CategoryTerm:
    _require(isinstance(content, dict), "a term is not an object")
    if column.kind == "categorical":
        weights = content.get("weights")
        sound = set(content) == {"weights"} and isinstance(weights, list) and len(weights) == len(column.categories)
        _require(sound, f"the term of column {column.name!r} has not a weight for each category")
        return CategoryTerm(tuple(_numbers(row, outputs) for row in content["weights"]))
    sound = set(content) == {"centre", "weights"} and _is_number(content["centre"])
    _require(sound, f"the term of column {column.name!r} is not {{centre, weights}}")
    return NumberTerm(content["centre"], _numbers(content["weights"], outputs))


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    sound = isinstance(values, list) and len(values) == count and all(map(_is_number, values))
    _require(sound, f"weights are not {count} sound numbers")
    return tuple(values)


def _is_number(value: Any) -> bool:
    return _is_float(value) and abs(value) <= NUMBER_LIMIT


def _tree(content: Any, features: tuple[Column, ...]) -> Tree:
    _require(isinstance(content, dict) and set(content) == {"nodes", "leaves"}, "a tree is not {nodes, leaves}")
    rows, leaves = content["nodes"], content["leaves"]
    _require(isinstance(rows, list) and isinstance(leaves, list), "a tree's nodes or leaves are not a list")
    _require(len(leaves) == len(rows) + 1, "a tree has not one leaf more than nodes")
    _require(all(map(_is_number, leaves)), "a leaf is not a sound number")
    nodes = tuple(_node(row, position, features, len(rows)) for position, row in enumerate(rows))
    children = [child for node in nodes for child in (node.left, node.right)]
    _require(len(set(children)) == len(children), "two branches of a tree meet")
    return Tree(nodes, tuple(leaves))


def _is_float(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_index(value: Any, low: int, high: int) -> bool:
    """Tell whether `value` is a whole number (not a bool, which Python counts among them) in low..high-1."""
    return type(value) is int and low <= value < high


def _node(row: Any, position: int, features: tuple[Column, ...], count: int) -> Node:
    _require(isinstance(row, list) and len(row) == 5, "a node is not [feature, split, missing_left, left, right]")
    feature, split, missing_left, left, right = row
    _require(_is_index(feature, 0, len(features)), "a node asks for a column that is not there")
    column = features[feature]
    if column.kind == "categorical":
        known = len(column.categories)
        _require(
            isinstance(split, list) and split and all(_is_index(code, 0, known) for code in split),
            f"a node splits column {column.name!r} at categories it does not have",
        )
        split = frozenset(split)
    else:
        _require(_is_float(split), f"a node splits column {column.name!r} at no number")
    _require(isinstance(missing_left, bool), "a node does not say where missing values go")
    for child in (left, right):
        # Children follow their parents: so no walk can go round in circles.
        _require(
            _is_index(child, position + 1, count) or _is_index(child, -1 - count, 0), "a node's child is out of range"
        )
    return Node(feature, split, missing_left, left, right)
