"""Made-up tables for the tasks beside two classes, seeded: flats and their prices, plants and their species."""

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

_TOWNS = (("Oslo", 90), ("Bergen", 60), ("Vardø", 20))  # and the price of a square metre
_SOILS = ("sand", "clay", "peat")  # a species grows on as many of them as its number says
_SPECIES = ("avens", "bilberry", "cloudberry")


def prices_csv(rows: int, seed: int) -> str:
    """Return flats with an identifier, a date, a yes or no, a category and missing cells, and what they cost."""
    dice = np.random.default_rng(seed)
    table = []
    for number in range(rows):
        area, lift, (town, metre) = dice.uniform(20, 180), dice.random() < 0.5, _TOWNS[dice.integers(len(_TOWNS))]
        year, month = dice.integers(2015, 2025), dice.integers(1, 13)
        price = area * metre * (1 + (year - 2015) / 20) + 800 * lift + dice.normal(0, 300)
        shown = "" if dice.random() < 0.05 else f"{area:.1f}"
        table.append([f"flat-{number}", f"{year}-{month:02}-15", shown, "yes" if lift else "no", town, f"{price:.0f}"])
    return _written(("id", "sold", "area", "lift", "town", "price"), table)


def species_csv(rows: int, seed: int) -> str:
    """Return plants of three species, with two lengths and the soil they grow on."""
    dice = np.random.default_rng(seed)
    table = []
    for _ in range(rows):
        kind = int(dice.integers(len(_SPECIES)))
        petal, sepal = dice.normal(kind * 1.6, 1), dice.normal(5 - kind, 1)
        table.append([f"{petal:.2f}", f"{sepal:.2f}", _SOILS[dice.integers(kind + 1)], _SPECIES[kind]])
    return _written(("petal", "sepal", "soil", "species"), table)


def _written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()
