"""Tables to learn from: scikit-learn's own and CSV files of the user, read and written."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from studio.models.model import Task
from studio.tables.cell_parsing import MISSING, parse_number
from studio.tables.column_names import column_names

LABEL = "y"


@dataclass(frozen=True)
class Sample:
    """A table: columns of floats (NaN: missing), texts ("": missing), datetimes or booleans, and a label."""

    name: str
    task: Task
    columns: Mapping[str, NDArray[Any]]
    label: NDArray[Any]  # texts, or floats of a regression
    positive: str = ""  # of a binary task
    label_name: str = LABEL

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.label)


def write(sample: Sample, path: Path) -> None:
    """Write a sample as a CSV such as a database would export."""
    cells = [*(_cells(values) for values in sample.columns.values()), _cells(sample.label)]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*sample.columns, sample.label_name])
        writer.writerows(zip(*cells, strict=True))


def _cells(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else repr(value) for value in values.tolist()]
    if values.dtype.kind == "M":
        return [text.replace("T", " ") for text in np.datetime_as_string(values, unit="s").tolist()]
    if values.dtype.kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    return [str(value) for value in values.tolist()]


def bundled() -> list[Sample]:
    """Return the tables that come with scikit-learn."""
    samples = [_bundled("wine", datasets.load_wine), _bundled("iris", datasets.load_iris)]
    samples.append(_bundled("digits", datasets.load_digits))
    cancer = _bundled("breast cancer", datasets.load_breast_cancer)
    samples.append(Sample(cancer.name, "binary", cancer.columns, cancer.label, "c1"))
    diabetes = datasets.load_diabetes(scaled=False)
    samples.append(Sample("diabetes", "regression", _floats(diabetes.data), diabetes.target.astype(np.float64)))
    linnerud = datasets.load_linnerud()
    return [
        *samples,
        Sample("linnerud", "regression", _floats(linnerud.data), linnerud.target[:, 0].astype(np.float64)),
    ]


def _bundled(name: str, load: Any) -> Sample:
    bunch = load()
    return Sample(name, "multiclass", _floats(bunch.data), _classes(bunch.target))


def _floats(matrix: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {f"x{at}": values.astype(np.float64) for at, values in enumerate(matrix.T)}


def _classes(numbers: NDArray[Any]) -> NDArray[Any]:
    return np.array([f"c{number}" for number in numbers.tolist()])


def from_csv(path: Path, label: str, positive: str, task: Task) -> Sample:
    """Read a CSV. A column holds floats if every cell that is not missing spells a number.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no column `label`.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    header = list(column_names(header))
    at = header.index(label)
    columns = [np.array([cell.strip() for cell in cells]) for cells in zip(*rows, strict=True)]
    labels = columns[at].astype(np.float64) if task == "regression" else columns[at]
    features = {
        name: _typed(cells) for place, (name, cells) in enumerate(zip(header, columns, strict=True)) if place != at
    }
    return Sample(f"{path.name}: {label}", task, features, labels, positive, label)


def _typed(cells: NDArray[Any]) -> NDArray[Any]:
    numbers = [None if cell in MISSING else parse_number(cell) for cell in cells.tolist()]
    if all(number is not None or cell in MISSING for number, cell in zip(numbers, cells.tolist(), strict=True)):
        return np.array([np.nan if number is None else number for number in numbers])
    return np.array(["" if cell in MISSING else cell for cell in cells.tolist()])
