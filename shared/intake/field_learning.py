"""The field that a column's cells teach: only what is certain (pure)."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shared.gates.holdout import label_key
from shared.intake.cell_kinds import NUMBERS, PLACEHOLDERS, Kind, MomentForm
from shared.intake.column_evidence import ColumnEvidence
from shared.intake.table_schema import (
    EMPTY_IS_MISSING,
    FALSE_VALUES,
    TRUE_VALUES,
    Constraints,
    FieldType,
    Notes,
    SchemaField,
    Undecided,
)

_MISSING_VALUES = (*EMPTY_IS_MISSING, *PLACEHOLDERS)  # of numbers, dates and times
_CLASSES_AMONG_NUMBERS = 2  # more different numbers may be amounts, unless it is certain that they are classes


class Warned(NamedTuple):
    """What people should know about a learnt column; `row`: the data row of a cell that shows it, from 1."""

    column: str
    message: str
    row: int | None = None


class Label(NamedTuple):
    """The column that is trained for.

    Attributes:
        classes: in the champion's spelling; empty if they are not known.
        has_classes: whether it is classified; None if nothing says it.
    """

    name: str
    classes: Sequence[str] = ()
    has_classes: bool | None = None


class ColumnContext(NamedTuple):
    """What decides over a column beside its own cells.

    Attributes:
        golden: the cells of the golden rows.
        decimal: the decimal sign; None while nothing decides it.
        thousands: the group sign that routes.toml says; None: its cells decide.
    """

    golden: ColumnEvidence
    decimal: str | None
    thousands: str | None


def decimal_sign(evidence: ColumnEvidence) -> str | None:
    """Return the decimal sign that a column's cells prove: the more frequent one; None if they prove neither."""
    points, commas = evidence.rows[Kind.POINT], evidence.rows[Kind.COMMA]
    if not points and not commas:
        return None
    return "," if commas > points else "."


def learnt_field(name: str, evidence: ColumnEvidence, context: ColumnContext, warnings: list[Warned]) -> SchemaField:
    """Return the field of a feature."""
    if not evidence.values:
        share = evidence.missing_share(placeholders=True)
        warnings.append(Warned(name, "The column has no value, so its type is not known: every cell is accepted."))
        return SchemaField(name=name, type=FieldType.ANY, notes=Notes(missing=share))
    if evidence.rows[Kind.ZERO_FIRST] or context.golden.rows[Kind.ZERO_FIRST]:
        return _text_field(name, evidence)  # 007 is no 7
    if _is_of(NUMBERS, evidence, context.golden):
        return _number_field(name, evidence, context)
    if _is_of_moments(evidence, context.golden):
        return _moment_field(name, evidence, context.golden, warnings)
    if evidence.rows[Kind.BOOLEAN] == evidence.rows.total() - evidence.rows[Kind.MISSING]:
        return _boolean_field(name, evidence, context.golden)
    if evidence.count((*NUMBERS, Kind.MOMENT)) * 2 > evidence.values:
        text = "Most cells of the column are numbers or dates, but not all: it is learnt as text."
        warnings.append(Warned(name, text, evidence.odd_row))
    elif evidence.rows[Kind.NO_MOMENT] == evidence.values:
        text = "The years of the column's dates have two digits, or no calendar has them: it is learnt as text."
        warnings.append(Warned(name, text))
    return _text_field(name, evidence)


def label_field(
    name: str,
    evidence: ColumnEvidence,
    context: ColumnContext,
    label: Label,
    warnings: list[Warned],
) -> SchemaField:
    """Return the field of the label: its classes, or a number where it is none of some classes."""
    is_number = bool(evidence.values) and evidence.count(NUMBERS) == evidence.values
    classes = merged_classes(label.classes, evidence.classes or ())
    has_classes = label.has_classes
    if has_classes is None:
        has_classes = bool(label.classes) or not is_number or len(classes) <= _CLASSES_AMONG_NUMBERS
    if not has_classes:
        return learnt_field(name, evidence, context, warnings)
    kind = FieldType.NUMBER if is_number else FieldType.STRING
    decimal = context.decimal if is_number else None
    share = evidence.missing_share(placeholders=False)
    if evidence.classes is None:
        warnings.append(Warned(name, "The label has too many different values to keep them as its classes."))
        return SchemaField(name=name, type=kind, decimal_char=decimal, notes=Notes(missing=share))
    if len(classes) < 2:
        notes = Notes(missing=share, values=tuple(classes), undecided=Undecided.CLASSES)
        return SchemaField(name=name, type=kind, decimal_char=decimal, notes=notes)
    limits = Constraints(enum=tuple(classes))
    return SchemaField(name=name, type=kind, decimal_char=decimal, constraints=limits, notes=Notes(missing=share))


def merged_classes(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Return the classes of both, each in the spelling that comes first."""
    spellings: dict[str | float, str] = {}
    for text in (*first, *second):
        spellings.setdefault(label_key(text), text)
    return list(spellings.values())


def moment_forms(evidence: ColumnEvidence, golden: ColumnEvidence) -> tuple[MomentForm, ...]:
    """Return the forms that a column of dates or times can have: one if a cell is certain, and the rest agree with it.

    Where cells that are certain contradict each other, the form of most is returned: the others are then refused.
    """
    votes = Counter[MomentForm]()
    uncertain = Counter[tuple[MomentForm, ...]]()
    for forms, rows in (evidence.forms + golden.forms).items():
        if len(forms) == 1:
            votes[forms[0]] += rows
        else:
            uncertain[forms] += rows
    if votes:
        return (votes.most_common(1)[0][0],)
    return uncertain.most_common(1)[0][0] if uncertain else ()


def _is_of(kinds: Sequence[Kind], evidence: ColumnEvidence, golden: ColumnEvidence) -> bool:
    """Tell whether a column is of some kinds: all of its cells are, or the golden rows' are and most of its own.

    Where the golden rows are of the kinds and no cell of the column is, something is wrong with the file, for example
    two columns exchanged: it is of the kinds too, and the check refuses its cells.
    """
    rows = evidence.count(kinds)
    if golden.values and golden.count(kinds) < golden.values:
        return False
    return rows == evidence.values or (golden.values > 0 and (rows * 2 >= evidence.values or not rows))


def _is_of_moments(evidence: ColumnEvidence, golden: ColumnEvidence) -> bool:
    """Tell whether a column is of dates or times; what looks like one and is none does not make it a text."""
    if not evidence.rows[Kind.MOMENT]:
        return golden.values > 0 and golden.rows[Kind.MOMENT] == golden.values
    alike = evidence.count((Kind.MOMENT, Kind.NO_MOMENT)) + evidence.serials
    if alike == evidence.values and evidence.rows[Kind.MOMENT] * 2 >= evidence.values:
        return not golden.values or golden.rows[Kind.MOMENT] == golden.values
    return _is_of((Kind.MOMENT,), evidence, golden)


def _text_field(name: str, evidence: ColumnEvidence) -> SchemaField:
    notes = Notes(values=evidence.categories, missing=evidence.missing_share(placeholders=False))
    return SchemaField(name=name, type=FieldType.STRING, notes=notes)


def _number_field(name: str, evidence: ColumnEvidence, context: ColumnContext) -> SchemaField:
    units = [unit for unit, _ in evidence.units.most_common() if unit]
    unit = units[0] if units else ""
    if unit == "%" and evidence.units["%"] < evidence.units.total():
        unit = ""  # 12% beside 0.12: the check refuses one of the two
    if unit == "%" and context.golden.units[""]:
        unit = ""  # callers send shares
    groups = [group for group, _ in evidence.groups.most_common() if group != context.decimal]
    notes = Notes(
        minimum=evidence.low,
        maximum=evidence.high,
        missing=evidence.missing_share(placeholders=True),
        undecided=Undecided.DECIMAL if context.decimal is None else None,
        unit=unit,
    )
    return SchemaField(
        name=name,
        type=FieldType.NUMBER,
        decimal_char=context.decimal,
        group_char=context.thousands or (groups[0] if groups else None),
        bare_number=not unit,
        missing_values=_MISSING_VALUES,
        notes=notes,
    )


def _moment_field(name: str, evidence: ColumnEvidence, golden: ColumnEvidence, warnings: list[Warned]) -> SchemaField:
    share = evidence.missing_share(placeholders=True)
    forms = moment_forms(evidence, golden)
    if len(forms) == 1:
        form = forms[0]
        notes = Notes(missing=share)
        return SchemaField(name=name, type=form.type, format=form.format, missing_values=_MISSING_VALUES, notes=notes)
    text = "Day and month of the column's dates could be exchanged: it is kept as text until a date is certain."
    warnings.append(Warned(name, text))
    notes = Notes(missing=share, undecided=Undecided.DATE, formats=tuple(form.format for form in forms))
    return SchemaField(name=name, type=FieldType.STRING, missing_values=_MISSING_VALUES, notes=notes)


def _boolean_field(name: str, evidence: ColumnEvidence, golden: ColumnEvidence) -> SchemaField:
    """Return a field of true and false, each in the spelling that the golden rows have, or that comes first."""
    spellings = {**evidence.spellings, **golden.spellings}
    pairs = list(zip(TRUE_VALUES, FALSE_VALUES, strict=True))
    usual = next((pair for pair in pairs if set(pair) & set(spellings.values())), pairs[0])
    true = spellings.get(label_key(usual[0]), usual[0])
    false = spellings.get(label_key(usual[1]), usual[1])
    notes = Notes(missing=evidence.missing_share(placeholders=False))
    return SchemaField(name=name, type=FieldType.BOOLEAN, true_values=(true,), false_values=(false,), notes=notes)
