"""Target encoding: each category becomes the mean label of its rows."""

from pathlib import Path

import numpy as np
import pytest

from studio.training.column_inference import infer_column
from studio.training.target_encoding import target_encode
from tests.studio.small_tables import table_of


def test_rates_say_what_the_labels_say(tmp_path: Path) -> None:
    """A category with high labels gets a high number; one with few rows, or an unknown one, stays near 0."""
    names = [f"c{number % 300}" for number in range(6000)] + ["once", "?", "?"]
    target = np.array([float(number % 300) for number in range(6000)] + [299.0, 1.0, 2.0])
    table = table_of(tmp_path, names)
    column = infer_column(table["x"], target_encode=True).column
    encoded = target_encode(table, [column], target, np.ones(len(names), dtype=np.bool_), 0)
    (rated,) = encoded.columns
    (encode,) = rated.encoders()
    assert encode("c299") > 1 > encode("c160") > 0 > encode("c140") > -1 > encode("c0")
    assert 0 < encode("once") < encode("c299") / 3
    assert encode("never seen") == 0
    assert np.isnan(encode("NA"))
    assert np.isnan(encoded.features["x"][-2:]).all()


def test_a_rows_own_label_is_not_given_away(tmp_path: Path) -> None:
    """If labels do not depend on the categories, the training feature does not correlate with the labels."""
    rng = np.random.default_rng(1)
    names = [f"c{number}" for number in rng.integers(0, 2000, 6000)]
    table = table_of(tmp_path, names)
    target = rng.normal(size=6000)
    learned = np.arange(6000) < 5000
    encoded = target_encode(table, [infer_column(table["x"], target_encode=True).column], target, learned, 0)
    for part in (learned, ~learned):
        assert abs(np.corrcoef(encoded.features["x"][part], target[part])[0, 1]) < 0.1
    with_own = np.array([encoded.columns[0].encoders()[0](name) for name in names])
    assert np.corrcoef(with_own[learned], target[learned])[0, 1] > 0.4


@pytest.mark.parametrize("seed", [0, 1])
def test_rates_repeat(tmp_path: Path, seed: int) -> None:
    """The same seed gives the same numbers."""
    names = [f"c{number % 300}" for number in range(900)]
    table = table_of(tmp_path, names)
    columns = [infer_column(table["x"], target_encode=True).column]
    every = np.ones(900, dtype=np.bool_)
    target = np.arange(900.0)
    first, again = (target_encode(table, columns, target, every, seed) for _ in range(2))
    np.testing.assert_array_equal(first.features["x"], again.features["x"])
    assert first.columns == again.columns
