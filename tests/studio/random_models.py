"""Random models, rows for them, and damaged or hostile files made of them; all drawn from one source of chance."""

import copy
import gzip
import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from studio.errors import ModelFileError
from studio.limits import MAX_CATEGORIES
from studio.models import model_file
from studio.models.model import CategoryTerm, Linear, Model, Node, NumberTerm, Task, Tree
from studio.tables.cell_parsing import NEAR_ZERO
from studio.tables.dates import DATE_FORMATS
from studio.tables.model_column import Column, feature_columns

NUMBERS = (
    0.0,
    NEAR_ZERO,
    -NEAR_ZERO,
    -0.0,
    1.0,
    -1.5,
    5e-324,
    -1e-310,
    1e-35,
    1e-36,
    2.0**53,
    1e100,
    -1e100,
    0.1,
    1 / 3,
)
LARGE = (1.7976931348623157e308, -1.7e308, 1e200)
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
NAMES = ("a", "ä", "a\u0308", "?", "NA", "0", "1.5", "true", "x y", '"', "\\", "\n", "\0", "예", "\U0001f600", "a=b")
CELLS = (
    *NAMES,
    "",
    "7",
    "-3.25",
    "1e308",
    "-1.7e308",
    "5e-324",
    "yes",
    "NO",
    "2020-02-29",
    "2020-01-02T03:04:05Z",
    "9" * 400,
)


def random_model(rng: random.Random) -> Model:
    """Return a sound model: of any task, with any columns, with trees of any shape or with weights."""
    task: Task = rng.choice(TASKS)
    classes = {"binary": 2, "multiclass": rng.randint(2, 4), "regression": 0}[task]
    columns = tuple(
        replace(_column(rng, f"{rng.choice(NAMES)}{at}"), optional=rng.random() < 0.2)
        for at in range(rng.randint(0, 4))
    )
    columns += (Column("last", "numeric", rng.choice(["Int32", "Double"])),)
    outputs = classes if task == "multiclass" else 1
    trees: tuple[Tree, ...] = ()
    linear = None
    if rng.random() < 0.75:
        trees = tuple(_tree(rng, feature_columns(columns)) for _ in range(outputs * rng.randint(1, 3)))
    else:
        linear = Linear(
            _weights(rng, outputs), tuple(_term(rng, feature, outputs) for feature in feature_columns(columns))
        )
    scaled = (rng.choice(NUMBERS), rng.choice(NUMBERS)) if task == "regression" else (0.0, 1.0)
    names = tuple(f"{at}\u00e9" for at in range(classes))
    return Model(task, "y", names, columns, trees, linear, *scaled, task == "regression" and rng.random() < 0.5)


def _column(rng: random.Random, name: str) -> Column:
    match rng.choice(["numeric", "categorical", "categorical", "boolean", "date", "ignored"]):
        case "numeric":
            return Column(name, "numeric", "Double", categories=tuple(rng.sample(NAMES, rng.randint(0, 2))))
        case "categorical":
            count = rng.choice([0, 1, 3, 31, 32, 33, 70, MAX_CATEGORIES])
            return Column(name, "categorical", categories=(*NAMES, *map(str, range(2, MAX_CATEGORIES)))[:count])
        case "boolean":
            return Column(name, "boolean")
        case "date":
            return Column(name, "date", date_format=rng.choice(list(DATE_FORMATS)))
    return Column(name, "ignored")


def _number(rng: random.Random) -> float:
    return rng.choice(NUMBERS) if rng.random() < 0.5 else rng.uniform(-100, 100)


def _weights(rng: random.Random, count: int) -> tuple[float, ...]:
    return tuple(_number(rng) for _ in range(count))


def _term(rng: random.Random, column: Column, outputs: int) -> NumberTerm | CategoryTerm:
    if column.kind == "categorical":
        return CategoryTerm(tuple(_weights(rng, outputs) for _ in column.categories))
    return NumberTerm(_number(rng), _weights(rng, outputs))


def _tree(rng: random.Random, features: Sequence[Column]) -> Tree:
    usable = [at for at, column in enumerate(features) if column.kind != "categorical" or column.categories]
    size, chain = rng.choice([0, 1, 2, 7, 30]), rng.random() < 0.3
    children: list[list[int]] = []
    ends: list[tuple[int, int]] = []
    for position in range(size):
        if ends:
            parent, side = ends.pop(-1 if chain else rng.randrange(len(ends)))
            children[parent][side] = position
        children.append([0, 0])
        ends += [(position, 0), (position, 1)]
    for leaf, (parent, side) in enumerate(ends):
        children[parent][side] = -1 - leaf
    nodes = (_node(rng, features, rng.choice(usable), left, right) for left, right in children)
    return Tree(tuple(nodes), _weights(rng, size + 1))


def _node(rng: random.Random, features: Sequence[Column], feature: int, left: int, right: int) -> Node:
    column = features[feature]
    if column.kind == "categorical":
        categories = len(column.categories)
        chosen = rng.sample(range(categories), rng.choice([1, min(categories, 2), categories]))
        # What is said about missing categories has no effect: they go right.
        return Node(feature, frozenset(chosen), rng.random() < 0.5, left, right)
    split = rng.choice(LARGE) if rng.random() < 0.1 else _number(rng)
    return Node(feature, split, rng.random() < 0.5, left, right)


def random_row(rng: random.Random, model: Model) -> list[float]:
    """Return features as any row of cells may give them, often exactly those at which the model splits."""
    splits = [node.split for tree in model.trees for node in tree.nodes if isinstance(node.split, float)]

    def feature(column: Column) -> float:
        if rng.random() < 0.2:
            return math.nan
        if column.kind == "categorical":
            return float(rng.randrange(len(column.categories))) if column.categories else math.nan
        number = rng.choice([*splits, *NUMBERS, *LARGE, rng.uniform(-100, 100)])
        return number if abs(number) > NEAR_ZERO else 0.0

    return [feature(column) for column in feature_columns(model.columns)]


def content_of(data: bytes) -> Any:
    """Return the document in a model file."""
    return json.loads(gzip.decompress(data))


def file_of(content: Any) -> bytes:
    """Return the file of a document, with its checksum right if one can be computed of it."""
    if isinstance(content, dict):
        try:
            return gzip.compress(model_file._canonical(content | {"sha256": model_file._digest(content)}), 1)
        except ModelFileError:
            content["sha256"] = ""  # a number is not finite
    return gzip.compress(json.dumps(content, sort_keys=True, separators=(",", ":")).encode(), 1)


def hostile_file(rng: random.Random, sound: bytes) -> bytes:
    """Return a file that somebody damaged, or wrote by hand to do harm."""
    match rng.choice(["bytes", "cut", "text", "members", "members", "members"]):
        case "bytes":
            return _flipped(rng, sound)
        case "cut":
            return sound[: rng.randrange(len(sound))] + rng.choice([b"", sound])
        case "text":
            return gzip.compress(_flipped(rng, gzip.decompress(sound)), 1)
    content = content_of(sound)
    for _ in range(rng.choice([1, 1, 2, 5])):
        content = _changed(rng, content)
    return file_of(content)


def _flipped(rng: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where the members of a document are, all levels of them; the document itself is the first."""
    below: list[tuple[Any, ...]] = [path]
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, member in items:
        below += paths(member, (*path, key))
    return below


def _at(content: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


def _changed(rng: random.Random, content: Any) -> Any:
    """Return the document with one member replaced, near its old value or by anything at all, moved, or taken out."""
    content = copy.deepcopy(content)
    valid = paths(content)
    if len(valid) < 2:
        return content
    path = rng.choice(valid[1:])
    holder, key, old = _at(content, path[:-1]), path[-1], _at(content, path)
    match rng.choice(["near", "near", "odd", "other", "out", "twice"]):
        case "near" if isinstance(old, bool):
            holder[key] = not old
        case "near" if isinstance(old, int | float):
            holder[key] = rng.choice([old + 1, old - 1, -old, old * 2, float(old), rng.choice(NUMBERS), old // 1])
        case "near" if isinstance(old, list) and old:
            rng.shuffle(old)
        case "other":
            holder[key] = copy.deepcopy(_at(content, rng.choice(valid)))
        case "out":
            del holder[key]
        case "twice" if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(old))
        case _:
            odd: tuple[Any, ...] = (
                None,
                True,
                [],
                {},
                "",
                "\ud800",
                "x" * 20_000,
                math.inf,
                math.nan,
                1e308,
                2**31,
                2**64,
                -1,
                [[]],
            )
            holder[key] = copy.deepcopy(rng.choice((*odd, [0] * 2000, {"weights": []})))
    return content
