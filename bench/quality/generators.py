"""Generated tables of many structures; the name of each says what makes it hard."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from bench.quality.samples import Sample

type Rng = np.random.Generator
type Columns = dict[str, NDArray[Any]]


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


def _state(rng: Rng) -> int:
    """Draw a seed for scikit-learn."""
    return int(rng.integers(2**31))


def _logistic(score: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-score)))


def _numbered(matrix: NDArray[Any]) -> Columns:
    return {f"x{at}": np.ascontiguousarray(values) for at, values in enumerate(matrix.T)}


def _texts(prefix: str, codes: NDArray[Any]) -> NDArray[Any]:
    return np.array([f"{prefix}{code}" for code in codes.tolist()])


def _classification(rng: Rng) -> Sample:
    x, y = datasets.make_classification(4000, 20, n_informative=8, n_redundant=4, flip_y=0.05, random_state=_state(rng))
    return Sample("20 numbers, clusters", "binary", _numbered(x), _texts("c", y), "c1")


def _classification5(rng: Rng) -> Sample:
    x, y = datasets.make_classification(
        6000, 20, n_informative=10, n_classes=5, n_clusters_per_class=2, random_state=_state(rng)
    )
    return Sample("5 classes, clusters", "multiclass", _numbered(x), _texts("c", y))


def _overlapping(rng: Rng) -> Sample:
    x = rng.normal(size=(15000, 10))
    scores = x[:, :7] * 0.7 + rng.gumbel(size=(15000, 7))
    scores[:, :2] += 1.5
    return Sample("7 overlapping classes", "multiclass", _numbered(x), _texts("c", scores.argmax(axis=1)))


def _friedman1(rng: Rng) -> Sample:
    x, y = datasets.make_friedman1(3000, 10, noise=1.0, random_state=_state(rng))
    return Sample("friedman 1", "regression", _numbered(x), y)


def _friedman2(rng: Rng) -> Sample:
    x, y = datasets.make_friedman2(1200, noise=50, random_state=_state(rng))
    return Sample("friedman 2, 1,200 rows", "regression", _numbered(x), y)


def _friedman3(rng: Rng) -> Sample:
    x, y = datasets.make_friedman3(5000, noise=0.1, random_state=_state(rng))
    return Sample("friedman 3", "regression", _numbered(x), y)


def _hastie(rng: Rng) -> Sample:
    x, y = datasets.make_hastie_10_2(8000, random_state=_state(rng))
    return Sample("hastie 10.2", "binary", _numbered(x), _texts("c", y.astype(int)), "c1")


def _moons(rng: Rng) -> Sample:
    x, y = datasets.make_moons(2500, noise=0.35, random_state=_state(rng))
    return Sample("moons", "binary", _numbered(x), _texts("c", y), "c1")


def _additive(rng: Rng) -> Sample:
    x = rng.normal(size=(6000, 12))
    y = np.sin(x[:, 0] * 2) + x[:, 1] ** 2 / 2 + np.abs(x[:, 2]) + x[:, 3:6].sum(axis=1) * 0.5
    return Sample("additive", "regression", _numbered(x), y + rng.normal(size=6000) * 0.5)


def _interactions(rng: Rng) -> Sample:
    x = rng.uniform(-1, 1, size=(12000, 8))
    y = 4 * x[:, 0] * x[:, 1] + 3 * np.sign(x[:, 2]) * x[:, 3] + x[:, 4] * x[:, 5] * x[:, 6] * 6
    return Sample("interactions", "regression", _numbered(x), y + rng.normal(size=12000) * 0.3)


def _linear(rng: Rng) -> Sample:
    x = rng.normal(size=(3000, 15))
    return Sample("linear", "regression", _numbered(x), x @ rng.normal(size=15) + rng.normal(size=3000))


def _categories(levels: int, rows: int) -> Callable[[Rng], Sample]:
    def make(rng: Rng) -> Sample:
        codes = np.minimum((levels * rng.random(rows) ** 1.5).astype(int), levels - 1)
        kind = rng.integers(0, 8, rows)
        x = rng.normal(size=(rows, 3))
        score = rng.normal(size=levels)[codes] * 1.5 + x[:, 0] + rng.normal(size=8)[kind] * 0.5
        columns = {"city": _texts("k", codes), "kind": _texts("t", kind), **_numbered(x)}
        return _binary(f"{levels} categories", columns, score, rng)

    return make


def _categories_regression(rng: Rng) -> Sample:
    rows = 12000
    city, shop = rng.integers(0, 300, rows), rng.integers(0, 40, rows)
    x = rng.normal(size=(rows, 4))
    y = rng.normal(size=300)[city] * 2 + rng.normal(size=40)[shop] * (1 + x[:, 0]) + x[:, 1]
    columns = {"city": _texts("k", city), "shop": _texts("s", shop), **_numbered(x)}
    return Sample("300 categories", "regression", columns, y + rng.normal(size=rows))


def _small_categories(rng: Rng) -> Sample:
    rows = 800
    codes = [rng.integers(0, levels, rows) for levels in (3, 8, 25, 60)]
    score = sum(rng.normal(size=60)[code] for code in codes) + rng.normal(size=rows)
    columns = {f"k{at}": _texts("v", code) for at, code in enumerate(codes)} | {"x": rng.normal(size=rows)}
    return _binary("categories, 800 rows", columns, np.asarray(score), rng)


def _missing(rng: Rng) -> Sample:
    x = rng.normal(size=(8000, 10))
    score = x[:, 0] * 1.2 + x[:, 1] * x[:, 2] + np.where(x[:, 3] > 0, 1.0, -1.0)
    x[rng.random(x.shape) < 0.35] = np.nan
    informative = rng.random(8000) < _logistic(score) * 0.6  # missing values that correlate with the label
    x[informative, 4] = np.nan
    return _binary("informative missing values", _numbered(x), score, rng)


def _rare(share: float) -> Callable[[Rng], Sample]:
    def make(rng: Rng) -> Sample:
        x = rng.normal(size=(20000, 12))
        score = 1.5 * x[:, 0] + x[:, 1] * x[:, 2] + np.maximum(x[:, 3], 0) * 1.5
        kind = rng.integers(0, 12, 20000)
        columns = {**_numbered(x), "kind": _texts("t", kind)}
        return _binary(f"{share:.1%} positive", columns, score + rng.normal(size=12)[kind], rng, share)

    return make


def _dates(rng: Rng) -> Sample:
    minutes = np.sort(rng.integers(0, 3 * 365 * 1440, 9000))
    at = np.datetime64("2021-01-01T00:00") + minutes.astype("timedelta64[m]")
    days = at.astype("datetime64[D]").astype(np.int64)
    hour = minutes % 1440 / 60
    season = 3 * np.sin(days / 365.25 * 2 * np.pi) + np.where((days + 3) % 7 >= 5, 4.0, 0.0)
    x = rng.normal(size=9000)
    y = season + 2 * np.sin(hour / 24 * 2 * np.pi) + (days - days[0]) / 400 + x + rng.normal(size=9000)
    order = rng.permutation(9000)
    return Sample("dates: season, week, hour", "regression", {"at": at[order], "x": x[order]}, y[order])


def _noise(rng: Rng) -> Sample:
    x = rng.normal(size=(2500, 200))
    return _binary("200 columns, 5 of use", _numbered(x), x[:, :5] @ np.array([1.5, -1.2, 1, 0.8, 0.8]), rng)


def _wide(rng: Rng) -> Sample:
    x, y = datasets.make_classification(200, 2000, n_informative=20, n_redundant=50, random_state=_state(rng))
    return Sample("200 rows, 2,000 columns", "binary", _numbered(x), _texts("c", y), "c1")


def _ordinals(rng: Rng) -> Sample:
    codes = rng.integers(1, 6, size=(5000, 10))
    score = (codes[:, 0] - 3) * 0.8 + (codes[:, 1] > codes[:, 2]) * 1.5 + np.where(codes[:, 3] == 3, 1.5, 0)
    return _binary("ordinal integers", _numbered(codes.astype(np.float64)), score, rng)


def _integer_codes(rng: Rng) -> Sample:
    code, group = rng.integers(0, 120, 10000), rng.integers(0, 15, 10000)
    x = rng.normal(size=10000)
    y = rng.normal(size=120)[code] * 2 + rng.normal(size=15)[group] + x + rng.normal(size=10000) * 0.7
    columns = {"code": code.astype(np.float64), "group": group.astype(np.float64), "x": x}
    return Sample("codes written as integers", "regression", columns, y)


def _skewed(rng: Rng) -> Sample:
    x = rng.normal(size=(8000, 8))
    y = np.exp(1.2 * x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + 0.4 * rng.normal(size=8000))
    return Sample("skewed target", "regression", _numbered(x), y)


def _heavy(rng: Rng) -> Sample:
    x = rng.standard_t(3, size=(8000, 8))
    y = np.where(x[:, 0] > 0, 3.0, 0.0) + np.tanh(x[:, 1]) * 2 + x[:, 2] + rng.standard_t(4, size=8000)
    return Sample("heavy tails", "regression", _numbered(x), y)


def _tiny(rows: int) -> Callable[[Rng], Sample]:
    def make(rng: Rng) -> Sample:
        x = rng.normal(size=(rows, 6))
        kind = rng.integers(0, 4, rows)
        score = 1.5 * x[:, 0] - x[:, 1] + np.where(kind == 2, 2.0, 0) + np.abs(x[:, 2])
        return _binary(f"{rows} rows", {**_numbered(x), "kind": _texts("t", kind)}, score, rng)

    return make


def _tiny_regression(rng: Rng) -> Sample:
    x = rng.normal(size=(200, 8))
    y = 2 * x[:, 0] + x[:, 1] ** 2 + np.where(x[:, 2] > 0, 2, 0) + rng.normal(size=200)
    return Sample("200 rows", "regression", _numbered(x), y)


def _tall(rng: Rng) -> Sample:
    rows = 100_000
    x = rng.normal(size=(rows, 8))
    kind, flag = rng.integers(0, 50, rows), rng.random(rows) < 0.3
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + rng.normal(size=50)[kind] * (1 + flag)
    columns = {**_numbered(x), "kind": _texts("t", kind), "flag": flag}
    return _binary("100,000 rows", columns, score, rng)


def _tall_regression(rng: Rng) -> Sample:
    x = rng.normal(size=(50_000, 10))
    y = np.sin(3 * x[:, 0]) * 2 + x[:, 1] * x[:, 2] + np.where(x[:, 3] > x[:, 4], 2, 0) + x[:, 5]
    return Sample("50,000 rows", "regression", _numbered(x), y + rng.normal(size=50_000))


def _many_classes(rng: Rng) -> Sample:
    x = rng.normal(size=(8000, 10))
    scores = x @ rng.normal(size=(10, 25)) * 0.8 + rng.gumbel(size=(8000, 25))
    return Sample("25 classes", "multiclass", _numbered(x), _texts("c", scores.argmax(axis=1)))


def _uneven_classes(rng: Rng) -> Sample:
    x = rng.normal(size=(6000, 8))
    kind = rng.integers(0, 6, 6000)
    scores = x[:, :4] * 1.5 + np.array([3.0, 2.0, 0.0, -1.5]) + rng.normal(size=(6, 4))[kind]
    label = _texts("c", (scores + rng.gumbel(size=(6000, 4))).argmax(axis=1))
    return Sample("4 uneven classes", "multiclass", {**_numbered(x), "kind": _texts("t", kind)}, label)


def _flat(rng: Rng) -> Sample:
    x = rng.normal(size=(5000, 10))
    return _binary("little signal", _numbered(x), x[:, 0] * 0.3 + x[:, 1] * x[:, 2] * 0.2, rng)


KINDS: tuple[Callable[[Rng], Sample], ...] = (
    _classification,
    _classification5,
    _overlapping,
    _friedman1,
    _friedman2,
    _friedman3,
    _hastie,
    _moons,
    _additive,
    _interactions,
    _linear,
    _categories(10, 4000),
    _categories(200, 8000),
    _categories(1000, 15000),
    _categories(5000, 30000),
    _categories_regression,
    _small_categories,
    _missing,
    _rare(0.005),
    _rare(0.02),
    _dates,
    _noise,
    _wide,
    _ordinals,
    _integer_codes,
    _skewed,
    _heavy,
    _tiny(60),
    _tiny(150),
    _tiny(300),
    _tiny_regression,
    _tall,
    _tall_regression,
    _many_classes,
    _uneven_classes,
    _flat,
)
