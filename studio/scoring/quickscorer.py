"""QuickScorer: scores a row in all trees at once, feature by feature (Lucchese et al., 2015).

Each leaf is a bit, in the order of the leaves from left to right. A node that sends a row to the right rules out the
leaves to its left. The row ends in the first leaf that no node rules out. What the nodes of one feature rule out
together depends only on its value, so it is computed once for a model: a row needs one look-up and one AND for each
feature, and one look-up for each tree. A single row is scored with integers that have a word for every tree, many rows
with arrays of such words.
"""

import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from studio.models.model import Model, Node, Tree

_WORDS = ((32, "I"), (64, "Q"))  # bits of each tree's word, and its type in `struct` and NumPy
# Every node, and every category of a node, has a mask: a word for every tree. It is held up to three times.
MAX_MASK_BYTES = 32 * 2**20
_CHUNK_ROWS = 512  # of a batch that are scored at once: their masks stay in the processor's cache

type _Cut = tuple[float, int]  # a threshold, and the mask of a node that sends a row to the right


@dataclass(frozen=True)
class _LookUp:
    """The leaves that the nodes of one feature leave, by its value; the last mask is for a missing or unknown value."""

    feature: int
    keys: Sequence[float]  # ascending: limits of a number, or category codes
    masks: Sequence[int]
    exact: bool  # the keys are category codes

    def for_row(self) -> Callable[[float], int]:
        """Return the function from a value to its mask."""
        keys, masks, missing = self.keys, self.masks, self.masks[-1]
        if self.exact:
            mask_of = dict(zip(keys, masks, strict=False))
            return lambda value: mask_of.get(value, missing)
        return lambda value: missing if value != value else masks[bisect_left(keys, value)]  # noqa: PLR0124 (NaN)

    def for_batch(self) -> Callable[[NDArray[np.float64]], NDArray[np.integer]]:
        """Return the function from values to the positions of their masks."""
        last = len(self.masks) - 1
        if self.exact:
            unknown = int(self.keys[-1]) + 1
            place_of = np.full(unknown + 1, last, dtype=np.int16)
            place_of[np.array(self.keys, dtype=np.intp)] = range(last)

            def of_codes(values: NDArray[np.float64]) -> NDArray[np.integer]:
                codes = np.where(values < unknown, values, unknown)  # NaN is not less than anything
                return place_of.take(codes.astype(np.intp))

            return of_codes
        limits = np.array(self.keys)

        def of_numbers(values: NDArray[np.float64]) -> NDArray[np.integer]:
            positions = np.searchsorted(limits, values, "left")
            positions[np.isnan(values)] = last
            return positions

        return of_numbers


def fits_masks(model: Model) -> bool:
    """Tell whether QuickScorer can score the model: its trees are small and few enough."""
    max_leaves = max((len(tree.leaves) for tree in model.trees), default=0)
    if not 0 < max_leaves <= _WORDS[-1][0]:
        return False
    masks, codes = 0, dict[int, set[int]]()
    for node in (node for tree in model.trees for node in tree.nodes):
        if isinstance(node.split, frozenset):
            codes.setdefault(node.feature, set()).update(node.split)
        masks += 1
    return (masks + sum(map(len, codes.values()))) * len(model.trees) * _WORDS[-1][0] // 8 <= MAX_MASK_BYTES


class QuickScorer:
    """Scores with the trees of a model for which `fits_masks` is true."""

    def __init__(self, model: Model) -> None:
        max_leaves = max(len(tree.leaves) for tree in model.trees)
        self._outputs, self._trees = model.outputs, len(model.trees)
        self._bits, self._letter = next((bits, letter) for bits, letter in _WORDS if max_leaves <= bits)
        self._all = (1 << self._bits * self._trees) - 1
        self._words = struct.Struct(f"<{self._trees}{self._letter}")
        nodes: dict[int, list[tuple[Node, int]]] = {}
        self._ordered: list[list[float]] = []  # the leaves of each tree, from left to right
        for number, tree in enumerate(model.trees):
            order, ruled_out = _in_order(tree)
            self._ordered.append([tree.leaves[leaf] for leaf in order])
            for node, mask in zip(tree.nodes, ruled_out, strict=True):
                nodes.setdefault(node.feature, []).append((node, self._all ^ mask << self._bits * number))
        self._look_ups = [self._look_up(feature, of_feature) for feature, of_feature in nodes.items()]
        self._row_look_ups = [(look_up.feature, look_up.for_row()) for look_up in self._look_ups]
        # For each tree its output, and its leaves by their bit.
        self._leaves = [
            (number % model.outputs, {1 << bit: leaf for bit, leaf in enumerate(leaves)})
            for number, leaves in enumerate(self._ordered)
        ]

    def raw_scores(self, row: Sequence[float]) -> list[float]:
        """Return the raw scores of a row of features, NaN where one is missing; the trees are added in their order."""
        left = self._all
        for feature, look_up in self._row_look_ups:
            left &= look_up(row[feature])
        scores = [0.0] * self._outputs
        words = self._words.unpack(left.to_bytes(self._words.size, "little"))
        for (output, leaves), word in zip(self._leaves, words, strict=True):
            scores[output] += leaves[word & -word]
        return scores

    def batch_raw_scores(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw scores of rows of shape (rows, features), as shape (rows, outputs)."""
        scores = np.empty((len(rows), self._outputs))
        look_ups, leaves = self._arrays
        first_leaf = np.arange(self._trees) * self._bits
        masks = np.empty((min(len(rows), _CHUNK_ROWS), self._trees), dtype=self._letter)
        for first in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[first : first + _CHUNK_ROWS]
            of_feature = masks[: len(chunk)]
            left = np.full(of_feature.shape, (1 << self._bits) - 1, dtype=self._letter)
            for feature, places, feature_masks in look_ups:
                np.take(feature_masks, places(chunk[:, feature]), axis=0, out=of_feature, mode="clip")
                left &= of_feature
            below = left - 1
            below &= np.invert(left, out=left)  # the bits below the lowest set bit: as many as its position
            leaf_values = leaves.take(first_leaf + np.bitwise_count(below))
            for output in range(self._outputs):
                # Not `sum`, which adds in another order. Adding 0 keeps a sum from being -0.
                sums = np.add.accumulate(leaf_values[:, output :: self._outputs], axis=1)[:, -1] + 0.0
                scores[first : first + _CHUNK_ROWS, output] = sums
        return scores

    @cached_property
    def _arrays(
        self,
    ) -> tuple[list[tuple[int, Callable[..., NDArray[np.integer]], NDArray[np.uint]]], NDArray[np.float64]]:
        """The look-ups and the leaves as arrays; made for the first batch, since many models never score one."""
        look_ups = []
        for look_up in self._look_ups:
            words = b"".join(mask.to_bytes(self._words.size, "little") for mask in look_up.masks)
            masks = np.frombuffer(words, f"<{self._letter}").reshape(-1, self._trees)
            look_ups.append((look_up.feature, look_up.for_batch(), masks))
        leaves = np.zeros((self._trees, self._bits))
        for of_tree, ordered in zip(leaves, self._ordered, strict=True):
            of_tree[: len(ordered)] = ordered
        return look_ups, leaves.ravel()

    def _look_up(self, feature: int, nodes: Sequence[tuple[Node, int]]) -> _LookUp:
        if isinstance(nodes[0][0].split, frozenset):
            return self._of_categories(feature, nodes)
        cuts = sorted(((node.split, mask) for node, mask in nodes if not isinstance(node.split, frozenset)), key=_limit)
        masks, missing = [self._all], self._all
        for _, mask in cuts:
            masks.append(masks[-1] & mask)
        for node, mask in nodes:
            if not node.missing_left:
                missing &= mask
        return _LookUp(feature, [limit for limit, _ in cuts], [*masks, missing], exact=False)

    def _of_categories(self, feature: int, nodes: Sequence[tuple[Node, int]]) -> _LookUp:
        splits = [(node.split, mask) for node, mask in nodes if isinstance(node.split, frozenset)]
        codes = sorted(frozenset[int]().union(*(split for split, _ in splits)))
        masks = []
        for code in (
            *codes,
            None,
        ):  # None: a missing category goes right in every node, as does one that no split names
            left = self._all
            for split, mask in splits:
                if code not in split:
                    left &= mask
            masks.append(left)
        return _LookUp(feature, list(map(float, codes)), masks, exact=True)


def _limit(cut: _Cut) -> float:
    return cut[0]


def _in_order(tree: Tree) -> tuple[list[int], list[int]]:
    """Return a tree's leaves from left to right, and for each node the mask of the leaves in its left subtree."""
    if not tree.nodes:
        return [0], []
    order: list[int] = []
    first_of, end_of = [0] * len(tree.nodes), [0] * len(tree.nodes)
    waiting = [(0, False)]
    while waiting:
        at, left_is_done = waiting.pop()
        if at < 0:
            order.append(-1 - at)
        elif left_is_done:
            end_of[at] = len(order)
        else:
            first_of[at] = len(order)
            waiting += [(tree.nodes[at].right, False), (at, True), (tree.nodes[at].left, False)]
    return order, [(1 << end) - (1 << begin) for begin, end in zip(first_of, end_of, strict=True)]
