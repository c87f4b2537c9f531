"""A column as a model reads it: what its cells hold, and the numbers (features) that they become."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from studio.tables.cell_parsing import MISSING, has_no_value, parse_number
from studio.tables.column_types import WireType
from studio.tables.dates import DATE_PARTS, date_part_encoder

type Kind = Literal["numeric", "categorical", "target-encoded", "boolean", "date", "ignored"]

BOOLEANS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"))
_TRUTH = {text: float(code) for pair in (*BOOLEANS, ("0", "1")) for code, text in enumerate(pair)}
_HOLDS: dict[Kind, str] = {
    "numeric": "numbers",
    "categorical": "categories",
    "target-encoded": "categories",
    "boolean": "yes or no",
    "ignored": "",
}
SAMPLE_TEXT = "value"  # the original's sample code has it in every text cell, and clients send it: it means missing


@dataclass(frozen=True)
class Column:
    """A column other than the label."""

    name: str
    kind: Kind
    type: WireType = "String"  # in the ColumnTypes of answers
    # Of a categorical column the text of code 0, 1, ...; of a numeric column the texts that mean missing.
    categories: tuple[str, ...] = ()
    date_format: str = ""  # of a date column, one of `studio.tables.dates.DATE_FORMATS`
    encodings: tuple[float, ...] = ()  # of a target-encoded column: the number of each category; 0 for others
    optional: bool = False  # a request may leave it out, as it could when this model was trained

    def encoders(self) -> list[Callable[[str], float]]:
        """Return for each feature of the column the function from a stripped cell to a number; NaN means missing.

        The function raises ValueError for a text where the column holds numbers, dates, or yes and no.
        """
        match self.kind:
            case "categorical":
                codes = {category: float(code) for code, category in enumerate(self.categories)}
                return [lambda cell: codes.get(cell, math.nan)]
            case "target-encoded":
                return [_target_encoder(dict(zip(self.categories, self.encodings, strict=True)))]
            case "boolean":
                return [_truth]
            case "date":
                return [_sample_as_missing(date_part_encoder(self.date_format, part)) for part in DATE_PARTS]
            case "ignored":
                return []
        return [_number_encoder(frozenset(self.categories))]

    @property
    def holds(self) -> str:
        """What the cells hold, in words; empty for an ignored column."""
        return f"dates as {self.date_format}" if self.kind == "date" else _HOLDS[self.kind]

    @property
    def required(self) -> bool:
        """Whether a request must have the column."""
        return self.kind != "ignored" and not self.optional

    @property
    def category_count(self) -> int:
        """How many categories the feature has; 0 if it is a number."""
        return len(self.categories) if self.kind == "categorical" else 0


def _truth(cell: str) -> float:
    truth = _TRUTH.get(cell.lower())
    if truth is None and not has_no_value(cell) and cell != SAMPLE_TEXT:
        raise ValueError("is neither yes nor no")
    return math.nan if truth is None else truth


def _sample_as_missing(encode: Callable[[str], float]) -> Callable[[str], float]:
    return lambda cell: math.nan if cell == SAMPLE_TEXT else encode(cell)


def _target_encoder(encodings: Mapping[str, float]) -> Callable[[str], float]:
    return lambda cell: math.nan if cell in MISSING else encodings.get(cell, 0.0)


def _number_encoder(odd: frozenset[str]) -> Callable[[str], float]:
    def encode(cell: str) -> float:
        number = parse_number(cell)
        if number is not None:
            return number
        if cell in odd or has_no_value(cell):
            return math.nan
        raise ValueError("is not a number")

    return encode


def feature_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the column of each feature."""
    return tuple(column for column in columns for _ in column.encoders())
