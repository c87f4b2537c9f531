"""The linear baseline: ridge and (multinomial) logistic regression on standardised numbers and categories."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import TableError
from studio.models.model import CategoryTerm, Linear, NumberTerm

L2_PENALTY = 1.0  # factor of the squared weights, added to the loss summed over all rows
MAX_ITERATIONS = 200
MAX_ENTRIES = 100_000_000  # numbers in the design matrix; each takes 12 bytes, and twice that while it is built


@dataclass(frozen=True)
class _Design:
    """The rows as a sparse matrix: standardised numbers, and one column for each category."""

    matrix: Any  # scipy.sparse.csr_matrix, shape (rows, width)
    spans: list[tuple[int, int]]  # the columns of each feature
    centres: NDArray[np.float64]
    scales: NDArray[np.float64]


def fit_linear(
    task: str, classes: int, rows: NDArray[np.float64], target: NDArray[np.float64], categories: list[int]
) -> Linear:
    """Train, deterministically; `categories` has the number of categories of each feature, 0 for a number.

    Raises:
        TableError: the rows are too many for a linear model.
    """
    if rows.size > MAX_ENTRIES:
        size = f"{rows.shape[0]} rows of {rows.shape[1]} features are too many for a linear model"
        raise TableError(
            "the CSV",
            [f"{size}; at most {MAX_ENTRIES} values are allowed: filter rows, or use the learner boosted-trees"],
        )
    design = _design(rows, categories)
    if task == "regression":
        intercepts, weights = _ridge(design, target)
    else:
        outputs = classes if task == "multiclass" else 1
        intercepts, weights = _logistic(design, target.astype(np.int64), outputs)
    terms: list[NumberTerm | CategoryTerm] = []
    for feature, (begin, end) in enumerate(design.spans):
        if categories[feature]:
            terms.append(CategoryTerm(tuple(map(tuple, weights[begin:end].tolist()))))
        else:
            scaled = weights[begin] / design.scales[feature]
            terms.append(NumberTerm(float(design.centres[feature]), tuple(scaled.tolist())))
    return Linear(tuple(intercepts.tolist()), tuple(terms))


def _design(rows: NDArray[np.float64], categories: list[int]) -> _Design:
    from scipy import sparse  # noqa: PLC0415 (a dependency of LightGBM; only a training needs it)

    count = len(rows)
    centres, scales = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    spans, blocks, begin = [], [], 0
    for feature, category_count in enumerate(categories):
        values = rows[:, feature]
        present = ~np.isnan(values)
        if category_count:
            at = np.flatnonzero(present)
            ones = np.ones(len(at))
            blocks.append(sparse.csc_matrix((ones, (at, values[at].astype(np.int64))), shape=(count, category_count)))
        else:
            if present.any():
                centres[feature] = values[present].mean()
                deviation = values[present].std()
                scales[feature] = deviation if np.isfinite(deviation) and deviation > 0 else 1.0
            standard = np.where(present, (values - centres[feature]) / scales[feature], 0.0)
            blocks.append(sparse.csc_matrix(standard[:, None]))
        spans.append((begin, begin + (category_count or 1)))
        begin = spans[-1][1]
    return _Design(sparse.hstack(blocks, format="csr"), spans, centres, scales)


def _ridge(design: _Design, target: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.sparse.linalg import LinearOperator, lsqr  # noqa: PLC0415

    # The penalty must not shrink the intercept, so every column is centred; the operator keeps the matrix sparse.
    matrix = design.matrix
    means = np.asarray(matrix.mean(axis=0)).ravel()
    centred = LinearOperator(
        matrix.shape,
        matvec=lambda weights: matrix @ weights.ravel() - means @ weights.ravel(),
        rmatvec=lambda rows: matrix.T @ rows.ravel() - means * rows.sum(),
        dtype=np.float64,
    )
    middle = float(target.mean())
    weights = lsqr(centred, target - middle, damp=L2_PENALTY**0.5, iter_lim=MAX_ITERATIONS)[0]
    return np.array([middle - float(means @ weights)]), weights[:, None]


def _logistic(
    design: _Design, target: NDArray[np.int64], outputs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.optimize import minimize  # noqa: PLC0415

    matrix, width, count = design.matrix, design.matrix.shape[1], len(target)
    at = np.arange(count)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parts = flat.reshape(width + 1, outputs)
        raw = matrix @ parts[1:] + parts[0]
        if outputs == 1:
            signed = np.where(target == 1, raw[:, 0], -raw[:, 0])
            total = np.logaddexp(0, -signed).sum()
            slope = (np.where(target == 1, -1.0, 1.0) * np.exp(-np.logaddexp(0, signed)))[:, None]
        else:
            shifted = raw - raw.max(axis=1, keepdims=True)
            norm = np.log(np.exp(shifted).sum(axis=1))
            total = (norm - shifted[at, target]).sum()
            slope = np.exp(shifted - norm[:, None])
            slope[at, target] -= 1
        gradient = np.vstack([slope.sum(axis=0), matrix.T @ slope + L2_PENALTY * parts[1:]])
        return (total + L2_PENALTY * (parts[1:] ** 2).sum() / 2) / count, gradient.ravel() / count

    start = np.zeros((width + 1) * outputs)
    optimum = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS})
    parts = optimum.x.reshape(width + 1, outputs)
    return parts[0], parts[1:]
