"""The material: a published experiment, the same trees as LightGBM keeps them, and rows with the answers expected."""

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
from landfall.demo import census
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
# The studio has LightGBM give raw scores and makes probabilities itself; the others leave that to LightGBM.
_RAW_SCORES, _PROBABILITIES = "\nobjective=regression\n", "\nobjective=binary sigmoid:1\n"
NO_ADDRESS = "http://127.0.0.1:1"  # URLs are asked for again once the studio's port is known


@dataclass(frozen=True)
class Table:
    """A CSV to learn from."""

    path: Path
    label: str
    positive: str

    @classmethod
    def made(cls, path: Path, rows: int, seed: int) -> "Table":
        """Write the made-up census."""
        path.write_text(census.census_csv(rows, seed), encoding="utf-8")
        return cls(path, census.LABEL, ">50K")

    @classmethod
    def given(cls, path: Path, label: str | None) -> "Table":
        """Take a CSV of the user's; the label is its last column unless named, positive the rarer of its values.

        Raises:
            BenchError: it cannot be read, or its label has not two values.
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
            raise BenchError(f"column {label!r} of {path} has {len(counts)} values; name one with two by --label")
        return cls(path, label, min(counts, key=lambda value: (counts[value], value)))

    @property
    def plan(self) -> TrainingPlan:
        """How the studio trains on it."""
        return TrainingPlan("binary", self.label, self.positive, test_fraction=TEST_FRACTION, seed=SEED)

    def sample(self, rows: int) -> list[list[str]]:
        """Return the cells of the first rows without the label; begins again at the end of a short file."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            at = column_names(next(reader)).index(self.label)
            found = [[cell.strip() for cell in row] for row, _ in zip(reader, range(rows), strict=False) if row]
        cells = [[cell for place, cell in enumerate(row) if place != at] for row in found]
        return [cells[number % len(cells)] for number in range(rows)]


@dataclass(frozen=True)
class Feature:
    """What the services beside the studio are told of a number that the model takes: its name, and its categories."""

    name: str
    categories: Sequence[str]  # by code; none for a number


@dataclass(frozen=True)
class Material:
    """What all services are started with.

    Attributes:
        data: the studio's data folder.
        folder: `model.txt`, the same trees as LightGBM keeps them, and `features.json`: for the others.
    """

    data: Path
    folder: Path
    model: Model
    booster: Any

    @property
    def features(self) -> list[Feature]:
        """The model's features; the parts of a date are numbers here."""
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
        """Return the studio's own description of the experiment's services."""
        with Database(self.data) as database:
            (service,) = describe(database, base_url)["services"]
        return dict(service)

    def encoded(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Return rows of cells as the model takes them."""
        return np.array([[encode(row[place]) for place, encode in self.model.features] for row in rows])

    def probabilities(self, rows: Sequence[Sequence[str]]) -> list[float]:
        """Return what the model says of rows, by LightGBM itself."""
        return [float(one) for one in self.booster.predict(self.encoded(rows), num_threads=1)]


def prepared(table: Table, folder: Path) -> Material:
    """Publish an experiment in a new studio, and save its trees for LightGBM.

    Raises:
        BenchError: the model has no trees.
    """
    import lightgbm  # noqa: PLC0415 - 0.3 s, and `--help` should be quick

    folder.mkdir()
    data = folder / "studio"
    with Database(data) as database:
        done = publish(database, Experiment(EXPERIMENT, table.path, table.plan), NO_ADDRESS)
    model = load_model(done.seed_model.read_bytes())
    text = model_text(model)
    if _RAW_SCORES not in text or not model.trees:
        raise BenchError("the model is not of the kind that this benchmark can hand to other services")
    (folder / "model.txt").write_text(text.replace(_RAW_SCORES, _PROBABILITIES), encoding="utf-8")
    material = Material(data, folder, model, lightgbm.Booster(model_file=str(folder / "model.txt")))
    told = {"features": [asdict(one) for one in material.features], "classes": model.classes}
    (folder / "features.json").write_text(json.dumps(told), encoding="utf-8")
    return material


def number_or_none(value: float) -> float | None:
    """Return a number as JSON can carry it: NaN is null there."""
    return None if math.isnan(value) else float(value)
