"""The synthetic census: reproducible, with the columns of Adult, missing values, and a signal."""

import csv
import io
from collections import Counter
from pathlib import Path

from landfall.demo.datasets import census_dataset
from landfall.sample_data.census import COLUMNS, LABEL, census_csv, census_rows
from landfall.sample_data.csv_table import Table

ROOT = Path(__file__).resolve().parents[2]


def test_the_same_seed_gives_the_same_table() -> None:
    """The same seed gives the same rows; another seed gives other rows."""
    assert census_csv(200, 5) == census_csv(200, 5)
    assert census_csv(200, 5) != census_csv(200, 6)


def test_the_example_is_what_the_generator_makes() -> None:
    """The committed sample is not edited by hand."""
    assert (ROOT / "examples" / "census" / "sample.csv").read_text(encoding="utf-8") == census_csv(600, 1)


def test_columns_labels_and_missing_values() -> None:
    """Like Adult it has 15 columns, two labels of which the high income is rarer, and `?` for missing values."""
    rows = census_rows(4000, 2)
    labels = Counter(row[LABEL] for row in rows)

    assert len(COLUMNS) == 15
    assert set(labels) == {"<=50K", ">50K"}
    assert 0.15 < labels[">50K"] / len(rows) < 0.3
    assert 50 < sum(row["occupation"] == "?" for row in rows) < 500


def test_there_is_a_signal() -> None:
    """Married people with a long education earn much more."""
    rows = census_rows(4000, 3)

    def share(married: bool, least_years: int) -> float:
        some: list[bool] = [
            row[LABEL] == ">50K"
            for row in rows
            if (row["marital-status"] == "Married-civ-spouse") is married and row["education-num"] >= least_years
        ]
        return sum(some) / len(some)

    assert share(married=True, least_years=13) > 3 * share(married=False, least_years=0)


def test_shuffled_labels_are_the_same_labels_elsewhere() -> None:
    """Only the label column differs, and it has the same values in another order."""
    material = census_dataset()
    good, shuffled = Table.of(material.good), Table.of(material.shuffled)

    assert shuffled.without(LABEL) == good.without(LABEL)
    at = good.header.index(LABEL)
    assert Counter(row[at] for row in good.rows) == Counter(row[at] for row in shuffled.rows)
    assert material.good != material.shuffled


def test_the_csv_has_a_header_and_whole_rows() -> None:
    """Every row has as many cells as the header."""
    header, *rows = csv.reader(io.StringIO(census_csv(50, 1)))

    assert tuple(header) == COLUMNS
    assert {len(row) for row in rows} == {15}
