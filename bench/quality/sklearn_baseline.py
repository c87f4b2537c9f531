"""The baseline: scikit-learn's HistGradientBoosting with the encoding that its users would choose."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.preprocessing import TargetEncoder

from bench.quality.samples import Sample

MAX_CATEGORIES = 254  # HistGradientBoosting takes no more categories in one column


def predictions(sample: Sample, test: NDArray[np.bool_], seed: int) -> tuple[NDArray[Any], list[str]]:
    """Train on the rows outside `test`; return the predictions for the rows in `test` and the order of the classes.

    For classes: probabilities of shape (rows, classes). For a regression: numbers of shape (rows,).
    """
    encoded, categorical = _encoded(sample, test, seed)
    if sample.task == "regression":
        regressor = HistGradientBoostingRegressor(categorical_features=categorical, random_state=seed)
        return regressor.fit(encoded[~test], sample.label[~test]).predict(encoded[test]), []
    # Classes of a single row cannot be split for its early stopping.
    rare = min(np.unique(sample.label[~test], return_counts=True)[1]) < 2
    stopping: Any = False if rare else "auto"
    classifier = HistGradientBoostingClassifier(
        categorical_features=categorical, random_state=seed, early_stopping=stopping
    )
    classifier.fit(encoded[~test], sample.label[~test])
    return classifier.predict_proba(encoded[test]), classifier.classes_.tolist()


def _encoded(sample: Sample, test: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.float64], list[bool]]:
    features: list[NDArray[np.float64]] = []
    categorical: list[bool] = []
    for values in sample.columns.values():
        if values.dtype.kind != "U":
            parts = _time_features(values) if values.dtype.kind == "M" else [values.astype(np.float64)]
            features += parts
            categorical += [False] * len(parts)
            continue
        categories = sorted(set(values[~test].tolist()) - {""})
        code = {text: float(number) for number, text in enumerate(categories)}
        few = len(categories) <= MAX_CATEGORIES
        if few or sample.task == "multiclass":
            features.append(np.array([code.get(text, np.nan) for text in values.tolist()]))
        else:
            features.append(_targets(values, sample.label, test, seed))
        categorical.append(few)
    return np.column_stack(features), categorical


def _targets(values: NDArray[Any], label: NDArray[Any], test: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    encoder = TargetEncoder(random_state=seed)
    encoded = np.empty(len(values))
    encoded[~test] = encoder.fit_transform(values[~test, None], label[~test])[:, 0]
    encoded[test] = encoder.transform(values[test, None])[:, 0]
    return encoded


def _time_features(values: NDArray[Any]) -> list[NDArray[np.float64]]:
    days = values.astype("datetime64[D]")
    number = days.astype(np.int64)
    months = values.astype("datetime64[M]").astype(np.int64) % 12
    hours = (values.astype("datetime64[s]") - days).astype(np.int64) / 3600
    return [number + hours / 24, months.astype(np.float64), ((number + 3) % 7).astype(np.float64), hours]
