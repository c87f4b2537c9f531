"""The schema that a refused file would fit, with as little loosened as that takes (pure)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.intake.cell_constraints import check_of
from shared.intake.cells import Cell, CellCode, ColumnReader
from shared.intake.column_evidence import ColumnEvidence
from shared.intake.column_readers import column_readers
from shared.intake.field_learning import merged_classes
from shared.intake.table_schema import NO_CONSTRAINTS, Constraints, FieldType, SchemaField, TableSchema, Undecided

_ORDERED = ("minimum", "maximum")
_CONSTRAINTS = ("enum", *_ORDERED, "min_length", "max_length", "pattern")


@dataclass
class Misfit:
    """How the cells of a column do not fit its field.

    Attributes:
        form: whether cells are not of the type, or have two readings.
        constraints: those that cells violate.
    """

    form: bool = False
    constraints: set[str] = field(default_factory=set)


class MisfitReader:
    """Reads a column as its reader does, and notes how its cells do not fit."""

    def __init__(self, reader: ColumnReader, misfits: dict[str, Misfit]) -> None:
        self.field = reader.field
        self.plain = reader.plain
        self._reader = reader
        self._misfits = misfits

    @property
    def warning(self) -> str:
        """What the reader warns of."""
        return self._reader.warning

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        answer = self._reader.read(cell)
        if answer.problem is not None:
            misfit = self._misfits.setdefault(self.field.name, Misfit())
            if answer.problem.code is not CellCode.CONSTRAINT:
                misfit.form = True
            elif answer.missing:
                misfit.constraints.add("required")
            else:
                misfit.constraints |= self._violated(cell)
        return answer

    def _violated(self, cell: str) -> set[str]:
        """Return the constraints that a cell violates, each tried alone; all of them if none is alone."""
        limits = self.field.constraints
        violated = set()
        for name in _CONSTRAINTS:
            alone = replace(self.field, constraints=Constraints(**{name: getattr(limits, name)}))
            check = check_of(alone)
            if check is not None and check(cell.strip()) is not None:
                violated.add(name)
        return violated or {name for name in _CONSTRAINTS if getattr(limits, name) is not None}


def fitted(
    current: TableSchema,
    learnt: TableSchema,
    misfits: Mapping[str, Misfit],
    evidence: Callable[[str], ColumnEvidence],
) -> TableSchema:
    """Return the current schema with the columns of a file: new ones as learnt, others loosened where they misfit.

    Args:
        current: the schema in force.
        learnt: what the file alone would teach; it has the file's columns.
        misfits: by column.
        evidence: gives that of a column of the file.
    """
    fields: list[SchemaField] = []
    for old in current.fields:
        new, misfit = learnt.field(old.name), misfits.get(old.name)
        if new is not None:
            before = old if current.learnt else _with_defaults(old)
            fields.append(before if misfit is None else _loosened(before, new, misfit, evidence(old.name)))
    fields += [field for field in learnt.fields if current.field(field.name) is None]
    return replace(current, fields=tuple(fields), origin=learnt.origin)


def _with_defaults(field: SchemaField) -> SchemaField:
    """Return a field by hand with what the standard takes for granted: in a learnt schema that would be undecided."""
    if field.type is FieldType.NUMBER and field.decimal_char is None:
        return replace(field, decimal_char=".")
    return field


def _loosened(old: SchemaField, new: SchemaField, misfit: Misfit, evidence: ColumnEvidence) -> SchemaField:
    limits = _loosened_limits(old, misfit, evidence)
    if "enum" in misfit.constraints:
        limits = limits._replace(enum=_merged(old, new, evidence))
    if not misfit.form:
        return replace(old, constraints=limits)
    enum = tuple(merged_classes(old.constraints.enum or (), new.constraints.enum)) if new.constraints.enum else None
    limits = Constraints(enum=enum, required=limits.required, unique=limits.unique)
    return replace(new, constraints=limits, annotations=old.annotations)


def _loosened_limits(field: SchemaField, misfit: Misfit, evidence: ColumnEvidence) -> Constraints:
    """Return the constraints without those that are violated; classes and ranges only grow."""
    limits = field.constraints._replace(**{name: getattr(NO_CONSTRAINTS, name) for name in misfit.constraints})
    if field.type in {FieldType.NUMBER, FieldType.INTEGER}:
        if "minimum" in misfit.constraints and evidence.low is not None:
            limits = limits._replace(minimum=_number(evidence.low))
        if "maximum" in misfit.constraints and evidence.high is not None:
            limits = limits._replace(maximum=_number(evidence.high))
    return limits


def _merged(old: SchemaField, new: SchemaField, evidence: ColumnEvidence) -> tuple[str, ...] | None:
    """Return the values that a field allows, with those of a file: of a label by class, else by text."""
    values = old.constraints.enum or ()
    classes = new.notes.values if new.notes.undecided is Undecided.CLASSES else new.constraints.enum
    if classes is not None:
        return tuple(merged_classes(values, classes))
    return None if evidence.texts is None else tuple(dict.fromkeys((*values, *_clean_texts(old, evidence.texts))))


def _clean_texts(column: SchemaField, texts: Sequence[str]) -> Iterator[str]:
    """Yield the cells of a column as clean rows have them, which is how its field names values."""
    unlimited = replace(column, constraints=NO_CONSTRAINTS)
    reader = column_readers(TableSchema(fields=(unlimited,), origin=None))[column.name]
    for text in texts:
        cell = reader.read(text)
        if cell.problem is None and not cell.missing:
            yield cell.text


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
