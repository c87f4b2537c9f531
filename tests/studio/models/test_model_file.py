"""Model files: what is written is read back, and whatever else is read is refused without harm."""

import gzip
import json
import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import ModelFileError, TableError
from studio.limits import MAX_CATEGORIES, MAX_FILE_BYTES, MAX_INFLATED_BYTES, MAX_LEAVES, MAX_VALUES
from studio.models.model import CategoryTerm, Linear, Model, Node, NumberTerm, Tree
from studio.models.model_file import dump_model, load_model
from studio.scoring.scorer import Scorer
from studio.tables.model_column import Column
from studio.training.train import train
from studio.training.training_plan import TrainingPlan
from tests.studio.fuzzing import check_cells, check_scores
from tests.studio.random_models import content_of, file_of, hostile_file, paths, random_model, random_row
from tests.studio.running import ROOT, census_csv, printed_by

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
CENSUS = TrainingPlan("binary", "income", ">50K", 0.25, 0)
chance = st.randoms(use_true_random=False)


@settings(deadline=None)  # the first batch loads LightGBM
@given(chance)
def test_a_model_survives_its_file(rng: random.Random) -> None:
    """Reading gives the same model and the same scores, and writing it again gives the same bytes."""
    model = random_model(rng)
    data = dump_model(model)
    again = load_model(data)
    assert again == model
    assert dump_model(again) == data, "the bytes also tell -0.0 from 0.0"
    rows = [random_row(rng, model) for _ in range(3)]
    assert repr([Scorer(again).raw_scores(row) for row in rows]) == repr(
        [Scorer(model).raw_scores(row) for row in rows]
    )


@settings(deadline=None)  # the first batch loads LightGBM
@given(chance)
def test_a_hostile_file_is_refused_or_harmless(rng: random.Random) -> None:
    """Bytes flipped, cut off or appended, members changed with a valid checksum: the file is refused, or it scores."""
    try:
        model = load_model(hostile_file(rng, dump_model(random_model(rng))))
    except ModelFileError:
        return
    check_scores(model, [random_row(rng, model) for _ in range(3)])
    check_cells(rng, model)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.data())
def test_no_member_may_be_anything(data: st.DataObject) -> None:
    """With any member replaced by any JSON, and a valid checksum, the file is refused, or it scores."""
    content = content_of(dump_model(MODEL))
    *way, last = data.draw(st.sampled_from(paths(content)[1:]))
    at = content
    for key in way:
        at = at[key]
    at[last] = data.draw(json_values)
    try:
        model = load_model(file_of(content))
    except ModelFileError:
        return
    check_scores(model, [random_row(random.Random(0), model)])


def _fuzzed(first: int, last: int) -> int:
    """Try files in a process that may die of them; returns how many were models after all."""
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.studio.fuzzing", str(first), str(last)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, f"seed {done.stdout.split()[-1]}: {done.stderr}"
    return int(done.stdout.split()[-1])


def test_no_file_ends_the_process() -> None:
    """Hostile files are loaded and scored, by the native library too, in a process that ends well."""
    assert 100 <= _fuzzed(0, 500) < 500


@pytest.mark.deep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("part", range(4))
def test_no_file_of_many_ends_the_process(part: int) -> None:
    """The same for a hundred thousand files."""
    assert _fuzzed(1000 + part * 25_000, 1000 + (part + 1) * 25_000) > 5000


def test_a_loop_in_a_tree_is_refused() -> None:
    """A child that is its own ancestor, or lies outside the tree, would make an endless walk: it is refused."""
    for left, right in ((0, -1), (1, 1), (5, -1), (-4, -1), (-1, -1)):
        tree = Tree((Node(0, 1.0, True, left, right), Node(0, 2.0, True, -2, -3)), (0.1, 0.2, 0.3))
        with pytest.raises(ModelFileError, match=r"child|branches"):
            load_model(dump_model(Model("binary", "y", ("0", "1"), MODEL.columns, (tree,))))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"hello", "not gzip"),
        (gzip.compress(b"{}", mtime=0), "not a model of this service"),
        (gzip.compress(b"[" * 100_000, mtime=0), "not JSON"),
        (gzip.compress(b'{"format": NaN}', mtime=0), "not JSON"),
        (gzip.compress(b"\xef\xbb\xbf{}", mtime=0), "not JSON"),
        (gzip.compress(b'{"version":' + b"9" * 5000 + b"}", mtime=0), "not JSON"),
        (gzip.compress(b"[" + b"[]," * MAX_VALUES, mtime=0), f"more than {MAX_VALUES} values"),
        (gzip.compress(b" " * (MAX_INFLATED_BYTES + 1), mtime=0), "inflates to more"),
        (dump_model(MODEL) + b"x", "followed by other data"),
        (dump_model(MODEL) + gzip.compress(b"", mtime=0), "followed by other data"),
        (dump_model(MODEL)[:-1], "truncated"),
        (b"\x1f\x8b" + b"\0" * MAX_FILE_BYTES, "larger than"),
    ],
)
def test_what_is_no_model_is_refused_in_words(data: bytes, reason: str) -> None:
    """Each wrong kind of file, including a zip bomb, has a reason of its own."""
    with pytest.raises(ModelFileError, match=reason):
        load_model(data)


@pytest.mark.parametrize(
    "turned",
    [
        lambda text: text.replace(b'"scale":1.0', b'"scale":1.0,"scale":1.0'),
        lambda text: text.replace(b'"scale":1.0', b'"scale":2.0,"scale":1.0'),
        lambda text: text.replace(b'"scale":1.0', b'"scale":1E0'),
        lambda text: text.replace(b'"scale":1.0', b'"scale":1.0000000000000000001'),
        lambda text: text.replace(b'"scale":1.0', b'"scale": 1.0'),
        lambda text: text.replace(b'"income"', b'"\\u0069ncome"'),
        lambda text: text + b"\n",
        lambda text: b" " + text,
        lambda text: json.dumps(dict(reversed(json.loads(text).items())), separators=(",", ":")).encode(),
    ],
)
def test_a_model_is_written_in_one_way(turned: Callable[[bytes], bytes]) -> None:
    """Another spelling of the same content, or a member twice, is refused: another reader might see another model."""
    with pytest.raises(ModelFileError, match="not written as this service writes"):
        load_model(gzip.compress(turned(gzip.decompress(dump_model(MODEL)))))


def _with(**members: Any) -> Callable[[Any], Any]:
    return lambda content: content | members


def _with_tree(nodes: list[Any], leaves: list[Any]) -> Callable[[Any], Any]:
    return _with(trees=[{"nodes": nodes, "leaves": leaves}])


def _with_column(*column: Any) -> Callable[[Any], Any]:
    return lambda content: content | {"columns": [*content["columns"], [*column, [], False]]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_with(scale=1), "not a number within the limits"),
        (_with(scale=True), "not a number within the limits"),
        (_with(whole_labels=1), "whole_labels"),
        (_with(whole_labels=True), "whole_labels"),
        (_with(offset=1e101), "not a number within the limits"),
        (_with(version=True), "version"),
        (_with(version=2), "version"),
        (_with(more=1), "unknown members"),
        (_with(label="\ud800"), "label"),
        (_with(classes=["a", "a"]), "different names"),
        (_with(columns=[["a", "ignored", "String", [], "", [], False]]), "all of its columns are ignored"),
        (_with(columns=[["a", "numeric", "Double", [], "", [], 1]]), "optional of column 'a' is not true or false"),
        (_with(columns=[["a", "numeric", "Double", [], "", []]]), "a column is not "),
        (_with(columns=[[f"{at}", "numeric", "Double", [], ""] for at in range(10_001)]), "more than 10000 columns"),
        (_with_column("job", "numeric", "Double", [], ""), "same name"),
        (_with_column("a" * 10_001, "numeric", "Double", [], ""), "no name"),
        (_with_column("a" * 10_000, "numbers", "Double", [], ""), "column 'a{60}…' is of an unknown kind"),
        (_with_column("a", "date", "String", [], "day"), "unknown date format"),
        (_with_column("a", "categorical", "String", list(map(str, range(1001))), ""), "more than 1000 categories"),
        (_with(trees=[{"nodes": [], "leaves": [0.5]}] * 20_001), "more than 20000 trees"),
        (_with(trees=[]), "either trees or weights"),
        (_with_tree([], []), "one leaf more"),
        (_with_tree([], [1]), "a leaf is not a number within"),
        (_with_tree([], [1e101]), "a leaf is not a number within"),
        (_with_tree([[0, 1, True, -1, -2]], [0.1, 0.2]), "not a number"),
        (_with_tree([[3, 1.0, True, -1, -2]], [0.1, 0.2]), "does not exist"),
        (_with_tree([[1, [], False, -1, -2]], [0.1, 0.2]), "categories it does not have"),
        (_with_tree([[1, [3], False, -1, -2]], [0.1, 0.2]), "categories it does not have"),
        (_with_tree([[1, [2**31], False, -1, -2]], [0.1, 0.2]), "categories it does not have"),
        (_with_tree([[1, [0, 0], False, -1, -2]], [0.1, 0.2]), "categories it does not have"),
        (_with_tree([[1, [0.0], False, -1, -2]], [0.1, 0.2]), "categories it does not have"),
        (_with_tree([[0, 1.0, 1, -1, -2]], [0.1, 0.2]), "where missing values go"),
        (_with_tree([[0, 1.0, True, at + 1, -1 - at] for at in range(1024)], [0.1] * 1025), "more than 1024 leaves"),
    ],
)
def test_an_unsound_member_is_named(change: Callable[[Any], Any], reason: str) -> None:
    """Every rule of the format has its error, and is checked although the checksum is right."""
    with pytest.raises(ModelFileError, match=reason):
        load_model(file_of(change(content_of(dump_model(MODEL)))))


def test_a_changed_number_is_noticed() -> None:
    """The checksum covers the content: a changed leaf is not served."""
    text = gzip.decompress(dump_model(MODEL))
    checksum = f'"{content_of(dump_model(MODEL))["sha256"]}"'.encode()
    for old, new in ((b"-0.25", b"-0.26"), (checksum, b"null"), (checksum, b'""'), (checksum, checksum.upper())):
        with pytest.raises(ModelFileError, match="checksum"):
            load_model(gzip.compress(text.replace(old, new)))


def _worst_tree() -> Model:
    """As many splits as fit, each with as many categories as cost most."""
    nodes = [Node(0, frozenset(range(308)), False, at + 1, -1 - at) for at in range(MAX_LEAVES - 2)]
    nodes.append(Node(0, frozenset(range(308)), False, 1 - MAX_LEAVES, -MAX_LEAVES))
    columns = (Column("a", "categorical", categories=tuple(map(str, range(MAX_CATEGORIES)))),)
    return Model("binary", "y", ("0", "1"), columns, (Tree(tuple(nodes), (0.5,) * MAX_LEAVES),) * 3)


def _worst_names() -> Model:
    """As many characters as fit, in names that take four bytes for each."""
    columns = tuple(Column(f"{at:04}{'a' * 9900}\U0001f600", "numeric") for at in range(1650))
    return Model("binary", "y", ("0", "1"), columns, (Tree((), (0.5,)),))


def _worst_sums() -> Model:
    """The largest numbers that are allowed, all added up."""
    columns = tuple(Column(f"{at}", "numeric") for at in range(10_000))
    terms = tuple(NumberTerm(-1e100, (1e100,)) for _ in columns)
    return Model("regression", "y", (), columns, linear=Linear((1e100,), terms), offset=1e100, scale=1e100)


def test_the_largest_files_fit_into_the_memory(tmp_path: Path) -> None:
    """The costliest documents within the limits take less than 300 MB to load and prepare."""
    files = []
    for number, model in enumerate((_worst_tree(), _worst_names())):
        files.append(tmp_path / f"{number}")
        files[-1].write_bytes(dump_model(model))
    code = (
        "import resource, sys, pathlib\nfrom studio.models.model_file import load_model\n"
        "from studio.scoring.scorer import Scorer\n"
        "at = lambda: int(pathlib.Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]) // 1024\n"
        "before = at()\nScorer(load_model(pathlib.Path(sys.argv[1]).read_bytes()))\nprint(at() - before)"
    )
    for file in files:
        assert int(printed_by(code, str(file))) < 300


def test_no_score_is_infinite() -> None:
    """The largest numbers that a file may hold and the largest cells give finite scores."""
    model = load_model(dump_model(_worst_sums()))
    check_scores(model, [[1.7e308] * 10_000, [-1.7e308] * 10_000, [math.nan] * 10_000])
    apart = Linear((0.0, 0.0), (NumberTerm(0.0, (1e100, -1e100)), CategoryTerm(())))
    columns = (Column("a", "numeric"), Column("b", "categorical"))
    check_scores(Model("multiclass", "y", ("0", "1"), columns, linear=apart), [[1.7e308, math.nan]])


def test_a_trained_model_is_small(tmp_path: Path) -> None:
    """A trained model survives its file as well, and the file stays far below its limit."""
    csv = tmp_path / "t.csv"
    csv.write_text(census_csv(3000), encoding="utf-8")
    data = train(csv, CENSUS, 1).model
    assert dump_model(load_model(data)) == data
    assert len(data) < 200_000


def test_too_large_a_model_fails_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model beyond the limits of endpoints is not written: the error says what to change."""
    csv = tmp_path / "t.csv"
    csv.write_text(census_csv(400), encoding="utf-8")
    with pytest.raises(TableError, match="20001 trees are too many: it may have 20000 trees"):
        train(csv, TrainingPlan("binary", "income", ">50K", trees=20_001), 1)
    classes = TrainingPlan("multiclass", "region", trees=10_000)
    csv.write_text(census_csv(400).replace("?", "west"), encoding="utf-8")
    with pytest.raises(TableError, match="10000 trees for each of 3 classes"):
        train(csv, classes, 1)
    with monkeypatch.context() as smaller:
        smaller.setattr("studio.training.trees.MAX_VALUES", 2000)
        with pytest.raises(TableError, match=r"100 of its \d+ trees have \d+ leaves.*train fewer trees"):
            train(csv, CENSUS, 1)
    csv.write_text("a,y\n" + "".join(f"{at % 9},{at}e110\n" for at in range(1, 50)), encoding="utf-8")
    with pytest.raises(TableError, match="must hold numbers; it also holds"):
        train(csv, TrainingPlan("regression", "y"), 1)
