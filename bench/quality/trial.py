"""One trial: the studio and scikit-learn learn from the same rows and predict the same held-out rows."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn import metrics

from bench.quality.samples import Sample, write
from bench.quality.sklearn_baseline import predictions
from studio.tables.csv_reader import read_table
from studio.training.labels import read_labels
from studio.training.train import train
from studio.training.training_plan import BOOSTED, TrainingPlan

MEASURES = {"binary": "AUC", "multiclass": "Overall Accuracy", "regression": "Coefficient of Determination"}
MAX_BEHIND = {"binary": 0.005, "multiclass": 0.005, "regression": 0.01}  # in the task's measure, on average
LOSS = "Average Log Loss"


@dataclass(frozen=True)
class Scores:
    """What one side reached. The loss is the log loss; for a regression, the root mean squared error."""

    measure: float
    loss: float
    seconds: float


@dataclass(frozen=True)
class Trial:
    """Both sides' scores on one split."""

    studio: Scores
    baseline: Scores

    @property
    def ahead(self) -> float:
        """By how much the studio is better."""
        return self.studio.measure - self.baseline.measure


def run(sample: Sample, seed: int, learner: str = BOOSTED) -> Trial:
    """Run a trial. The studio chooses the held-out rows by the seed; the baseline is measured on the same rows."""
    plan = TrainingPlan(sample.task, sample.label_name, sample.positive, seed=seed, learner=learner)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.csv"
        write(sample, path)
        began = time.perf_counter()
        result = train(path, plan, threads=1)
        studio_s = time.perf_counter() - began
        table = read_table(path, sample.label_name)
        test = read_labels(table.cells(sample.label_name), plan).test_rows(plan.test_fraction, seed)
    header, row = result.evaluation.splitlines()[:2]
    evaluation = dict(zip(header.split(","), map(float, row.split(",")), strict=True))
    loss = evaluation["Root Mean Squared Error" if sample.task == "regression" else LOSS]
    ours = Scores(evaluation[MEASURES[sample.task]], loss, studio_s)
    began = time.perf_counter()
    predicted, classes = predictions(sample, test, seed)
    baseline_s = time.perf_counter() - began
    truth = sample.label[test]
    if sample.task == "regression":
        error = metrics.root_mean_squared_error(truth, predicted)
        return Trial(ours, Scores(metrics.r2_score(truth, predicted), error, baseline_s))
    loss = metrics.log_loss(truth, predicted, labels=classes)
    if sample.task == "binary":
        positive = predicted[:, classes.index(sample.positive)]
        return Trial(ours, Scores(metrics.roc_auc_score(truth == sample.positive, positive), loss, baseline_s))
    labels = np.array(classes)[predicted.argmax(axis=1)]
    return Trial(ours, Scores(metrics.accuracy_score(truth, labels), loss, baseline_s))


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
        """The standard error of `ahead`; NaN of a single trial."""
        leads = [trial.ahead for trial in self.trials]
        return float(np.std(leads, ddof=1) / len(leads) ** 0.5) if len(leads) > 1 else float("nan")

    @property
    def behind(self) -> bool:
        """Whether the studio is worse by more than is allowed."""
        return self.ahead < -MAX_BEHIND[self.sample.task]

    def mean(self, side: str, score: str) -> float:
        """Return the mean of a score ("measure", "loss" or "seconds") on one side ("studio" or "baseline")."""
        return float(np.mean([getattr(getattr(trial, side), score) for trial in self.trials]))
