"""Measures a two-class model on held-out rows and writes what Evaluate Model wrote (protocol 5.2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.json_values import r_number

HEADER = ("Accuracy", "Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss")
_SMALLEST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class TwoClassMetrics:
    """The seven numbers of Evaluate Model."""

    accuracy: float
    precision: float  # 1 if nothing was called positive
    recall: float
    f_score: float
    auc: float  # NaN if the rows are all of one class
    average_log_loss: float  # natural logarithm
    training_log_loss: float  # advantage over always giving the positives' share, in percent; higher is better

    def csv(self) -> str:
        """Return the evaluation output: a header and one row."""
        values = (
            self.accuracy,
            self.precision,
            self.recall,
            self.f_score,
            self.auc,
            self.average_log_loss,
            self.training_log_loss,
        )
        return ",".join(HEADER) + "\n" + ",".join(map(r_number, values)) + "\n"


def measure(positive: NDArray[np.bool_], probability: NDArray[np.float64]) -> TwoClassMetrics:
    """Measure; both of shape (rows,). A row is called positive above a probability of 0.5."""
    called = probability > 0.5
    hits = int(np.sum(called & positive))
    precision = hits / int(np.sum(called)) if called.any() else 1.0
    recall = hits / int(np.sum(positive)) if positive.any() else 0.0
    loss = log_loss(positive, probability)
    prior = log_loss(positive, np.full(len(positive), positive.mean()))
    return TwoClassMetrics(
        accuracy=float(np.mean(called == positive)),
        precision=precision,
        recall=recall,
        f_score=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        auc=area_under_curve(positive, probability),
        average_log_loss=loss,
        training_log_loss=100 * (prior - loss) / prior if prior else float("nan"),
    )


def log_loss(positive: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return the mean negative log likelihood."""
    of_truth = np.where(positive, probability, 1 - probability)
    return float(-np.mean(np.log(np.clip(of_truth, _SMALLEST_PROBABILITY, 1))))


def area_under_curve(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the probability that a positive row scores above a negative one; ties count half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(size) - (size - 1) / 2
    rank_sum = float(mean_rank[group][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
