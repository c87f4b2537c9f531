"""QuickScorer gives the same numbers as walking every tree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.models.model import Model, Node, Tree
from studio.scoring import quickscorer
from studio.scoring.scorer import Scorer
from studio.tables.model_column import Column

COLUMNS = (Column("a", "numeric"), Column("b", "categorical", "String", tuple("uvwxyz")), Column("c", "numeric"))
LIMITS = st.sampled_from([-1.5, 0.0, 0.25, 1.0, 1e300])
NUMBERS = st.one_of(LIMITS, st.floats(allow_infinity=False))
CODES = st.one_of(st.integers(0, 5).map(float), st.just(math.nan))


@st.composite
def trees(draw: st.DrawFn, most_leaves: int) -> Tree:
    """Give a tree of any shape."""
    nodes: list[Node | None] = []
    leaves: list[float] = []

    def grow(count: int) -> int:
        if count == 1:
            leaves.append(draw(st.floats(-10, 10)))
            return -len(leaves)
        position = len(nodes)
        nodes.append(None)
        to_the_left = draw(st.integers(1, count - 1))
        feature = draw(st.integers(0, 2))
        split = draw(st.frozensets(st.integers(0, 5), min_size=1)) if feature == 1 else draw(LIMITS)
        left, right = grow(to_the_left), grow(count - to_the_left)
        nodes[position] = Node(feature, split, feature != 1 and draw(st.booleans()), left, right)
        return position

    grow(draw(st.integers(1, most_leaves)))
    return Tree(tuple(node for node in nodes if node), tuple(leaves))


def followed(tree: Tree, row: list[float]) -> float:
    """Return the leaf that a row ends in, by the rules in `Node`."""
    at = 0 if tree.nodes else -1
    while at >= 0:
        node, value = tree.nodes[at], row[tree.nodes[at].feature]
        if isinstance(node.split, frozenset):
            left = value in node.split
        else:
            left = node.missing_left if math.isnan(value) else value <= node.split
        at = node.left if left else node.right
    return tree.leaves[-1 - at]


@pytest.mark.parametrize("most_bytes", [quickscorer.MAX_MASK_BYTES, -1], ids=["at once", "walked"])
@given(
    forest=st.lists(trees(40), min_size=1, max_size=4), rows=st.lists(st.tuples(NUMBERS, CODES, NUMBERS), min_size=1)
)
def test_a_row_gets_the_sum_of_its_leaves(
    most_bytes: int, forest: list[Tree], rows: list[tuple[float, float, float]]
) -> None:
    """Any trees, any values, also missing ones: exactly the sum in the order of the trees, for a row and a batch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quickscorer, "MAX_MASK_BYTES", most_bytes)
        scorer = Scorer(Model("binary", "label", ("no", "yes"), COLUMNS, tuple(forest)))
    for row in map(list, rows):
        total = 0.0
        for tree in forest:
            total += followed(tree, row)
        assert scorer.raw_scores(row) == [total]


def test_only_small_trees_are_scored_at_once() -> None:
    """A tree with more leaves than a word has bits, or with very many nodes, is walked."""
    chain = tuple(Node(0, float(at), True, -1 - at, at + 1 if at < 63 else -65) for at in range(64))
    wide = Tree(chain, tuple(map(float, range(65))))
    small = Tree(chain[:1], (1.0, 2.0))

    def model(*forest: Tree) -> Model:
        return Model("binary", "label", ("no", "yes"), COLUMNS, forest)

    assert not quickscorer.fits_masks(model(wide))
    assert not quickscorer.fits_masks(model())
    assert not quickscorer.fits_masks(model(*[small] * 3000))
    assert quickscorer.fits_masks(model(small))
    assert Scorer(model(wide)).raw_scores([63.5, 0.0, 0.0]) == [64.0]
