"""Scores one row quickly: all trees are asked at once, feature by feature, instead of one tree after the other.

Each leaf is a bit, in the order in which a tree has them from left to right. A node that sends a row to the right
rules out the leaves to its left; the leaf that the row ends in is the first one that no node rules out (Lucchese
et al., QuickScorer, 2015). What the nodes of one feature rule out together depends on its value alone, so it is
computed once a model: a row needs one look-up and one AND for each feature, and one look-up for each tree.
"""

import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence

from studio.model import Model, Node, Tree

_WORDS = ((32, "I"), (64, "Q"))  # bits of the word that each tree has, and what `struct` calls it
# Every node has a mask, which is a word for every tree; both its own and that of all cuts up to it are held.
MOST_BYTES = 32 * 2**20

type _Cut = tuple[float, int]  # a threshold, and the mask of a node that sends a row to the right


def suits(model: Model) -> bool:
    """Tell whether the trees are small and few enough."""
    longest = max((len(tree.leaves) for tree in model.trees), default=0)
    nodes = sum(len(tree.nodes) for tree in model.trees)
    return 0 < longest <= _WORDS[-1][0] and nodes * len(model.trees) * _WORDS[-1][0] // 8 <= MOST_BYTES


class LeafMasks:
    """The trees of a model that `suits`."""

    def __init__(self, model: Model) -> None:
        most = max(len(tree.leaves) for tree in model.trees)
        bits, letter = next((bits, letter) for bits, letter in _WORDS if most <= bits)
        self._all = (1 << bits * len(model.trees)) - 1
        self._words = struct.Struct(f"<{len(model.trees)}{letter}")
        nodes: dict[int, list[tuple[Node, int]]] = {}
        self._leaves: list[tuple[int, dict[int, float]]] = []  # by tree: its output, and its leaves by their bit
        for number, tree in enumerate(model.trees):
            order, ruled_out = _in_order(tree)
            leaves = {1 << bit: tree.leaves[leaf] for bit, leaf in enumerate(order)}
            self._leaves.append((number % model.outputs, leaves))
            for node, mask in zip(tree.nodes, ruled_out, strict=True):
                nodes.setdefault(node.feature, []).append((node, self._all ^ mask << bits * number))
        self._look_ups = [(feature, self._look_up(of_feature)) for feature, of_feature in nodes.items()]

    def raw_scores(self, row: Sequence[float], outputs: int) -> list[float]:
        """Return the raw scores of a row of features, NaN where one is missing: in the order of the trees' sum."""
        left = self._all
        for feature, look_up in self._look_ups:
            left &= look_up(row[feature])
        scores = [0.0] * outputs
        words = self._words.unpack(left.to_bytes(self._words.size, "little"))
        for (output, leaves), word in zip(self._leaves, words, strict=True):
            scores[output] += leaves[word & -word]
        return scores

    def _look_up(self, nodes: Sequence[tuple[Node, int]]) -> Callable[[float], int]:
        """Return the function from the value of a feature to the leaves that its nodes leave over."""
        if isinstance(nodes[0][0].split, frozenset):
            return self._of_categories(nodes)
        cuts = sorted(((node.split, mask) for node, mask in nodes if not isinstance(node.split, frozenset)), key=_limit)
        limits, masks, missing = [limit for limit, _ in cuts], [self._all], self._all
        for _, mask in cuts:
            masks.append(masks[-1] & mask)
        for node, mask in nodes:
            if not node.missing_left:
                missing &= mask

        def look_up(value: float) -> int:
            # A value goes right where it is more than the limit.
            return missing if value != value else masks[bisect_left(limits, value)]  # noqa: PLR0124 (NaN, and fast)

        return look_up

    def _of_categories(self, nodes: Sequence[tuple[Node, int]]) -> Callable[[float], int]:
        known: dict[float, int] = {}
        others = self._all
        splits = [(node.split, mask) for node, mask in nodes if isinstance(node.split, frozenset)]
        for _, mask in splits:
            others &= mask  # a missing category goes right everywhere
        for code in frozenset[int]().union(*(split for split, _ in splits)):
            left = self._all
            for split, mask in splits:
                if code not in split:
                    left &= mask
            known[float(code)] = left
        return lambda value: known.get(value, others)


def _limit(cut: _Cut) -> float:
    return cut[0]


def _in_order(tree: Tree) -> tuple[list[int], list[int]]:
    """Return a tree's leaves from left to right, and for each node the mask of the leaves to its left."""
    if not tree.nodes:
        return [0], []
    order: list[int] = []
    first, until = [0] * len(tree.nodes), [0] * len(tree.nodes)
    waiting = [(0, False)]
    while waiting:
        at, left_is_done = waiting.pop()
        if at < 0:
            order.append(-1 - at)
        elif left_is_done:
            until[at] = len(order)
        else:
            first[at] = len(order)
            waiting += [(tree.nodes[at].right, False), (at, True), (tree.nodes[at].left, False)]
    return order, [(1 << end) - (1 << begin) for begin, end in zip(first, until, strict=True)]
