"""A Table Schema (Frictionless 1.0): what each column of a route's files must hold (pure).

`shared/intake/schema_reader.py` reads one from JSON; `to_json` writes it. What Landfall keeps beside the standard
stands under the key `landfall`, which other tools ignore. `missingValues` of a field is Data Package 2.0, which
Frictionless 5 reads too: a placeholder among numbers may be a value among texts.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.records.json_codec import Json, to_json_value

DEFAULT_FORMAT = "default"
EMPTY_IS_MISSING = ("",)  # the standard's default of `missingValues`
TRUE_VALUES = ("true", "True", "TRUE", "1")
FALSE_VALUES = ("false", "False", "FALSE", "0")


class FieldType(StrEnum):
    """The types of the standard that are supported."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    YEAR = "year"
    ANY = "any"


class Undecided(StrEnum):
    """What a learnt column may turn out to be, once a cell has a single reading."""

    DATE = "date"  # kept as text: day and month could be exchanged
    DECIMAL = "decimal"  # whole numbers so far: neither point nor comma was used
    CLASSES = "classes"  # of a label: so far there was only one


class Constraints(NamedTuple):
    """The constraints of a field, as the JSON has them; None: there is none.

    Attributes:
        enum, minimum, maximum: the texts of values in the field's own form, with a decimal point.
    """

    required: bool = False
    unique: bool = False
    enum: tuple[str, ...] | None = None
    minimum: str | None = None
    maximum: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


class Notes(NamedTuple):
    """What a learnt field was like; no cell is refused for it.

    Attributes:
        minimum, maximum: of numbers; None without any.
        values: the different cells of a text column, sorted; empty if there are more than `MAX_CATEGORIES`.
        missing: share of missing cells, from 0 to 1.
        undecided: what the column may yet become.
        formats: of an undecided date, the formats that are possible.
        unit: the percent sign or currency that stood at its numbers.
    """

    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    missing: float = 0.0
    undecided: Undecided | None = None
    formats: tuple[str, ...] = ()
    unit: str = ""


CONSTRAINT_NAMES = {"min_length": "minLength", "max_length": "maxLength"}  # where the JSON has another name
NO_CONSTRAINTS = Constraints()
NO_NOTES = Notes()


@dataclass(frozen=True, kw_only=True)
class SchemaField:
    """One column.

    Attributes:
        format: of strings `email`, `uri`, `uuid`; of dates and times a pattern of strptime; else `default`.
        decimal_char, group_char: None: not said. By hand, the standard's default holds; learnt, it is undecided.
        bare_number: whether a number stands alone, without a percent sign or currency.
        missing_values: the cells that hold no value.
        annotations: members without a meaning for the reading (`title`, `description`, …), kept as they are.
    """

    name: str
    type: FieldType = FieldType.STRING
    format: str = DEFAULT_FORMAT
    decimal_char: str | None = None
    group_char: str | None = None
    bare_number: bool = True
    true_values: tuple[str, ...] = TRUE_VALUES
    false_values: tuple[str, ...] = FALSE_VALUES
    missing_values: tuple[str, ...] = EMPTY_IS_MISSING
    constraints: Constraints = NO_CONSTRAINTS
    notes: Notes = NO_NOTES
    annotations: tuple[tuple[str, Any], ...] = ()


class Origin(NamedTuple):
    """Where a version of a route's schema comes from.

    Attributes:
        run: the run of the file that taught it, or that was accepted; "" of one that a person wrote.
        by, reason: of the person who accepted or gave it; "" of one that was learnt.
    """

    run: str
    at: datetime
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """The columns of a route's files, in the order of the job's input.

    Attributes:
        origin: None: it was written by hand.
    """

    fields: tuple[SchemaField, ...]
    missing_values: tuple[str, ...] = EMPTY_IS_MISSING
    origin: Origin | None = None
    annotations: tuple[tuple[str, Any], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def learnt(self) -> bool:
        """Whether files taught it: then what it does not say is undecided, and no default of the standard."""
        return self.origin is not None and bool(self.origin.run)

    def field(self, name: str) -> SchemaField | None:
        """Return the field of a column; None if there is none of that name."""
        return next((field for field in self.fields if field.name == name), None)


def to_json(schema: TableSchema) -> Json:
    """Return a schema as JSON: what the standard takes for granted is left out."""
    value: Json = dict(schema.annotations)
    value["fields"] = [_field_json(field, schema.missing_values) for field in schema.fields]
    value["missingValues"] = list(schema.missing_values)
    if schema.origin is not None:
        value["landfall"] = to_json_value(schema.origin)
    return value


def _field_json(field: SchemaField, missing_values: tuple[str, ...]) -> Json:
    value: Json = {"name": field.name, "type": field.type.value, **dict(field.annotations)}
    if field.format != DEFAULT_FORMAT:
        value["format"] = field.format
    if field.decimal_char is not None:
        value["decimalChar"] = field.decimal_char
    if field.group_char is not None:
        value["groupChar"] = field.group_char
    if not field.bare_number:
        value["bareNumber"] = False
    if field.type is FieldType.BOOLEAN:
        value["trueValues"], value["falseValues"] = list(field.true_values), list(field.false_values)
    if field.missing_values != missing_values:
        value["missingValues"] = list(field.missing_values)
    if field.constraints != NO_CONSTRAINTS:
        constraints: Json = to_json_value(field.constraints)
        value["constraints"] = {CONSTRAINT_NAMES.get(name, name): part for name, part in constraints.items()}
    if field.notes != NO_NOTES:
        value["landfall"] = to_json_value(field.notes)
    return value
