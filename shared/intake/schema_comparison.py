"""What differs between two versions of a schema, and what that means for files that were accepted before (pure)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.intake.table_schema import (
    CONSTRAINT_NAMES,
    DEFAULT_FORMAT,
    NO_CONSTRAINTS,
    FieldType,
    SchemaField,
    TableSchema,
)
from shared.records.json_codec import to_json_value

_ANY_TEXT = {FieldType.STRING, FieldType.ANY}


class SchemaChange(NamedTuple):
    """How one version of a schema differs from the one before.

    Attributes:
        added, removed: columns.
        altered: sentences about columns that both have.
        narrowed: columns of which cells may have been accepted that no longer are.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    altered: tuple[str, ...]
    narrowed: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """Every difference, a sentence each."""
        return [
            *(f"The column {name!r} is new." for name in self.added),
            *(f"The column {name!r} is no longer there." for name in self.removed),
            *self.altered,
        ]


def schema_change(before: TableSchema, after: TableSchema) -> SchemaChange:
    """Compare two versions of a schema; notes do not count, for no cell is refused for them."""
    pairs = [(field, new) for field in before.fields if (new := after.field(field.name)) is not None]
    return SchemaChange(
        added=tuple(name for name in after.names if name not in before.names),
        removed=tuple(name for name in before.names if name not in after.names),
        altered=tuple(sentence for field, new in pairs for sentence in _alterations(field, new)),
        narrowed=tuple(field.name for field, new in pairs if not _accepts_all_of(new, field)),
    )


def _alterations(before: SchemaField, after: SchemaField) -> Iterator[str]:
    name = repr(before.name)
    if _form(before) != _form(after):
        yield f"The column {name} is {_form(after)} instead of {_form(before)}."
    old, new = (dict(to_json_value(field.constraints)) for field in (before, after))
    for constraint in dict.fromkeys((*old, *new)):
        was, becomes = old.get(constraint), new.get(constraint)
        if was != becomes:
            shown = CONSTRAINT_NAMES.get(constraint, constraint)
            yield f"{shown} of column {name} is {_shown(becomes)} instead of {_shown(was)}."
    lost = [text for text in before.missing_values if text not in after.missing_values]
    gained = [text for text in after.missing_values if text not in before.missing_values]
    if lost or gained:
        changes = [f"{what} {_shown(texts)}" for what, texts in (("no longer", lost), ("also", gained)) if texts]
        yield f"Missing values of column {name} are {' and '.join(changes)}."


def _form(field: SchemaField) -> str:
    """Return the type of a field and how its cells are written."""
    parts = [field.type.value]
    if field.format != DEFAULT_FORMAT:
        parts.append(f"in the format {field.format}")
    if field.decimal_char not in {None, "."}:
        parts.append(f"with decimalChar {field.decimal_char!r}")
    if field.group_char is not None:
        parts.append(f"with groupChar {field.group_char!r}")
    if not field.bare_number:
        parts.append(f"with {field.notes.unit or 'units'}")
    if field.type is FieldType.BOOLEAN:
        parts.append(f"of {_shown([*field.true_values, *field.false_values])}")
    return " ".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        texts = [repr(text) for text in value]
        return ", ".join(texts[:10]) + (f" and {len(texts) - 10} more" if len(texts) > 10 else "")
    return "not said" if value is None else repr(value)


def _accepts_all_of(after: SchemaField, before: SchemaField) -> bool:
    """Tell whether a field certainly accepts every cell that the one before accepted, as a value or as missing."""
    if not set(before.missing_values) <= set(after.missing_values) and after.type not in _ANY_TEXT:
        return False
    if after.type in _ANY_TEXT and after.format == DEFAULT_FORMAT:
        return _limits_within(after, before)
    same_form = _form(before) == _form(after) and before.notes.undecided == after.notes.undecided
    return same_form and _limits_within(after, before)


def _limits_within(after: SchemaField, before: SchemaField) -> bool:
    """Tell whether no constraint is tighter than before: each is gone, the same, or an enum that has all values."""
    new, old = after.constraints, before.constraints
    if new.enum is not None and not set(_texts(old.enum)) <= set(new.enum):
        return False
    if new.enum is not None and old.enum is None:
        return False
    rest = new._replace(enum=None)
    return all(
        value in {default, was}
        for value, default, was in zip(rest, NO_CONSTRAINTS, old._replace(enum=None), strict=True)
    )


def _texts(values: Sequence[str] | None) -> Sequence[str]:
    return values or ()
