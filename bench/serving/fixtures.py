"""The fixtures: a published experiment, its trees in LightGBM's own format, and rows with expected answers."""

import csv
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from landfall.sample_data import census
from studio.commands.describe import describe
from studio.models.model import Model
from studio.models.model_file import load_model
from studio.scoring.lightgbm_scorer import model_text
from studio.tables.column_names import column_names
from studio.training.experiment import Experiment
from studio.training.training_plan import TrainingPlan
from studio.workspace.database import Database
from studio.workspace.publishing import publish

EXPERIMENT = "Bench Model"
TEST_FRACTION, SEED = 0.25, 7
# LightGBM gives the studio raw scores, which the studio turns into probabilities; for the others LightGBM does both.
_RAW_SCORES, _PROBABILITIES = "\nobjective=regression\n", "\nobjective=binary sigmoid:1\n"
NO_ADDRESS = "http://127.0.0.1:1"  # a placeholder: `described` gives the URLs once the studio's port is known


@dataclass(frozen=True)
class Table:
    """A CSV to train on."""

    path: Path
    label: str
    positive: str

    @classmethod
    def generate(cls, path: Path, rows: int, seed: int) -> "Table":
        """Write a generated census of `rows` rows."""
        path.write_text(census.census_csv(rows, seed), encoding="utf-8")
        return cls(path, census.LABEL, ">50K")

    @classmethod
    def from_csv(cls, path: Path, label: str | None) -> "Table":
        """Take a CSV of the user. The label defaults to the last column; the rarer of its values is positive.

        Raises:
            BenchError: the file cannot be read, or its label does not have two values.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                header, *rows = csv.reader(file)
        except (OSError, ValueError, csv.Error) as error:
            raise BenchError(f"{path} cannot be read: {error}") from error
        names = column_names(header)
        label = label or names[-1]
        if label not in names:
            raise BenchError(f"{path} has no column {label!r}; it has {', '.join(names)}")
        counts = Counter(row[names.index(label)].strip() for row in rows if row)
        if len(counts) != 2:
            raise BenchError(
                f"column {label!r} of {path} has {len(counts)} values; name a column with two values by --label"
            )
        return cls(path, label, min(counts, key=lambda value: (counts[value], value)))

    @property
    def plan(self) -> TrainingPlan:
        """The plan by which the studio trains on it."""
        return TrainingPlan("binary", self.label, self.positive, test_fraction=TEST_FRACTION, seed=SEED)

    def sample(self, rows: int) -> list[list[str]]:
        """Return `rows` rows of cells without the label, from the top; a short file is repeated."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            at = column_names(next(reader)).index(self.label)
            whole_rows = [[cell.strip() for cell in row] for row, _ in zip(reader, range(rows), strict=False) if row]
        cells = [[cell for place, cell in enumerate(row) if place != at] for row in whole_rows]
        return [cells[number % len(cells)] for number in range(rows)]


@dataclass(frozen=True)
class Feature:
    """One number that the model takes, as the baselines know it: its name and its categories."""

    name: str
    categories: Sequence[str]  # by code; none for a number


@dataclass(frozen=True)
class Fixtures:
    """What every service is started with.

    Attributes:
        data: the studio's data folder.
        folder: for the baselines: `model.txt`, the trees in LightGBM's format, and `features.json`.
    """

    data: Path
    folder: Path
    model: Model
    booster: Any

    @property
    def features(self) -> list[Feature]:
        """The model's features; each part of a date is a number of its own."""
        places = [place for place, _ in self.model.features]
        return [
            Feature(
                f"{column.name} {number}" if places.count(place) > 1 else column.name,
                column.categories if column.category_count else (),
            )
            for number, place in enumerate(places)
            for column in [self.model.columns[place]]
        ]

    def described(self, base_url: str) -> dict[str, Any]:
        """Return the studio's own description of the published service."""
        with Database(self.data) as database:
            (service,) = describe(database, base_url)["services"]
        return dict(service)

    def encoded(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Return rows of cells as the numbers that the model takes."""
        return np.array([[encode(row[place]) for place, encode in self.model.features] for row in rows])

    def probabilities(self, rows: Sequence[Sequence[str]]) -> list[float]:
        """Return the probability of the positive class for each row, as LightGBM computes it."""
        return [float(value) for value in self.booster.predict(self.encoded(rows), num_threads=1)]


def prepare(table: Table, folder: Path) -> Fixtures:
    """Publish an experiment in a new data folder and save its trees for LightGBM.

    Raises:
        BenchError: the model has no trees that LightGBM could read.
    """
    import lightgbm  # noqa: PLC0415 - 0.3 s, and `--help` should be quick

    folder.mkdir()
    data = folder / "studio"
    with Database(data) as database:
        published = publish(database, Experiment(EXPERIMENT, table.path, table.plan), NO_ADDRESS)
    model = load_model(published.seed_model.read_bytes())
    text = model_text(model)
    if _RAW_SCORES not in text or not model.trees:
        raise BenchError("the model is not a binary model of trees, so the baselines cannot serve it")
    (folder / "model.txt").write_text(text.replace(_RAW_SCORES, _PROBABILITIES), encoding="utf-8")
    fixtures = Fixtures(data, folder, model, lightgbm.Booster(model_file=str(folder / "model.txt")))
    described = {"features": [asdict(feature) for feature in fixtures.features], "classes": model.classes}
    (folder / "features.json").write_text(json.dumps(described), encoding="utf-8")
    return fixtures


def number_or_none(value: float) -> float | None:
    """Return a number for JSON, which has no NaN: null instead."""
    return None if math.isnan(value) else float(value)
