"""The learners: fit a model to rows of features, evaluate it, and choose the learner with the smaller loss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studio.errors import SetupError
from studio.json_values import r_number
from studio.models.model import Model
from studio.scoring.lightgbm_scorer import LightGbmScorer
from studio.scoring.linear_scores import linear_scores
from studio.tables.csv_text import csv_text
from studio.tables.model_column import Column, feature_columns
from studio.training import metrics
from studio.training.linear import fit_linear
from studio.training.metrics import Metrics
from studio.training.training_plan import BEST, BOOSTED, LINEAR, TrainingPlan
from studio.training.training_progress import Phase, Report, ignore_progress
from studio.training.trees import TreeSettings, fit_trees

FOLDS = 4  # of the cross-validation that chooses the learner
MAX_COMPARED_ROWS = 20_000  # that the cross-validation uses

type Rows = NDArray[np.float64]
type Target = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingTask:
    """A learning problem: the plan of the training, the columns, and the classes of the label."""

    plan: TrainingPlan
    columns: tuple[Column, ...]
    classes: tuple[str, ...]
    threads: int
    report: Report = ignore_progress
    whole_labels: bool = False  # a regression's labels are whole numbers of 32 bits

    def fit(self, learner: str, rows: Rows, target: Target) -> Model:
        """Train `learner` (not `best`) on rows of features, shape (rows, features).

        Raises:
            SetupError: LightGBM cannot be loaded here.
            TableError: the rows are too many for a linear model.
        """
        plan, categories = self.plan, [column.category_count for column in feature_columns(self.columns)]
        offset, scale = 0.0, 1.0
        if plan.task == "regression":
            # Standardised labels keep every number of the model file within its limits.
            offset, scale = float(target.mean()), float(target.std()) or 1.0
            target = (target - offset) / scale
        untrained = Model(
            plan.task,
            plan.label,
            self.classes,
            self.columns,
            offset=offset,
            scale=scale,
            whole_labels=self.whole_labels,
        )
        if learner == LINEAR:
            return replace(untrained, linear=fit_linear(plan.task, len(self.classes), rows, target, categories))
        settings = TreeSettings(
            plan.task,
            len(self.classes),
            plan.seed,
            self.threads,
            trees=plan.trees,
            leaves=plan.leaves,
            learning_rate=plan.learning_rate,
        )
        categorical = [position for position, count in enumerate(categories) if count]
        return replace(untrained, trees=fit_trees(rows, target, categorical, settings, self.report))

    def choose(self, rows: Rows, target: Target) -> tuple[str, Model, str]:
        """Return the chosen learner, its model, and why it was chosen: for `best` by the loss in a cross-validation.

        Raises:
            SetupError: LightGBM cannot be loaded here.
            TableError: the rows are too many for a linear model.
        """
        learner = self.plan.learner
        if learner != BEST:
            return learner, self.fit(learner, rows, target), ""
        boosted = self.fit(BOOSTED, rows, target)
        # Every fold grows as many trees as that model: searching the number again would take as long as all the rest.
        tried_as = replace(
            self, plan=replace(self.plan, trees=len(boosted.trees) // boosted.outputs), report=ignore_progress
        )
        rng = np.random.default_rng(self.plan.seed)
        compared = rng.permutation(len(target))[:MAX_COMPARED_ROWS]
        fold = np.arange(len(compared)) % FOLDS
        losses: dict[str, float] = {}
        for first, name in ((0, BOOSTED), (FOLDS, LINEAR)):
            of_folds = []
            for number in range(FOLDS):
                self.report(Phase.COMPARING, first + number + 1, 2 * FOLDS)
                learned, tried = compared[fold != number], compared[fold == number]
                model = tried_as.fit(name, rows[learned], target[learned])
                of_folds.append(loss(model, rows[tried], target[tried]))
            losses[name] = float(np.mean(of_folds))
        best = min(losses, key=losses.__getitem__)
        measured = ", ".join(f"{name} {value:.6g}" for name, value in losses.items())
        model = boosted if best == BOOSTED else self.fit(best, rows, target)
        return best, model, f"chose {best}: the smaller loss in {FOLDS} folds ({measured})"


def raw_scores(model: Model, rows: Rows) -> NDArray[np.float64]:
    """Return the raw scores of rows of features, shape (rows, outputs).

    Raises:
        SetupError: LightGBM cannot be loaded here.
    """
    if model.linear is not None:
        return linear_scores(model.linear, rows)
    scores = LightGbmScorer(model).predict(rows)
    if scores is None:
        raise SetupError("LightGBM cannot be loaded")
    return scores


def probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn raw scores, shape (rows, outputs), into probabilities of the positive class, or of every class."""
    if scores.shape[1] == 1:
        return np.asarray(np.exp(-np.logaddexp(0, -scores)))
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def evaluate(model: Model, rows: Rows, target: Target) -> Metrics:
    """Return the metrics of Evaluate Model on rows that the model was not trained on."""
    scores = raw_scores(model, rows)
    match model.task:
        case "binary":
            return metrics.binary_metrics(target == 1, probabilities(scores)[:, 0])
        case "multiclass":
            return metrics.multiclass_metrics(target.astype(np.int64), probabilities(scores))
    return metrics.regression_metrics(target, model.offset + model.scale * scores[:, 0])


def loss(model: Model, rows: Rows, target: Target) -> float:
    """Return the mean log loss, or the mean squared error of a regression."""
    values = evaluate(model, rows, target)
    if model.task == "regression":
        return values["Root Mean Squared Error"] ** 2
    return values["Average Log Loss"]


def other_learner(learner: str) -> str:
    """Return the learner that `learner` is compared with."""
    return LINEAR if learner == BOOSTED else BOOSTED


def evaluation_csv(rows: Sequence[Metrics]) -> str:
    """Return the evaluation output: a header, and a row for each scored dataset (protocol 5)."""
    return csv_text([list(rows[0]), *([r_number(value) for value in row.values()] for row in rows)])
