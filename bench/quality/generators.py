"""Generated tables of many structures; the name of each says what makes it hard. Here: those with classes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from bench.quality import regression_tables
from bench.quality.made_columns import Columns, Rng, numbered, sklearn_seed, texts
from bench.quality.samples import Sample


def generated(seed: int) -> list[Sample]:
    """Return one table of each kind."""
    return [make(np.random.default_rng([seed, number])) for number, make in enumerate(KINDS)]


def _binary(name: str, columns: Columns, score: NDArray[Any], rng: Rng, share: float = 0.4) -> Sample:
    """Draw labels: `share` of them positive, with a probability that rises with the score."""
    low, high = -50.0, 50.0  # bisection of the offset that gives this share
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _logistic(score + middle).mean() < share else (low, middle)
    label = np.where(rng.random(len(score)) < _logistic(score + low), "yes", "no")
    return Sample(name, "binary", columns, label, "yes")


def _logistic(score: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-score)))


def _classification(rng: Rng) -> Sample:
    x, y = datasets.make_classification(
        4000, 20, n_informative=8, n_redundant=4, flip_y=0.05, random_state=sklearn_seed(rng)
    )
    return Sample("20 numbers, clusters", "binary", numbered(x), texts("c", y), "c1")


def _classification5(rng: Rng) -> Sample:
    x, y = datasets.make_classification(
        6000, 20, n_informative=10, n_classes=5, n_clusters_per_class=2, random_state=sklearn_seed(rng)
    )
    return Sample("5 classes, clusters", "multiclass", numbered(x), texts("c", y))


def _overlapping(rng: Rng) -> Sample:
    x = rng.normal(size=(15000, 10))
    scores = x[:, :7] * 0.7 + rng.gumbel(size=(15000, 7))
    scores[:, :2] += 1.5
    return Sample("7 overlapping classes", "multiclass", numbered(x), texts("c", scores.argmax(axis=1)))


def _hastie(rng: Rng) -> Sample:
    x, y = datasets.make_hastie_10_2(8000, random_state=sklearn_seed(rng))
    return Sample("hastie 10.2", "binary", numbered(x), texts("c", y.astype(int)), "c1")


def _moons(rng: Rng) -> Sample:
    x, y = datasets.make_moons(2500, noise=0.35, random_state=sklearn_seed(rng))
    return Sample("moons", "binary", numbered(x), texts("c", y), "c1")


def _categories(levels: int, rows: int) -> Callable[[Rng], Sample]:
    def make(rng: Rng) -> Sample:
        codes = np.minimum((levels * rng.random(rows) ** 1.5).astype(int), levels - 1)
        kind = rng.integers(0, 8, rows)
        x = rng.normal(size=(rows, 3))
        score = rng.normal(size=levels)[codes] * 1.5 + x[:, 0] + rng.normal(size=8)[kind] * 0.5
        columns = {"city": texts("k", codes), "kind": texts("t", kind), **numbered(x)}
        return _binary(f"{levels} categories", columns, score, rng)

    return make


def _small_categories(rng: Rng) -> Sample:
    rows = 800
    codes = [rng.integers(0, levels, rows) for levels in (3, 8, 25, 60)]
    score = sum(rng.normal(size=60)[code] for code in codes) + rng.normal(size=rows)
    columns = {f"k{at}": texts("v", code) for at, code in enumerate(codes)} | {"x": rng.normal(size=rows)}
    return _binary("categories, 800 rows", columns, np.asarray(score), rng)


def _missing(rng: Rng) -> Sample:
    x = rng.normal(size=(8000, 10))
    score = x[:, 0] * 1.2 + x[:, 1] * x[:, 2] + np.where(x[:, 3] > 0, 1.0, -1.0)
    x[rng.random(x.shape) < 0.35] = np.nan
    informative = rng.random(8000) < _logistic(score) * 0.6  # missing values that correlate with the label
    x[informative, 4] = np.nan
    return _binary("informative missing values", numbered(x), score, rng)


def _rare(share: float) -> Callable[[Rng], Sample]:
    def make(rng: Rng) -> Sample:
        x = rng.normal(size=(20000, 12))
        score = 1.5 * x[:, 0] + x[:, 1] * x[:, 2] + np.maximum(x[:, 3], 0) * 1.5
        kind = rng.integers(0, 12, 20000)
        columns = {**numbered(x), "kind": texts("t", kind)}
        return _binary(f"{share:.1%} positive", columns, score + rng.normal(size=12)[kind], rng, share)

    return make


def _noise(rng: Rng) -> Sample:
    x = rng.normal(size=(2500, 200))
    return _binary("200 columns, 5 of use", numbered(x), x[:, :5] @ np.array([1.5, -1.2, 1, 0.8, 0.8]), rng)


def _wide(rng: Rng) -> Sample:
    x, y = datasets.make_classification(200, 2000, n_informative=20, n_redundant=50, random_state=sklearn_seed(rng))
    return Sample("200 rows, 2,000 columns", "binary", numbered(x), texts("c", y), "c1")


def _ordinals(rng: Rng) -> Sample:
    codes = rng.integers(1, 6, size=(5000, 10))
    score = (codes[:, 0] - 3) * 0.8 + (codes[:, 1] > codes[:, 2]) * 1.5 + np.where(codes[:, 3] == 3, 1.5, 0)
    return _binary("ordinal integers", numbered(codes.astype(np.float64)), score, rng)


def _tiny(rows: int) -> Callable[[Rng], Sample]:
    def make(rng: Rng) -> Sample:
        x = rng.normal(size=(rows, 6))
        kind = rng.integers(0, 4, rows)
        score = 1.5 * x[:, 0] - x[:, 1] + np.where(kind == 2, 2.0, 0) + np.abs(x[:, 2])
        return _binary(f"{rows} rows", {**numbered(x), "kind": texts("t", kind)}, score, rng)

    return make


def _tall(rng: Rng) -> Sample:
    rows = 100_000
    x = rng.normal(size=(rows, 8))
    kind, flag = rng.integers(0, 50, rows), rng.random(rows) < 0.3
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + rng.normal(size=50)[kind] * (1 + flag)
    columns = {**numbered(x), "kind": texts("t", kind), "flag": flag}
    return _binary("100,000 rows", columns, score, rng)


def _many_classes(rng: Rng) -> Sample:
    x = rng.normal(size=(8000, 10))
    scores = x @ rng.normal(size=(10, 25)) * 0.8 + rng.gumbel(size=(8000, 25))
    return Sample("25 classes", "multiclass", numbered(x), texts("c", scores.argmax(axis=1)))


def _uneven_classes(rng: Rng) -> Sample:
    x = rng.normal(size=(6000, 8))
    kind = rng.integers(0, 6, 6000)
    scores = x[:, :4] * 1.5 + np.array([3.0, 2.0, 0.0, -1.5]) + rng.normal(size=(6, 4))[kind]
    label = texts("c", (scores + rng.gumbel(size=(6000, 4))).argmax(axis=1))
    return Sample("4 uneven classes", "multiclass", {**numbered(x), "kind": texts("t", kind)}, label)


def _flat(rng: Rng) -> Sample:
    x = rng.normal(size=(5000, 10))
    return _binary("little signal", numbered(x), x[:, 0] * 0.3 + x[:, 1] * x[:, 2] * 0.2, rng)


KINDS: tuple[Callable[[Rng], Sample], ...] = (
    _classification,
    _classification5,
    _overlapping,
    regression_tables.friedman1,
    regression_tables.friedman2,
    regression_tables.friedman3,
    _hastie,
    _moons,
    regression_tables.additive,
    regression_tables.interactions,
    regression_tables.linear,
    _categories(10, 4000),
    _categories(200, 8000),
    _categories(1000, 15000),
    _categories(5000, 30000),
    regression_tables.categories_regression,
    _small_categories,
    _missing,
    _rare(0.005),
    _rare(0.02),
    regression_tables.dates,
    _noise,
    _wide,
    _ordinals,
    regression_tables.integer_codes,
    regression_tables.skewed,
    regression_tables.heavy,
    _tiny(60),
    _tiny(150),
    _tiny(300),
    regression_tables.tiny_regression,
    _tall,
    regression_tables.tall_regression,
    _many_classes,
    _uneven_classes,
    _flat,
)
