"""What a later file decides of a learnt schema: an order of day and month, a decimal sign, a second class (pure)."""

from collections.abc import Callable
from dataclasses import replace

from shared.intake.cell_kinds import Kind
from shared.intake.cells import Cell, ColumnReader
from shared.intake.field_learning import decimal_sign, merged_classes, moment_forms
from shared.intake.learning import Learner
from shared.intake.table_schema import Constraints, Origin, SchemaField, TableSchema, Undecided

_EMPTY_FORMATS: tuple[str, ...] = ()


class EvidenceReader:
    """Reads a column as its reader does, and gives its cells to a learner."""

    def __init__(self, reader: ColumnReader, learner: Learner) -> None:
        self.field = reader.field
        self.plain = reader.plain
        self._reader = reader
        self._learner = learner

    @property
    def warning(self) -> str:
        """What the reader warns of."""
        return self._reader.warning

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        self._learner.add(self.field.name, cell)
        return self._reader.read(cell)


def watch_of(learner: Learner) -> Callable[[ColumnReader], ColumnReader]:
    """Return what has the columns of a learner watched while a file is checked (`Expected.watch`)."""

    def watch(reader: ColumnReader) -> ColumnReader:
        return EvidenceReader(reader, learner) if learner.has(reader.field.name) else reader

    return watch


def open_columns(schema: TableSchema) -> tuple[str, ...]:
    """Return the columns that a file may decide. Whole numbers say nothing: a `Learner` need not get them."""
    return tuple(field.name for field in schema.fields if field.notes.undecided is not None)


def tightened(schema: TableSchema, learner: Learner, origin: Origin) -> TableSchema | None:
    """Return the schema with what a file's certain cells decide; None if they decide nothing.

    The file must then pass the check against it, and only then it is put in force.

    Args:
        schema: the schema in force.
        learner: has the cells of the open columns.
        origin: the run of the file.
    """
    fields = tuple(_decided(field, learner) if field.notes.undecided is not None else field for field in schema.fields)
    return None if fields == schema.fields else replace(schema, fields=fields, origin=origin)


def _decided(field: SchemaField, learner: Learner) -> SchemaField:
    match field.notes.undecided:
        case Undecided.DATE:
            return _date(field, learner)
        case Undecided.DECIMAL:
            return _number(field, learner)
        case _:
            return _label(field, learner)


def _date(field: SchemaField, learner: Learner) -> SchemaField:
    context = learner.context(field.name)
    forms = moment_forms(learner.evidence(field.name), context.golden)
    if len(forms) != 1 or forms[0].format not in field.notes.formats:
        return field
    notes = field.notes._replace(undecided=None, formats=_EMPTY_FORMATS)
    return replace(field, type=forms[0].type, format=forms[0].format, notes=notes)


def _number(field: SchemaField, learner: Learner) -> SchemaField:
    evidence = learner.evidence(field.name)
    decimal = decimal_sign(evidence)
    if decimal is None and evidence.count((Kind.POINT_OR_GROUP, Kind.COMMA_OR_GROUP)):
        decimal = learner.context(field.name).decimal  # another column of the same file proves it
    if decimal is None:
        return field
    groups = [group for group, _ in evidence.groups.most_common() if group != decimal]
    group = field.group_char or (groups[0] if groups else None)
    return replace(field, decimal_char=decimal, group_char=group, notes=field.notes._replace(undecided=None))


def _label(field: SchemaField, learner: Learner) -> SchemaField:
    classes = learner.evidence(field.name).classes
    known_classes = learner.label.classes if learner.label is not None else ()
    merged = merged_classes((*field.notes.values, *known_classes), classes or ())
    if classes is None or len(merged) < 2:
        return field
    limits = Constraints(enum=tuple(merged))
    return replace(field, constraints=limits, notes=field.notes._replace(undecided=None, values=()))
