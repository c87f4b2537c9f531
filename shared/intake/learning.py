"""Learns a Table Schema from the first file: what is certain becomes a rule, all else a note or a question (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.intake.column_evidence import ColumnEvidence
from shared.intake.field_learning import ColumnContext, Label, Warned, decimal_sign, label_field, learnt_field
from shared.intake.settings import Dialect
from shared.intake.table_schema import Origin, SchemaField, TableSchema

_USUAL_DIALECT = Dialect()


class Learnt(NamedTuple):
    """What a file taught."""

    schema: TableSchema
    warnings: tuple[Warned, ...]


class Learner:
    """Gathers what the cells of a file say about its columns.

    A file teaches only if it then passes the check against what it taught: cells that do not fit a column's type are
    reported there, by line.
    """

    def __init__(
        self,
        columns: Iterable[str],
        label: Label | None = None,
        dialect: Dialect = _USUAL_DIALECT,
        golden: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Begin with a file.

        Args:
            columns: in the order of the job's input.
            label: the column that is trained for.
            dialect: what routes.toml says of decimals and thousands.
            golden: cells of the golden rows by column: where a few cells of the file do not fit, they say which do.
        """
        self.label = label
        self._dialect = dialect
        self._columns = {name: ColumnEvidence() for name in columns}
        self._golden = golden or {}
        self._rows = 0

    def has(self, column: str) -> bool:
        """Tell whether it gathers the cells of a column."""
        return column in self._columns

    def add(self, column: str, cell: str) -> None:
        """Add a cell of a column; distinct cells come in the file's order."""
        self._columns[column].add(cell)

    def add_rows(self, names: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
        """Add some rows, column by column; columns that it does not gather are left out."""
        for name, cells in zip(names, columns, strict=True):
            evidence = self._columns.get(name)
            if evidence is None:
                continue
            evidence.add_cells(cells)
            if evidence.odd_cell is not None and evidence.odd_row is None:
                evidence.odd_row = self._rows + cells.index(evidence.odd_cell) + 1
        self._rows += len(columns[0]) if columns else 0

    def evidence(self, column: str) -> ColumnEvidence:
        """Return what the cells of a column said so far."""
        return self._columns[column]

    def context(self, column: str) -> ColumnContext:
        """Return what decides over a column beside its own cells."""
        golden = ColumnEvidence()
        for cell in self._golden.get(column, ()):
            golden.add(cell)
        return ColumnContext(golden, self._decimal_of(column), self._dialect.thousands)

    def learnt(self, origin: Origin, *, keeps_values: bool = True) -> Learnt:
        """Return what the file taught.

        Args:
            origin: the run of the file.
            keeps_values: whether the notes may hold cells of features; they may be personal data.
        """
        warnings: list[Warned] = []
        fields = [self._field(name, warnings) for name in self._columns]
        if not keeps_values:
            fields = [field if self._is_label(field.name) else _without_values(field) for field in fields]
        return Learnt(TableSchema(fields=tuple(fields), origin=origin), tuple(warnings))

    def _field(self, name: str, warnings: list[Warned]) -> SchemaField:
        evidence, context = self._columns[name], self.context(name)
        if self.label is not None and self._is_label(name):
            return label_field(name, evidence, context, self.label, warnings)
        return learnt_field(name, evidence, context, warnings)

    def _is_label(self, name: str) -> bool:
        return self.label is not None and self.label.name == name

    def _decimal_of(self, column: str) -> str | None:
        """Return the decimal sign of a column: what routes.toml says, its cells prove, or all cells of the file do."""
        sign = self._dialect.decimal or decimal_sign(self._columns[column])
        if sign is not None:
            return sign
        signs = {decimal_sign(evidence) for evidence in self._columns.values()} - {None}
        return signs.pop() if len(signs) == 1 else None


def _without_values(field: SchemaField) -> SchemaField:
    return replace(field, notes=field.notes._replace(values=(), minimum=None, maximum=None))
