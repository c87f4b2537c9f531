"""Metrics that are undefined although an evaluation reports a number for them (pure; protocol 5.2).

Without a positive prediction there is no precision: services report 1, or 0, beside a recall of 0. That is no
measurement, so a gate must take it neither for the best value nor for the worst.
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
    """Return why metrics of one evaluation are undefined, by `metric_key`.

    If all four cells of the confusion matrix are there, they decide. Otherwise a precision above 0 beside a recall of 0
    shows it: there is no true positive, so every positive prediction, if any, was wrong. A precision of 0 beside a
    recall of 0 may have been measured, so it stays.
    """
    values = {metric_key(name): value for name, value in metrics.items()}
    cells = [values.get(cell) for cell in _CELLS]
    if any(cell is None for cell in cells):
        precision, recall = values.get(_PRECISION), values.get(_RECALL)
        if precision is not None and precision > 0 and recall == 0:
            return dict.fromkeys((_PRECISION, *_F_SCORES), NOTHING_CALLED)
        return {}
    reasons: dict[str, str] = {}
    true_positive, false_positive, true_negative, false_negative = (cell or 0.0 for cell in cells)
    positives, negatives = true_positive + false_negative, true_negative + false_positive
    if true_positive + false_positive == 0:
        reasons |= dict.fromkeys((_PRECISION, *_F_SCORES), NOTHING_CALLED)
    if positives == 0:
        reasons |= dict.fromkeys((_RECALL, *_F_SCORES), NOTHING_POSITIVE)
    if positives == 0 or negatives == 0:
        reasons[_AUC] = ONE_CLASS
    return reasons
