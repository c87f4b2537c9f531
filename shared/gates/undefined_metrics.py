"""Metrics that cannot be computed although an evaluation tells a number for them (pure; protocol 5.2).

Where nothing was called positive there is no precision: services tell 1, or 0, beside a recall of 0. That is no
measurement, and a gate must not take it for the best value that there is, nor for the worst.
"""

from collections.abc import Mapping

from shared.gates.known_metrics import CONFUSION_CELLS, keys_of, metric_key

_PRECISION, _RECALL, _AUC = (metric_key(name) for name in ("Precision", "Recall", "AUC"))
_F_SCORES = keys_of("F-Score")
_CELLS = tuple(metric_key(name) for name in CONFUSION_CELLS)

NOTHING_CALLED = "nothing was called positive"
NOTHING_POSITIVE = "no row is positive"
ONE_CLASS = "all rows are of one class"


def undefined(metrics: Mapping[str, float | None]) -> dict[str, str]:
    """Return why metrics of one evaluation cannot be computed, by `metric_key`.

    The cells of a confusion matrix tell, if all four are there. Without them a precision above 0 beside a recall of 0
    does: no positive was found, so what was called positive, if anything, was wrong. A precision of 0 beside it may
    be measured, and stays.
    """
    told = {metric_key(name): value for name, value in metrics.items()}
    cells = [told.get(cell) for cell in _CELLS]
    found: dict[str, str] = {}
    if any(cell is None for cell in cells):
        precision, recall = told.get(_PRECISION), told.get(_RECALL)
        if precision is not None and precision > 0 and recall == 0:
            found = dict.fromkeys((_PRECISION, *_F_SCORES), NOTHING_CALLED)
        return found
    true_positive, false_positive, true_negative, false_negative = (cell or 0.0 for cell in cells)
    positives, negatives = true_positive + false_negative, true_negative + false_positive
    if not true_positive + false_positive:
        found |= dict.fromkeys((_PRECISION, *_F_SCORES), NOTHING_CALLED)
    if not positives:
        found |= dict.fromkeys((_RECALL, *_F_SCORES), NOTHING_POSITIVE)
    if not positives or not negatives:
        found[_AUC] = ONE_CLASS
    return found
