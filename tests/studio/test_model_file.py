"""Model files: what is written is read back, and whatever else is read is refused without harm."""

import contextlib
import gzip
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import model_file
from studio.errors import ModelFileError
from studio.model import Column, Model, Node, Tree
from studio.model_file import dump_model, load_model
from studio.plan import TrainingPlan
from studio.scoring import CellError, Scorer
from studio.training import train
from tests.studio.running import census_csv

MODEL = Model(
    "binary",
    "income",
    ("no", "ja, 예"),
    (Column("age", "numeric"), Column("job", "categorical", categories=("a", "b", "c")), Column("id", "ignored")),
    (
        Tree((Node(0, 40.5, True, 1, -1), Node(1, frozenset({0, 2}), False, -2, -3)), (0.1, -0.25, 1 / 3)),
        Tree((), (0.5,)),
    ),
)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.floats(-1e6, 1e6)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Draw a sound model: any columns, trees of any shape."""
    chosen = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    columns = []
    for name in chosen:
        categories = tuple(draw(st.lists(names, max_size=3, unique=True)))
        columns.append(Column(name, "categorical" if categories else "numeric", categories=categories))
    trees = draw(st.lists(st.integers(0, 6), min_size=1, max_size=3).map(lambda sizes: sizes))
    shape = random.Random(draw(st.integers()))
    return Model("binary", "y", ("0", "1"), tuple(columns), tuple(_tree(draw, shape, n, columns) for n in trees))


def _tree(draw: st.DrawFn, shape: random.Random, size: int, columns: list[Column]) -> Tree:
    children: list[list[int]] = []
    open_ends: list[tuple[int, int]] = []
    for position in range(size):
        if open_ends:
            parent, side = open_ends.pop(shape.randrange(len(open_ends)))
            children[parent][side] = position
        children.append([0, 0])
        open_ends += [(position, 0), (position, 1)]
    for leaf, (parent, side) in enumerate(open_ends):
        children[parent][side] = -1 - leaf
    nodes = []
    for left, right in children:
        feature = draw(st.integers(0, len(columns) - 1))
        known = columns[feature].categories
        split = frozenset(draw(st.sets(st.integers(0, len(known) - 1), min_size=1))) if known else draw(numbers)
        nodes.append(Node(feature, split, draw(st.booleans()) and not known, left, right))
    return Tree(tuple(nodes), tuple(draw(leaves) for _ in range(size + 1)))


@given(models())
def test_a_model_survives_its_file(model: Model) -> None:
    """Reading gives the very model that was written, and writing it again the very bytes."""
    data = dump_model(model)
    assert load_model(data) == model
    assert dump_model(load_model(data)) == data


@given(st.data(), st.integers(0, 2**32))
def test_a_damaged_file_is_refused(data: st.DataObject, seed: int) -> None:
    """Whatever single bytes are changed or cut off, the answer is an error or a model that scores; never a crash."""
    sound = dump_model(MODEL)
    damaged = bytearray(sound)
    dice = random.Random(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    cut = bytes(damaged[: dice.randrange(len(damaged))]) if data.draw(st.booleans()) else bytes(damaged)
    try:
        model = load_model(cut)
    except ModelFileError:
        return
    assert model == MODEL, "only the header of the gzip file may have changed"


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: list[tuple[Any, ...]] = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        below += _paths(member, (*path, key))
    return below


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_a_hostile_file_is_refused_or_harmless(data: st.DataObject) -> None:
    """With any member replaced and the checksum right again, it is refused, or it is a model that scores any row."""
    content = json.loads(gzip.decompress(dump_model(MODEL)))
    path = data.draw(st.sampled_from(_paths(content)[1:]))
    at = content
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = data.draw(json_values)
    try:
        content["sha256"] = model_file._digest(content)
    except ValueError:
        content["sha256"] = ""  # NaN or infinity: no checksum of ours is over it
    try:
        model = load_model(gzip.compress(json.dumps(content).encode()))
    except ModelFileError:
        return
    scorer = Scorer(model)
    for cell in ("", "7", "a", "1e300"):
        with contextlib.suppress(CellError):
            *_, last = scorer.answers([scorer.features([cell] * len(model.columns))])[0]
            assert model.task == "multiclass" or math.isfinite(float(last))


def test_a_loop_in_a_tree_is_refused() -> None:
    """A child that leads back, to itself or out of the tree would be walked for ever: it is refused."""
    for left, right in ((0, -1), (1, 1), (5, -1), (-4, -1), (-1, -1)):
        tree = Tree((Node(0, 1.0, True, left, right), Node(0, 2.0, True, -2, -3)), (0.1, 0.2, 0.3))
        with pytest.raises(ModelFileError):
            load_model(dump_model(Model("binary", "y", ("0", "1"), MODEL.columns, (tree,))))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short"),
        (b"hello", "not gzip"),
        (gzip.compress(b"{}", mtime=0), "not a model of this service"),
        (gzip.compress(b"[" * 100_000, mtime=0), "not JSON"),
        (gzip.compress(b'{"format": NaN}', mtime=0), "not JSON"),
        (gzip.compress(b"[" + b"[]," * model_file.VALUE_LIMIT, mtime=0), "too many values"),
        (gzip.compress(b" " * (model_file.INFLATED_LIMIT + 1), mtime=0), "inflates to more"),
        (dump_model(MODEL) + b"x", "something follows"),
        (dump_model(MODEL)[:-1], "cut short"),
        (b"\x1f\x8b" + b"\0" * model_file.FILE_LIMIT, "larger than"),
    ],
)
def test_what_is_no_model_is_refused_in_words(data: bytes, reason: str) -> None:
    """Wrong kinds of files, bombs among them, have a reason each."""
    with pytest.raises(ModelFileError, match=reason):
        load_model(data)


def test_a_changed_number_is_noticed() -> None:
    """The checksum covers the content: a leaf that somebody changed is not served."""
    content = json.loads(gzip.decompress(dump_model(MODEL)))
    content["trees"][0]["leaves"][0] = 0.11
    with pytest.raises(ModelFileError, match="checksum"):
        load_model(gzip.compress(json.dumps(content).encode()))


def test_a_trained_model_is_small(tmp_path: Path) -> None:
    """A trained model survives its file as well, and the file stays far below its limit."""
    csv = tmp_path / "t.csv"
    csv.write_text(census_csv(3000), encoding="utf-8")
    data = train(csv, TrainingPlan("binary", "income", ">50K", 0.25, 0), 1).model
    assert dump_model(load_model(data)) == data
    assert len(data) < 200_000
