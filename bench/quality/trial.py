"""One trial: the studio and the oracle learn from the same rows and predict the same others."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn import metrics

from bench.quality.oracle import predictions
from bench.quality.samples import Sample, write
from studio.tables.csv_reader import read_table
from studio.training.labels import read_labels
from studio.training.train import train
from studio.training.training_plan import BOOSTED, TrainingPlan

MEASURES = {"binary": "AUC", "multiclass": "Overall Accuracy", "regression": "Coefficient of Determination"}
ALLOWED = {"binary": 0.005, "multiclass": 0.005, "regression": 0.01}  # how far behind the studio may be
LOSS = "Average Log Loss"


@dataclass(frozen=True)
class Scores:
    """What one side reached; the loss is the log loss, or the root of the mean squared error."""

    measure: float
    loss: float
    seconds: float


@dataclass(frozen=True)
class Trial:
    """Both sides on one split."""

    studio: Scores
    oracle: Scores

    @property
    def ahead(self) -> float:
        """By how much the studio is better."""
        return self.studio.measure - self.oracle.measure


def run(sample: Sample, seed: int, learner: str = BOOSTED) -> Trial:
    """Run a trial; the held-out rows are those that the studio chooses by the seed."""
    plan = TrainingPlan(sample.task, sample.label_name, sample.positive, seed=seed, learner=learner)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.csv"
        write(sample, path)
        began = time.perf_counter()
        result = train(path, plan, threads=1)
        took = time.perf_counter() - began
        table = read_table(path, sample.label_name)
        test = read_labels(table.cells(sample.label_name), plan).test_rows(plan.test_fraction, seed)
    header, row = result.evaluation.splitlines()[:2]
    found = dict(zip(header.split(","), map(float, row.split(",")), strict=True))
    loss = found["Root Mean Squared Error" if sample.task == "regression" else LOSS]
    ours = Scores(found[MEASURES[sample.task]], loss, took)
    began = time.perf_counter()
    predicted, classes = predictions(sample, test, seed)
    took = time.perf_counter() - began
    truth = sample.label[test]
    if sample.task == "regression":
        error = metrics.root_mean_squared_error(truth, predicted)
        return Trial(ours, Scores(metrics.r2_score(truth, predicted), error, took))
    loss = metrics.log_loss(truth, predicted, labels=classes)
    if sample.task == "binary":
        positive = predicted[:, classes.index(sample.positive)]
        return Trial(ours, Scores(metrics.roc_auc_score(truth == sample.positive, positive), loss, took))
    called = np.array(classes)[predicted.argmax(axis=1)]
    return Trial(ours, Scores(metrics.accuracy_score(truth, called), loss, took))


@dataclass(frozen=True)
class Comparison:
    """The trials of one kind of table."""

    sample: Sample
    trials: Sequence[Trial]

    @property
    def ahead(self) -> float:
        """By how much the studio is better, on average."""
        return float(np.mean([trial.ahead for trial in self.trials]))

    @property
    def noise(self) -> float:
        """The standard error of `ahead`."""
        aheads = [trial.ahead for trial in self.trials]
        return float(np.std(aheads, ddof=1) / len(aheads) ** 0.5) if len(aheads) > 1 else float("nan")

    @property
    def behind(self) -> bool:
        """Whether the studio is worse by more than is allowed."""
        return self.ahead < -ALLOWED[self.sample.task]

    def mean(self, side: str, what: str) -> float:
        """Return the mean of one side's measure, loss or seconds."""
        return float(np.mean([getattr(getattr(trial, side), what) for trial in self.trials]))
