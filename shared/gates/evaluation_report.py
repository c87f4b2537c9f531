"""Reads the CSV of Evaluate Model into an EvaluationReport: metrics by name (pure; protocol 5)."""

from typing import NamedTuple

from shared.csv_text import CsvError, read_csv
from shared.errors import BadEvaluationError
from shared.gates.finite_numbers import finite_number
from shared.gates.known_metrics import CONFUSION_CELLS, in_any_spelling, is_possible, metric_key, why_impossible
from shared.gates.undefined_metrics import undefined
from shared.plurals import counted

# The columns that hold how many rows an evaluation scored; otherwise the cells of a confusion matrix add up to it.
_ROW_COUNTS = ("Number of Points", "Number of examples in fold")


class EvaluationReport(NamedTuple):
    """One row of an evaluation.

    Attributes:
        metrics: the value as reported, by the name in the header; None where the cell is no finite number.
        row: which row was read, from 0.
        rows: how many rows the evaluation has: one per connected scored dataset.
    """

    metrics: dict[str, float | None]
    row: int
    rows: int

    def has(self, metric: str) -> bool:
        """Tell whether the evaluation has this column, in any spelling."""
        return any(metric_key(name) == metric_key(metric) for name in self.metrics)

    @property
    def examples(self) -> int | None:
        """How many rows were scored; None if the evaluation does not say."""
        counts = [self.value(name) for name in _ROW_COUNTS if self.value(name) is not None][:1]
        if not counts:
            counts = [self.value(name) for name in CONFUSION_CELLS]
        whole = [count for count in counts if count is not None and count >= 0 and count.is_integer()]
        return int(sum(whole)) if len(whole) == len(counts) else None

    def value(self, metric: str) -> float | None:
        """Return the metric's value; None if it is missing, not finite, impossible, or cannot be computed at all."""
        value = in_any_spelling(self.metrics, metric)
        if value is None or not is_possible(metric, value) or metric_key(metric) in undefined(self.metrics):
            return None
        return value

    @property
    def measured(self) -> dict[str, float | None]:
        """The metrics as they may be recorded and compared: by `value`."""
        return {name: self.value(name) for name in self.metrics}

    def why_none(self, metric: str) -> str:
        """Return why a metric has no value."""
        if not self.has(metric):
            return f"{metric} is not in the evaluation"
        value, reason = in_any_spelling(self.metrics, metric), undefined(self.metrics).get(metric_key(metric))
        if value is None:
            return f"{metric} is not a finite number"
        if reason is not None and is_possible(metric, value):
            return f"{metric} {value:g} is no value: {reason}"
        return why_impossible(metric, value)


def read_evaluation(text: str, row: int = 0) -> EvaluationReport:
    """Read one row of an Evaluate Model CSV (protocol 5); `row` counts from 0.

    A cell that holds no finite number (text, `NaN`, `Infinity`, nothing) has the value None: it is never taken for the
    worst or the best value.

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
    values = {name: finite_number(cell) for name, cell in zip(table.columns, cells, strict=True)}
    return EvaluationReport(values, row, len(table.rows))
