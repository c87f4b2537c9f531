"""Generated tables whose label is a number; the name of each says what makes it hard."""

import numpy as np
from sklearn import datasets

from bench.quality.made_columns import Rng, numbered, sklearn_seed, texts
from bench.quality.samples import Sample


def friedman1(rng: Rng) -> Sample:
    """Friedman's first function, with noise."""
    x, y = datasets.make_friedman1(3000, 10, noise=1.0, random_state=sklearn_seed(rng))
    return Sample("friedman 1", "regression", numbered(x), y)


def friedman2(rng: Rng) -> Sample:
    """Friedman's second function, on few rows."""
    x, y = datasets.make_friedman2(1200, noise=50, random_state=sklearn_seed(rng))
    return Sample("friedman 2, 1,200 rows", "regression", numbered(x), y)


def friedman3(rng: Rng) -> Sample:
    """Friedman's third function."""
    x, y = datasets.make_friedman3(5000, noise=0.1, random_state=sklearn_seed(rng))
    return Sample("friedman 3", "regression", numbered(x), y)


def additive(rng: Rng) -> Sample:
    """A sum of functions of single columns."""
    x = rng.normal(size=(6000, 12))
    y = np.sin(x[:, 0] * 2) + x[:, 1] ** 2 / 2 + np.abs(x[:, 2]) + x[:, 3:6].sum(axis=1) * 0.5
    return Sample("additive", "regression", numbered(x), y + rng.normal(size=6000) * 0.5)


def interactions(rng: Rng) -> Sample:
    """Products of columns."""
    x = rng.uniform(-1, 1, size=(12000, 8))
    y = 4 * x[:, 0] * x[:, 1] + 3 * np.sign(x[:, 2]) * x[:, 3] + x[:, 4] * x[:, 5] * x[:, 6] * 6
    return Sample("interactions", "regression", numbered(x), y + rng.normal(size=12000) * 0.3)


def linear(rng: Rng) -> Sample:
    """A linear function."""
    x = rng.normal(size=(3000, 15))
    return Sample("linear", "regression", numbered(x), x @ rng.normal(size=15) + rng.normal(size=3000))


def categories_regression(rng: Rng) -> Sample:
    """Two columns of categories."""
    rows = 12000
    city, shop = rng.integers(0, 300, rows), rng.integers(0, 40, rows)
    x = rng.normal(size=(rows, 4))
    y = rng.normal(size=300)[city] * 2 + rng.normal(size=40)[shop] * (1 + x[:, 0]) + x[:, 1]
    columns = {"city": texts("k", city), "shop": texts("s", shop), **numbered(x)}
    return Sample("300 categories", "regression", columns, y + rng.normal(size=rows))


def dates(rng: Rng) -> Sample:
    """Season, weekday and hour of a date."""
    minutes = np.sort(rng.integers(0, 3 * 365 * 1440, 9000))
    at = np.datetime64("2021-01-01T00:00") + minutes.astype("timedelta64[m]")
    days = at.astype("datetime64[D]").astype(np.int64)
    hour = minutes % 1440 / 60
    season = 3 * np.sin(days / 365.25 * 2 * np.pi) + np.where((days + 3) % 7 >= 5, 4.0, 0.0)
    x = rng.normal(size=9000)
    y = season + 2 * np.sin(hour / 24 * 2 * np.pi) + (days - days[0]) / 400 + x + rng.normal(size=9000)
    order = rng.permutation(9000)
    return Sample("dates: season, week, hour", "regression", {"at": at[order], "x": x[order]}, y[order])


def integer_codes(rng: Rng) -> Sample:
    """Categories that are written as integers."""
    code, group = rng.integers(0, 120, 10000), rng.integers(0, 15, 10000)
    x = rng.normal(size=10000)
    y = rng.normal(size=120)[code] * 2 + rng.normal(size=15)[group] + x + rng.normal(size=10000) * 0.7
    columns = {"code": code.astype(np.float64), "group": group.astype(np.float64), "x": x}
    return Sample("codes written as integers", "regression", columns, y)


def skewed(rng: Rng) -> Sample:
    """A target whose logarithm is normal."""
    x = rng.normal(size=(8000, 8))
    y = np.exp(1.2 * x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + 0.4 * rng.normal(size=8000))
    return Sample("skewed target", "regression", numbered(x), y)


def heavy(rng: Rng) -> Sample:
    """Columns and noise with heavy tails."""
    x = rng.standard_t(3, size=(8000, 8))
    y = np.where(x[:, 0] > 0, 3.0, 0.0) + np.tanh(x[:, 1]) * 2 + x[:, 2] + rng.standard_t(4, size=8000)
    return Sample("heavy tails", "regression", numbered(x), y)


def tiny_regression(rng: Rng) -> Sample:
    """Few rows."""
    x = rng.normal(size=(200, 8))
    y = 2 * x[:, 0] + x[:, 1] ** 2 + np.where(x[:, 2] > 0, 2, 0) + rng.normal(size=200)
    return Sample("200 rows", "regression", numbered(x), y)


def tall_regression(rng: Rng) -> Sample:
    """Many rows."""
    x = rng.normal(size=(50_000, 10))
    y = np.sin(3 * x[:, 0]) * 2 + x[:, 1] * x[:, 2] + np.where(x[:, 3] > x[:, 4], 2, 0) + x[:, 5]
    return Sample("50,000 rows", "regression", numbered(x), y + rng.normal(size=50_000))
