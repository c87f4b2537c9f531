"""Scores many rows at once with LightGBM. Without the library, `Scorer` walks the trees in Python.

The library's loader trusts its input, so it never reads a file from outside: the text that it loads is written here,
from a model whose every number was checked (`studio.models.model_file`).
"""

import logging
import threading
from typing import TYPE_CHECKING, Any

from studio.models.model import Model, Node, Tree
from studio.tables.model_column import feature_columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_IS_NAN = 1, 2, 8  # bits of LightGBM's `decision_type`
_WORD_BITS = 32  # the categories of a split are bits in words of this size


class LightGbmScorer:
    """The trees of one model in the native library, which is loaded on first use. Thread-safe."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._loading: threading.Thread | None = None
        self._booster: Any = None
        self._absent = False

    def raw_scores(self, rows: "NDArray[np.float64]", *, wait: bool) -> "NDArray[np.float64] | None":
        """Return the raw scores of rows of features, shape (rows, outputs); None if the library cannot be loaded.

        Without `wait`, None also while the library is being loaded: the first call starts that in the background.
        """
        if not wait:
            self._load_in_background()
        if not wait and self._booster is None:
            return None
        return self.predict(rows)

    def predict(self, rows: "NDArray[np.float64]") -> "NDArray[np.float64] | None":
        """Return the raw scores of rows of features, shape (rows, outputs); None if the library cannot be loaded."""
        self._load()
        if self._booster is None:
            return None
        import numpy as np  # noqa: PLC0415 (a dependency of the library)

        table = np.asarray(rows, dtype=np.float64)
        # One thread: several requests run at once, and the library's own threads spin where cores are short.
        scores = self._booster.predict(table, raw_score=True, num_threads=1, validate_features=False)
        return np.asarray(scores, dtype=np.float64).reshape(len(table), self._model.outputs)

    def _load_in_background(self) -> None:
        if self._booster is None and self._loading is None:
            with self._lock:
                if self._loading is None:
                    self._loading = threading.Thread(target=self._load, name="load LightGBM")
                    self._loading.start()

    def _load_ended(self) -> bool:
        return self._booster is not None or self._absent

    def _load(self) -> None:
        if self._load_ended():
            return
        with self._lock:
            if self._load_ended():
                return
            try:
                # Not at the top: the import takes 0.3 s, and scoring single rows does not need it.
                import lightgbm  # noqa: PLC0415

                self._booster = lightgbm.Booster(model_str=model_text(self._model))
            except Exception:  # noqa: BLE001 (not installed, or it refuses the model: every row can be scored without it)
                self._absent = True
                _log.warning("batches are scored without LightGBM, which takes longer", exc_info=True)


def model_text(model: Model) -> str:
    """Write the trees of a model in LightGBM's own format, version 4."""
    width = len(feature_columns(model.columns))
    head = {
        "version": "v4",
        "num_class": model.outputs,
        "num_tree_per_iteration": model.outputs,
        "label_index": 0,
        "max_feature_idx": width - 1,
        "objective": "regression",
        "feature_names": " ".join(f"f{position}" for position in range(width)),
        "feature_infos": " ".join(["none"] * width),
    }
    if model.outputs > 1:
        head["objective"] = f"multiclass num_class:{model.outputs}"
    trees = "".join(f"\nTree={number}\n{_lines(_members(tree))}\n" for number, tree in enumerate(model.trees))
    return f"tree\n{_lines(head)}\n{trees}\nend of trees\n"


def _lines(members: dict[str, Any]) -> str:
    return "".join(f"{name}={value}\n" for name, value in members.items())


def _members(tree: Tree) -> dict[str, Any]:
    thresholds: list[str] = []
    boundaries, words = [0], list[int]()
    for node in tree.nodes:
        if isinstance(node.split, frozenset):
            thresholds.append(str(len(boundaries) - 1))
            words += _words(node.split)
            boundaries.append(len(words))
        else:
            thresholds.append(repr(node.split))
    members: dict[str, Any] = {"num_leaves": len(tree.leaves), "num_cat": len(boundaries) - 1}
    members |= {
        "split_feature": _joined(node.feature for node in tree.nodes),
        "split_gain": _joined(0 for _ in tree.nodes),
        "threshold": " ".join(thresholds),
        "decision_type": _joined(map(_decision, tree.nodes)),
        "left_child": _joined(node.left for node in tree.nodes),
        "right_child": _joined(node.right for node in tree.nodes),
        "leaf_value": _joined(map(repr, tree.leaves)),
    }
    if words:
        members |= {"cat_boundaries": _joined(boundaries), "cat_threshold": _joined(words)}
    return members | {"is_linear": 0, "shrinkage": 1}


def _joined(values: Any) -> str:
    return " ".join(map(str, values))


def _words(codes: frozenset[int]) -> list[int]:
    words = [0] * (max(codes) // _WORD_BITS + 1)
    for code in codes:
        words[code // _WORD_BITS] |= 1 << code % _WORD_BITS
    return words


def _decision(node: Node) -> int:
    if isinstance(node.split, frozenset):
        return _CATEGORICAL
    return _MISSING_IS_NAN | (_DEFAULT_LEFT if node.missing_left else 0)
