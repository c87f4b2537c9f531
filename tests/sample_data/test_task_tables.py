"""The synthetic tables of the other tasks: reproducible, and with a signal."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import pytest

from tests.sample_data.task_tables import prices_csv, species_csv

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize(("example", "made"), [("prices", prices_csv), ("species", species_csv)])
def test_the_examples_are_what_the_generators_make(example: str, made: Callable[[int, int], str]) -> None:
    """The committed samples are not edited by hand; another seed gives other rows."""
    assert (EXAMPLES / example / "sample.csv").read_text(encoding="utf-8") == made(150, 1)
    assert made(150, 2) != made(150, 1)


def test_prices_and_species_have_a_signal() -> None:
    """A flat in Oslo costs much more than one in Vardø; petals tell the species apart."""
    flats = list(csv.DictReader(io.StringIO(prices_csv(2000, 3))))
    of_town = {town: mean(float(flat["price"]) for flat in flats if flat["town"] == town) for town in ("Oslo", "Vardø")}
    assert of_town["Oslo"] > 3 * of_town["Vardø"]
    assert 50 < sum(not flat["area"] for flat in flats) < 200
    plants = list(csv.DictReader(io.StringIO(species_csv(2000, 3))))
    kinds = sorted({plant["species"] for plant in plants})
    petals = [mean(float(plant["petal"]) for plant in plants if plant["species"] == kind) for kind in kinds]
    assert len(kinds) == 3
    assert petals[0] + 1 < petals[1] < petals[2] - 1
