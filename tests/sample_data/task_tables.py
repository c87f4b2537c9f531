"""Synthetic tables for regression and three classes, seeded: flats and their prices, plants and their species."""

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

_TOWNS = (("Oslo", 90), ("Bergen", 60), ("Vardø", 20))  # and the price of a square metre
_SOILS = ("sand", "clay", "peat")  # a species grows on as many of them as its number says
_SPECIES = ("avens", "bilberry", "cloudberry")


def prices_csv(rows: int, seed: int) -> str:
    """Return flats with an identifier, a date, a yes or no, a category and missing cells, and their price."""
    rng = np.random.default_rng(seed)
    table = []
    for number in range(rows):
        area, lift, (town, metre) = rng.uniform(20, 180), rng.random() < 0.5, _TOWNS[rng.integers(len(_TOWNS))]
        year, month = rng.integers(2015, 2025), rng.integers(1, 13)
        price = area * metre * (1 + (year - 2015) / 20) + 800 * lift + rng.normal(0, 300)
        shown = "" if rng.random() < 0.05 else f"{area:.1f}"
        table.append([f"flat-{number}", f"{year}-{month:02}-15", shown, "yes" if lift else "no", town, f"{price:.0f}"])
    return _written(("id", "sold", "area", "lift", "town", "price"), table)


def species_csv(rows: int, seed: int) -> str:
    """Return plants of three species, with two lengths and the soil they grow on."""
    rng = np.random.default_rng(seed)
    table = []
    for _ in range(rows):
        kind = int(rng.integers(len(_SPECIES)))
        petal, sepal = rng.normal(kind * 1.6, 1), rng.normal(5 - kind, 1)
        table.append([f"{petal:.2f}", f"{sepal:.2f}", _SOILS[rng.integers(kind + 1)], _SPECIES[kind]])
    return _written(("petal", "sepal", "soil", "species"), table)


def _written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()
