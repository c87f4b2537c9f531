"""The readers of a schema's columns (pure)."""

from collections.abc import Mapping, Sequence

from shared.intake.cells import ColumnReader
from shared.intake.date_cells import DateReader, UndecidedDateReader
from shared.intake.label_cells import BooleanReader, LabelReader, NumberLabelReader
from shared.intake.number_cells import NumberReader, settled
from shared.intake.settings import Dialect
from shared.intake.table_schema import FieldType, SchemaField, TableSchema, Undecided
from shared.intake.text_cells import TextReader

_USUAL_DIALECT = Dialect()
_DATES = {FieldType.DATE, FieldType.DATETIME, FieldType.TIME, FieldType.YEAR}


def column_readers(
    schema: TableSchema,
    label: str | None = None,
    classes: Sequence[str] = (),
    dialect: Dialect = _USUAL_DIALECT,
    golden: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, ColumnReader]:
    """Return a reader for each column of a schema, by its name; make new ones for each file.

    Args:
        schema: where it comes from decides what holds if it does not say it.
        label: the column that is trained for.
        classes: the label's classes in the champion's spelling, which holds where the schema has no enum.
        dialect: what routes.toml says; the schema's own signs come first.
        golden: cells of the golden rows by column: booleans are spelt as there, where the schema names no values.
    """
    return {
        field.name: _reader(field, schema, label, classes, dialect, (golden or {}).get(field.name, ()))
        for field in schema.fields
    }


def _reader(  # noqa: PLR0917 - all that decides how a column is read
    field: SchemaField,
    schema: TableSchema,
    label: str | None,
    classes: Sequence[str],
    dialect: Dialect,
    golden: Sequence[str],
) -> ColumnReader:
    numbers = field.type in {FieldType.NUMBER, FieldType.INTEGER}
    is_label = field.name == label
    if field.type in _DATES:
        return DateReader(field)
    if field.type is FieldType.BOOLEAN:
        return BooleanReader(field, (*classes, *golden) if is_label else golden)
    spellings = field.constraints.enum or (*field.notes.values, *classes)
    if numbers:
        reader = NumberReader(
            settled(field, learnt=schema.learnt, decimal=dialect.decimal, thousands=dialect.thousands)
        )
        return NumberLabelReader(reader, spellings) if is_label and spellings else reader
    if is_label:
        return LabelReader(field, spellings)
    if field.notes.undecided is Undecided.DATE:
        return UndecidedDateReader(field)
    return TextReader(field)
