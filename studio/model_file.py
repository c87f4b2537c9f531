"""The `.ilearner` file: a model as gzip'd JSON that neither executes nor crashes anything when it is read.

Native model loaders die on a damaged file, and a PATCH names a URL whose content is anyone's. So the format is data
only, and every size, index and number is checked before it is used. Layout: `format`, `version`, `task`, `label`,
`classes`, `columns` ([name, kind, categories]), `trees` ({nodes: [[feature, split, missing_left, left, right]],
leaves}), and `sha256` over the canonical JSON of all the rest.
"""

import gzip
import hashlib
import json
import math
import zlib
from typing import Any

from studio.errors import ModelFileError
from studio.json_values import Json
from studio.model import Column, Model, Node, Tree

FORMAT = "landfall-studio-model"
VERSION = 1
FILE_LIMIT = 8 * 2**20  # bytes of the file; 100 trees on 14 columns take 50 KB
INFLATED_LIMIT = 64 * 2**20
VALUE_LIMIT = 4_000_000  # JSON values; bounds the memory of parsing, which a small text of brackets would blow up
TREE_LIMIT = 10_000
NAME_LIMIT = 10_000  # characters of a name, class or category
LEAF_LIMIT = 1e6  # log odds; keeps every sum of leaves finite
_KEYS = {"format", "version", "task", "label", "classes", "columns", "trees", "sha256"}


def dump_model(model: Model) -> bytes:
    """Return the file of a model; the same model gives the same bytes."""
    content: Json = {
        "format": FORMAT,
        "version": VERSION,
        "task": model.task,
        "label": model.label,
        "classes": list(model.classes),
        "columns": [[column.name, column.kind, list(column.categories)] for column in model.columns],
        "trees": [{"nodes": [_node_row(node) for node in tree.nodes], "leaves": tree.leaves} for tree in model.trees],
    }
    content["sha256"] = _digest(content)
    return gzip.compress(_canonical(content), mtime=0)


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
    _require(content["task"] == "binary", "its task is not one this version serves")
    classes = content["classes"]
    _require(_are_names(classes) and len(classes) == 2 and classes[0] != classes[1], "its classes are not two names")
    _require(_are_names([content["label"]]), "its label is not a name")
    columns = _columns(content["columns"])
    trees = content["trees"]
    _require(isinstance(trees, list) and 0 < len(trees) <= TREE_LIMIT, f"it has not 1 to {TREE_LIMIT} trees")
    model = Model(
        content["task"], content["label"], (classes[0], classes[1]), columns, tuple(_tree(t, columns) for t in trees)
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
        _require(isinstance(row, list) and len(row) == 3, "a column is not [name, kind, categories]")
        name, kind, categories = row
        _require(_are_names([name]), "a column has no name")
        _require(kind in ("numeric", "categorical", "ignored"), f"column {name!r} is of an unknown kind")
        _require(_are_names(categories), f"the categories of column {name!r} are not names")
        _require(len(set(categories)) == len(categories), f"a category of column {name!r} stands there twice")
        _require(kind == "categorical" or not categories, f"column {name!r} has categories but is not categorical")
        columns.append(Column(name, kind, tuple(categories)))
    _require(len({column.name for column in columns}) == len(columns), "two columns have the same name")
    return tuple(columns)


def _tree(content: Any, columns: tuple[Column, ...]) -> Tree:
    _require(isinstance(content, dict) and set(content) == {"nodes", "leaves"}, "a tree is not {nodes, leaves}")
    rows, leaves = content["nodes"], content["leaves"]
    _require(isinstance(rows, list) and isinstance(leaves, list), "a tree's nodes or leaves are not a list")
    _require(len(leaves) == len(rows) + 1, "a tree has not one leaf more than nodes")
    _require(all(_is_float(leaf) and abs(leaf) <= LEAF_LIMIT for leaf in leaves), "a leaf is not a sound number")
    nodes = tuple(_node(row, position, columns, len(rows)) for position, row in enumerate(rows))
    children = [child for node in nodes for child in (node.left, node.right)]
    _require(len(set(children)) == len(children), "two branches of a tree meet")
    return Tree(nodes, tuple(leaves))


def _is_float(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_index(value: Any, low: int, high: int) -> bool:
    """Tell whether `value` is a whole number (not a bool, which Python counts among them) in low..high-1."""
    return type(value) is int and low <= value < high


def _node(row: Any, position: int, columns: tuple[Column, ...], count: int) -> Node:
    _require(isinstance(row, list) and len(row) == 5, "a node is not [feature, split, missing_left, left, right]")
    feature, split, missing_left, left, right = row
    _require(_is_index(feature, 0, len(columns)), "a node asks for a column that is not there")
    column = columns[feature]
    if column.kind == "categorical":
        known = len(column.categories)
        _require(
            isinstance(split, list) and split and all(_is_index(code, 0, known) for code in split),
            f"a node splits column {column.name!r} at categories it does not have",
        )
        split = frozenset(split)
    else:
        _require(column.kind == "numeric" and _is_float(split), f"a node splits column {column.name!r} at no number")
    _require(isinstance(missing_left, bool), "a node does not say where missing values go")
    for child in (left, right):
        # Children follow their parents: so no walk can go round in circles.
        _require(
            _is_index(child, position + 1, count) or _is_index(child, -1 - count, 0), "a node's child is out of range"
        )
    return Node(feature, split, missing_left, left, right)
