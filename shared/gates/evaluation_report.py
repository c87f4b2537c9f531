"""Evaluate Model CSV -> EvaluationReport: named metrics, with their direction (pure)."""

import math
from dataclasses import dataclass

from shared.csv_text import CsvError, read_csv
from shared.errors import BadEvaluationError
from shared.gates.known_metrics import CONFUSION_CELLS, is_possible, metric_key, why_impossible
from shared.gates.undefined_metrics import undefined
from shared.plurals import counted

# How an evaluation tells the number of rows that it scored: one column, or the four cells of a confusion matrix.
_COUNTED = ("Number of Points", "Number of examples in fold")


@dataclass(frozen=True)
class EvaluationReport:
    """One row of an evaluation.

    Attributes:
        metrics: by the name the header spells, as it was told; None where the cell is no finite number.
        row: which row was read, from 0.
        rows: how many rows the evaluation has (one per connected scored dataset, protocol 5).
    """

    metrics: dict[str, float | None]
    row: int
    rows: int

    def has(self, metric: str) -> bool:
        """Tell whether the evaluation has this column, in whatever spelling."""
        return any(metric_key(name) == metric_key(metric) for name in self.metrics)

    @property
    def examples(self) -> int | None:
        """How many rows were scored; None if the evaluation does not tell (protocol 5)."""
        told = [self.value(name) for name in _COUNTED if self.value(name) is not None]
        cells = [self.value(name) for name in CONFUSION_CELLS]
        numbers = [one for one in told[:1] or cells if one is not None and one >= 0 and one.is_integer()]
        return int(sum(numbers)) if len(numbers) == (1 if told else len(cells)) else None

    def value(self, metric: str) -> float | None:
        """Return the metric's value; None if it is missing, not finite, impossible, or cannot be computed at all."""
        told = self._told(metric)
        if told is None or not is_possible(metric, told) or metric_key(metric) in undefined(self.metrics):
            return None
        return told

    @property
    def measured(self) -> dict[str, float | None]:
        """The metrics as they may be recorded and compared: what `value` denies is none."""
        return {name: self.value(name) for name in self.metrics}

    def why_none(self, metric: str) -> str:
        """Return why a metric has no value."""
        if not self.has(metric):
            return f"{metric} is not in the evaluation"
        told, why = self._told(metric), undefined(self.metrics).get(metric_key(metric))
        if told is None:
            return f"{metric} is not a finite number"
        if why is not None and is_possible(metric, told):
            return f"{metric} {told:g} is no value: {why}"
        return why_impossible(metric, told)

    def _told(self, metric: str) -> float | None:
        key = metric_key(metric)
        return next((value for name, value in self.metrics.items() if metric_key(name) == key), None)


def read_evaluation(text: str, row: int = 0) -> EvaluationReport:
    """Read one row of an Evaluate Model CSV (protocol 5).

    Columns that are no numbers are kept with the value None, as are `NaN`, `Infinity` and empty cells: "no value",
    never the worst or the best one.

    Raises:
        BadEvaluationError: no header, no such row, a row of another width, or two columns of one name.
    """
    try:
        table = read_csv(text)
    except CsvError as error:
        raise BadEvaluationError(f"the evaluation {error}") from error
    keys = [metric_key(name) for name in table.columns]
    twice = sorted({name for name, key in zip(table.columns, keys, strict=True) if keys.count(key) > 1})
    if twice:
        raise BadEvaluationError(f"the evaluation names a column more than once: {', '.join(twice)}")
    if not 0 <= row < len(table.rows):
        raise BadEvaluationError(
            f"the evaluation has no row {row}, only {counted(len(table.rows), 'row')}, counted from 0:"
            " correct evaluation_row in routes.toml"
        )
    cells = table.rows[row]
    if len(cells) != len(table.columns):
        raise BadEvaluationError(
            f"line {table.lines[row]} of the evaluation has {counted(len(cells), 'cell')}, the header names"
            f" {counted(len(table.columns), 'column')}"
        )
    values = {name: _finite(cell) for name, cell in zip(table.columns, cells, strict=True)}
    return EvaluationReport(values, row, len(table.rows))


def _finite(cell: str) -> float | None:
    try:
        value = float(cell.strip().replace("_", "x"))  # Python would take 1_000 for a number; the protocol does not
    except ValueError:
        return None
    return value if math.isfinite(value) else None
