"""Made-up tables of many structures: what each is hard for stands in its name."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from bench.quality.samples import Sample

type Dice = np.random.Generator
type Columns = dict[str, NDArray[Any]]


def generated(seed: int) -> list[Sample]:
    """Return one table of each kind."""
    return [make(np.random.default_rng([seed, number])) for number, make in enumerate(KINDS)]


def _binary(name: str, columns: Columns, score: NDArray[Any], dice: Dice, share: float = 0.4) -> Sample:
    """Draw labels of which `share` is positive, the likelier the higher the score; its spread decides how sure."""
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _logistic(score + middle).mean() < share else (low, middle)
    label = np.where(dice.random(len(score)) < _logistic(score + low), "yes", "no")
    return Sample(name, "binary", columns, label, "yes")


def _state(dice: Dice) -> int:
    """Draw a seed for scikit-learn."""
    return int(dice.integers(2**31))


def _logistic(score: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-score)))


def _numbered(matrix: NDArray[Any]) -> Columns:
    return {f"x{at}": np.ascontiguousarray(values) for at, values in enumerate(matrix.T)}


def _texts(prefix: str, codes: NDArray[Any]) -> NDArray[Any]:
    return np.array([f"{prefix}{code}" for code in codes.tolist()])


def _classification(dice: Dice) -> Sample:
    x, y = datasets.make_classification(
        4000, 20, n_informative=8, n_redundant=4, flip_y=0.05, random_state=_state(dice)
    )
    return Sample("20 numbers, clusters", "binary", _numbered(x), _texts("c", y), "c1")


def _classification5(dice: Dice) -> Sample:
    x, y = datasets.make_classification(
        6000, 20, n_informative=10, n_classes=5, n_clusters_per_class=2, random_state=_state(dice)
    )
    return Sample("5 classes, clusters", "multiclass", _numbered(x), _texts("c", y))


def _overlapping(dice: Dice) -> Sample:
    x = dice.normal(size=(15000, 10))
    scores = x[:, :7] * 0.7 + dice.gumbel(size=(15000, 7))
    scores[:, :2] += 1.5
    return Sample("7 overlapping classes", "multiclass", _numbered(x), _texts("c", scores.argmax(axis=1)))


def _friedman1(dice: Dice) -> Sample:
    x, y = datasets.make_friedman1(3000, 10, noise=1.0, random_state=_state(dice))
    return Sample("friedman 1", "regression", _numbered(x), y)


def _friedman2(dice: Dice) -> Sample:
    x, y = datasets.make_friedman2(1200, noise=50, random_state=_state(dice))
    return Sample("friedman 2, 1,200 rows", "regression", _numbered(x), y)


def _friedman3(dice: Dice) -> Sample:
    x, y = datasets.make_friedman3(5000, noise=0.1, random_state=_state(dice))
    return Sample("friedman 3", "regression", _numbered(x), y)


def _hastie(dice: Dice) -> Sample:
    x, y = datasets.make_hastie_10_2(8000, random_state=_state(dice))
    return Sample("hastie 10.2", "binary", _numbered(x), _texts("c", y.astype(int)), "c1")


def _moons(dice: Dice) -> Sample:
    x, y = datasets.make_moons(2500, noise=0.35, random_state=_state(dice))
    return Sample("moons", "binary", _numbered(x), _texts("c", y), "c1")


def _additive(dice: Dice) -> Sample:
    x = dice.normal(size=(6000, 12))
    y = np.sin(x[:, 0] * 2) + x[:, 1] ** 2 / 2 + np.abs(x[:, 2]) + x[:, 3:6].sum(axis=1) * 0.5
    return Sample("additive", "regression", _numbered(x), y + dice.normal(size=6000) * 0.5)


def _interactions(dice: Dice) -> Sample:
    x = dice.uniform(-1, 1, size=(12000, 8))
    y = 4 * x[:, 0] * x[:, 1] + 3 * np.sign(x[:, 2]) * x[:, 3] + x[:, 4] * x[:, 5] * x[:, 6] * 6
    return Sample("interactions", "regression", _numbered(x), y + dice.normal(size=12000) * 0.3)


def _linear(dice: Dice) -> Sample:
    x = dice.normal(size=(3000, 15))
    return Sample("linear", "regression", _numbered(x), x @ dice.normal(size=15) + dice.normal(size=3000))


def _categories(levels: int, rows: int) -> Callable[[Dice], Sample]:
    def make(dice: Dice) -> Sample:
        codes = np.minimum((levels * dice.random(rows) ** 1.5).astype(int), levels - 1)
        other = dice.integers(0, 8, rows)
        x = dice.normal(size=(rows, 3))
        score = dice.normal(size=levels)[codes] * 1.5 + x[:, 0] + dice.normal(size=8)[other] * 0.5
        columns = {"city": _texts("k", codes), "kind": _texts("t", other), **_numbered(x)}
        return _binary(f"{levels} categories", columns, score, dice)

    return make


def _categories_regression(dice: Dice) -> Sample:
    rows = 12000
    city, shop = dice.integers(0, 300, rows), dice.integers(0, 40, rows)
    x = dice.normal(size=(rows, 4))
    y = dice.normal(size=300)[city] * 2 + dice.normal(size=40)[shop] * (1 + x[:, 0]) + x[:, 1]
    columns = {"city": _texts("k", city), "shop": _texts("s", shop), **_numbered(x)}
    return Sample("300 categories", "regression", columns, y + dice.normal(size=rows))


def _small_categories(dice: Dice) -> Sample:
    rows = 800
    codes = [dice.integers(0, levels, rows) for levels in (3, 8, 25, 60)]
    score = sum(dice.normal(size=60)[code] for code in codes) + dice.normal(size=rows)
    columns = {f"k{at}": _texts("v", code) for at, code in enumerate(codes)} | {"x": dice.normal(size=rows)}
    return _binary("categories, 800 rows", columns, np.asarray(score), dice)


def _missing(dice: Dice) -> Sample:
    x = dice.normal(size=(8000, 10))
    score = x[:, 0] * 1.2 + x[:, 1] * x[:, 2] + np.where(x[:, 3] > 0, 1.0, -1.0)
    x[dice.random(x.shape) < 0.35] = np.nan
    told = dice.random(8000) < _logistic(score) * 0.6  # that it is missing tells something
    x[told, 4] = np.nan
    return _binary("missing, and that it is tells", _numbered(x), score, dice)


def _rare(share: float) -> Callable[[Dice], Sample]:
    def make(dice: Dice) -> Sample:
        x = dice.normal(size=(20000, 12))
        score = 1.5 * x[:, 0] + x[:, 1] * x[:, 2] + np.maximum(x[:, 3], 0) * 1.5
        kind = dice.integers(0, 12, 20000)
        columns = {**_numbered(x), "kind": _texts("t", kind)}
        return _binary(f"{share:.1%} positive", columns, score + dice.normal(size=12)[kind], dice, share)

    return make


def _dates(dice: Dice) -> Sample:
    minutes = np.sort(dice.integers(0, 3 * 365 * 1440, 9000))
    at = np.datetime64("2021-01-01T00:00") + minutes.astype("timedelta64[m]")
    days = at.astype("datetime64[D]").astype(np.int64)
    hour = minutes % 1440 / 60
    season = 3 * np.sin(days / 365.25 * 2 * np.pi) + np.where((days + 3) % 7 >= 5, 4.0, 0.0)
    x = dice.normal(size=9000)
    y = season + 2 * np.sin(hour / 24 * 2 * np.pi) + (days - days[0]) / 400 + x + dice.normal(size=9000)
    order = dice.permutation(9000)
    return Sample("dates: season, week, hour", "regression", {"at": at[order], "x": x[order]}, y[order])


def _noise(dice: Dice) -> Sample:
    x = dice.normal(size=(2500, 200))
    return _binary("200 columns, 5 of use", _numbered(x), x[:, :5] @ np.array([1.5, -1.2, 1, 0.8, 0.8]), dice)


def _wide(dice: Dice) -> Sample:
    x, y = datasets.make_classification(200, 2000, n_informative=20, n_redundant=50, random_state=_state(dice))
    return Sample("200 rows, 2,000 columns", "binary", _numbered(x), _texts("c", y), "c1")


def _ordinals(dice: Dice) -> Sample:
    codes = dice.integers(1, 6, size=(5000, 10))
    score = (codes[:, 0] - 3) * 0.8 + (codes[:, 1] > codes[:, 2]) * 1.5 + np.where(codes[:, 3] == 3, 1.5, 0)
    return _binary("ordinal integers", _numbered(codes.astype(np.float64)), score, dice)


def _integer_codes(dice: Dice) -> Sample:
    code, other = dice.integers(0, 120, 10000), dice.integers(0, 15, 10000)
    x = dice.normal(size=10000)
    y = dice.normal(size=120)[code] * 2 + dice.normal(size=15)[other] + x + dice.normal(size=10000) * 0.7
    columns = {"code": code.astype(np.float64), "other": other.astype(np.float64), "x": x}
    return Sample("codes written as integers", "regression", columns, y)


def _skewed(dice: Dice) -> Sample:
    x = dice.normal(size=(8000, 8))
    y = np.exp(1.2 * x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + 0.4 * dice.normal(size=8000))
    return Sample("skewed target", "regression", _numbered(x), y)


def _heavy(dice: Dice) -> Sample:
    x = dice.standard_t(3, size=(8000, 8))
    y = np.where(x[:, 0] > 0, 3.0, 0.0) + np.tanh(x[:, 1]) * 2 + x[:, 2] + dice.standard_t(4, size=8000)
    return Sample("heavy tails", "regression", _numbered(x), y)


def _tiny(rows: int) -> Callable[[Dice], Sample]:
    def make(dice: Dice) -> Sample:
        x = dice.normal(size=(rows, 6))
        kind = dice.integers(0, 4, rows)
        score = 1.5 * x[:, 0] - x[:, 1] + np.where(kind == 2, 2.0, 0) + np.abs(x[:, 2])
        return _binary(f"{rows} rows", {**_numbered(x), "kind": _texts("t", kind)}, score, dice)

    return make


def _tiny_regression(dice: Dice) -> Sample:
    x = dice.normal(size=(200, 8))
    y = 2 * x[:, 0] + x[:, 1] ** 2 + np.where(x[:, 2] > 0, 2, 0) + dice.normal(size=200)
    return Sample("200 rows", "regression", _numbered(x), y)


def _tall(dice: Dice) -> Sample:
    rows = 100_000
    x = dice.normal(size=(rows, 8))
    kind, flag = dice.integers(0, 50, rows), dice.random(rows) < 0.3
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + dice.normal(size=50)[kind] * (1 + flag)
    columns = {**_numbered(x), "kind": _texts("t", kind), "flag": flag}
    return _binary("100,000 rows", columns, score, dice)


def _tall_regression(dice: Dice) -> Sample:
    x = dice.normal(size=(50_000, 10))
    y = np.sin(3 * x[:, 0]) * 2 + x[:, 1] * x[:, 2] + np.where(x[:, 3] > x[:, 4], 2, 0) + x[:, 5]
    return Sample("50,000 rows", "regression", _numbered(x), y + dice.normal(size=50_000))


def _many_classes(dice: Dice) -> Sample:
    x = dice.normal(size=(8000, 10))
    scores = x @ dice.normal(size=(10, 25)) * 0.8 + dice.gumbel(size=(8000, 25))
    return Sample("25 classes", "multiclass", _numbered(x), _texts("c", scores.argmax(axis=1)))


def _uneven_classes(dice: Dice) -> Sample:
    x = dice.normal(size=(6000, 8))
    kind = dice.integers(0, 6, 6000)
    scores = x[:, :4] * 1.5 + np.array([3.0, 2.0, 0.0, -1.5]) + dice.normal(size=(6, 4))[kind]
    label = _texts("c", (scores + dice.gumbel(size=(6000, 4))).argmax(axis=1))
    return Sample("4 uneven classes", "multiclass", {**_numbered(x), "kind": _texts("t", kind)}, label)


def _flat(dice: Dice) -> Sample:
    x = dice.normal(size=(5000, 10))
    return _binary("little signal", _numbered(x), x[:, 0] * 0.3 + x[:, 1] * x[:, 2] * 0.2, dice)


KINDS: tuple[Callable[[Dice], Sample], ...] = (
    *(_classification, _classification5, _overlapping, _friedman1, _friedman2, _friedman3, _hastie, _moons),
    *(_additive, _interactions, _linear, _categories(10, 4000), _categories(200, 8000), _categories(1000, 15000)),
    *(_categories(5000, 30000), _categories_regression, _small_categories, _missing, _rare(0.005), _rare(0.02)),
    *(_dates, _noise, _wide, _ordinals, _integer_codes, _skewed, _heavy, _tiny(60), _tiny(150), _tiny(300)),
    *(_tiny_regression, _tall, _tall_regression, _many_classes, _uneven_classes, _flat),
)
