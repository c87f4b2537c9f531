"""A synthetic census table with the columns of the Adult data set: seeded, with missing values and a real signal."""

import csv
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

LABEL = "income"
COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", LABEL),
)
MISSING = "?"

# Name, share, and how much it adds to the log-odds of a high income.
_WORKCLASSES = (
    ("Private", 0.74, 0.0),
    ("Self-emp", 0.11, 0.1),
    ("Government", 0.13, 0.15),
    ("Without-pay", 0.02, -2.0),
)
_EDUCATIONS = (
    *(("7th-8th", 0.06, 4), ("11th", 0.08, 7), ("HS-grad", 0.33, 9), ("Some-college", 0.23, 10)),
    *(("Assoc-acdm", 0.07, 12), ("Bachelors", 0.16, 13), ("Masters", 0.05, 14), ("Doctorate", 0.02, 16)),
)
_OCCUPATIONS = (
    *(("Exec-managerial", 0.13, 1.0), ("Prof-specialty", 0.14, 0.8), ("Sales", 0.12, 0.3), ("Tech-support", 0.04, 0.6)),
    *(("Craft-repair", 0.14, 0.1), ("Adm-clerical", 0.13, 0.0), ("Machine-op-inspct", 0.11, -0.3)),
    *(("Other-service", 0.12, -0.8), ("Farming-fishing", 0.07, -1.0)),
)
_COUNTRIES = (("United-States", 0.90), ("Mexico", 0.05), ("Philippines", 0.03), ("Germany", 0.02))
_RACES = (("White", 0.85), ("Black", 0.10), ("Asian-Pac-Islander", 0.03), ("Other", 0.02))


def census_rows(rows: int, seed: int) -> list[dict[str, Any]]:
    """Return rows of the table; the same count and seed give the same rows."""
    rng = np.random.default_rng(seed)
    age = np.clip(rng.gamma(6.5, 6.0, rows), 17, 90).astype(int)
    hours = np.clip(rng.normal(40, 12, rows), 1, 99).astype(int)
    married = rng.random(rows) < np.clip((age - 18) / 40, 0.05, 0.6)
    male = rng.random(rows) < 0.67
    gain = np.where(rng.random(rows) < 0.08, (rng.lognormal(8.3, 1.0, rows)).astype(int), 0)
    loss = np.where(rng.random(rows) < 0.05, rng.integers(1200, 2500, rows), 0)
    work = _choice(rng, [share for _, share, _ in _WORKCLASSES], rows)
    school = _choice(rng, [share for _, share, _ in _EDUCATIONS], rows)
    job = _choice(rng, [share for _, share, _ in _OCCUPATIONS], rows)
    country = _choice(rng, [share for _, share in _COUNTRIES], rows)
    race = _choice(rng, [share for _, share in _RACES], rows)
    years = np.array([years for _, _, years in _EDUCATIONS])[school]
    odds = (
        -2.6
        + 0.33 * (years - 10)
        + 2.3 * married
        + np.array([weight for _, _, weight in _OCCUPATIONS])[job]
        + np.array([weight for _, _, weight in _WORKCLASSES])[work]
        + 0.03 * (hours - 40)
        - 0.0022 * (age - 48) ** 2
        + 0.3 * male
        + np.where(gain > 5000, 3.0, 0.0)
        + 0.9 * (loss > 0)
    )
    rich = rng.random(rows) < 1 / (1 + np.exp(-1.6 * odds))
    unknown_job, unknown_country = rng.random(rows) < 0.056, rng.random(rows) < 0.018
    return [
        dict(
            zip(
                COLUMNS,
                (
                    int(age[i]),
                    MISSING if unknown_job[i] else _WORKCLASSES[work[i]][0],
                    int(rng.integers(20_000, 500_000)),
                    _EDUCATIONS[school[i]][0],
                    int(years[i]),
                    _marital_status(married=bool(married[i]), age=int(age[i])),
                    MISSING if unknown_job[i] else _OCCUPATIONS[job[i]][0],
                    _relationship(married=bool(married[i]), male=bool(male[i])),
                    _RACES[race[i]][0],
                    "Male" if male[i] else "Female",
                    int(gain[i]),
                    int(loss[i]),
                    int(hours[i]),
                    MISSING if unknown_country[i] else _COUNTRIES[country[i]][0],
                    ">50K" if rich[i] else "<=50K",
                ),
                strict=True,
            )
        )
        for i in range(rows)
    ]


def census_csv(rows: int, seed: int) -> str:
    """Return rows of the table as a CSV with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(census_rows(rows, seed))
    return out.getvalue()


def _choice(rng: np.random.Generator, shares: list[float], rows: int) -> NDArray[np.int64]:
    total = sum(shares)
    return rng.choice(len(shares), size=rows, p=[share / total for share in shares])


def _marital_status(*, married: bool, age: int) -> str:
    if married:
        return "Married-civ-spouse"
    return "Never-married" if age < 30 else "Divorced"


def _relationship(*, married: bool, male: bool) -> str:
    if not married:
        return "Not-in-family"
    return "Husband" if male else "Wife"
