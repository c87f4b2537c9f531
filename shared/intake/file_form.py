"""The form of one file, as its header decided it (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.intake.clean_columns import CleanColumn, clean_columns
from shared.intake.column_readers import column_readers
from shared.intake.csv_rows import RowForm
from shared.intake.file_report import Expected
from shared.intake.header_match import MatchedHeader
from shared.intake.holdout_rows import HoldoutKeys
from shared.intake.settings import IntakeSettings
from shared.intake.table_schema import SchemaField, TableSchema


@dataclass(frozen=True, kw_only=True)
class FileForm:
    """What is the same for all rows of a file.

    Attributes:
        columns: of the clean rows, in their order; they keep what was read.
        classes: the labels in the champion's spelling.
    """

    rows: RowForm
    header: MatchedHeader
    columns: Sequence[CleanColumn]
    holdout: HoldoutKeys | None
    settings: IntakeSettings
    classes: Sequence[str]

    @property
    def label(self) -> int | None:
        """The place of the label among the clean columns; None without one."""
        return next((at for at, column in enumerate(self.columns) if column.is_label), None)


def file_form(rows: RowForm, header: MatchedHeader, settings: IntakeSettings, expected: Expected) -> FileForm:
    """Return the form of a file with this header."""
    schema, label = expected.schema or _label_alone(expected.label), expected.label
    readers = column_readers(schema, label, expected.classes, settings.dialect, expected.golden)
    if expected.watch is not None:
        readers = {name: expected.watch(reader) for name, reader in readers.items()}
    holdout = None
    if expected.holdout is not None:
        # Readers of their own: a class is spelt as in the file, and not as in the holdout.
        of_holdout = column_readers(schema, label) if expected.schema is not None else {}
        holdout = HoldoutKeys(expected.holdout, header.columns, of_holdout)
    return FileForm(
        rows=rows,
        header=header,
        columns=clean_columns(header, readers, label),
        holdout=holdout,
        settings=settings,
        classes=expected.classes,
    )


def _label_alone(label: str | None) -> TableSchema:
    """Return the schema of a route without one: only the label is more than text."""
    return TableSchema(fields=(SchemaField(name=label),) if label is not None else ())
