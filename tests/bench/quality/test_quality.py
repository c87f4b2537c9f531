"""The comparison with scikit-learn: its rows, and that the studio is not behind where it used to be."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest

from bench.quality.__main__ import main
from bench.quality.generators import generated
from bench.quality.samples import Sample, from_csv, write
from bench.quality.trial import MAX_BEHIND, Comparison, run

SEEDS = 3
# What trees with the library's own settings lose: few rows, few of one class, thousands of categories, weak signal.
ONCE_BEHIND = (
    "interactions",
    "1000 categories",
    "5000 categories",
    "0.5% positive",
    "7 overlapping classes",
    "300 rows",
    "codes written as integers",
    "200 categories",
    "ordinal integers",
)


def test_a_sample_survives_its_csv(tmp_path: Path) -> None:
    """What is written as CSV is read back, so both sides learn from the same cells."""
    columns = {"a": np.array([1.5, np.nan, 1e-9]), "b": np.array(["x", "", 'y"z'])}
    sample = Sample("s", "regression", columns, np.array([1.0, 2.0, 3.0]))
    write(sample, tmp_path / "s.csv")
    read = from_csv(tmp_path / "s.csv", "y", "", "regression")
    np.testing.assert_array_equal(read.columns["a"], columns["a"])
    assert read.columns["b"].tolist() == columns["b"].tolist()
    assert read.label.tolist() == [1, 2, 3]


def test_a_csv_of_the_user_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints both sides' measures of the file; one without the label is refused."""
    rng = np.random.default_rng(0)
    path = tmp_path / "own.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["x", "kind", "z"])
        writer.writerows([x, "abc"[row % 3], 3 * x + row % 3] for row, x in enumerate(rng.normal(size=200).tolist()))
    with warnings.catch_warnings():
        options = ["--csv", str(path), "--label", "z", "--task", "regression", "--seeds", "1"]
        assert main(options) == 0
        assert main([*options[:3], "w", *options[4:]]) == 2
    out_lines = capsys.readouterr().out.splitlines()
    name, task = out_lines[1].split("  ")[0], out_lines[1].split()[3]
    assert (name, task) == ("own.csv: z", "regression")
    assert out_lines[2].endswith("on 0 tables")


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ONCE_BEHIND)
def test_the_studio_is_not_behind(name: str) -> None:
    """On average over tables and splits the studio is no further behind scikit-learn than is allowed."""
    samples = [next(sample for sample in generated(seed) if sample.name == name) for seed in range(SEEDS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        comparison = Comparison(samples[0], [run(sample, seed) for seed, sample in enumerate(samples)])
    assert comparison.ahead > -MAX_BEHIND[samples[0].task], comparison.trials
