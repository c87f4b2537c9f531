"""Reads a Table Schema from JSON; what is wrong or not supported is refused by name, all at once (pure)."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.column_names import repeated
from shared.errors import ConfigError
from shared.gates.holdout import label_key
from shared.intake.date_patterns import pattern_problem
from shared.intake.field_values import value_of
from shared.intake.header_match import name_key
from shared.intake.schema_members import Members
from shared.intake.table_schema import (
    CONSTRAINT_NAMES,
    DEFAULT_FORMAT,
    EMPTY_IS_MISSING,
    FALSE_VALUES,
    NO_NOTES,
    TRUE_VALUES,
    Constraints,
    FieldType,
    Notes,
    Origin,
    SchemaField,
    TableSchema,
)
from shared.records.json_codec import reader_of, to_json_value

# Members that say nothing of how a cell is read: kept, and otherwise ignored.
_ANNOTATIONS = ("title", "description")
_SCHEMA_ANNOTATIONS = (*_ANNOTATIONS, "$schema", "name")
_FIELD_ANNOTATIONS = (*_ANNOTATIONS, "example", "rdfType")
_NUMBERS = (FieldType.NUMBER, FieldType.INTEGER)
_TIMES = (FieldType.DATE, FieldType.DATETIME, FieldType.TIME)
_STRING_FORMATS = ("default", "email", "uri", "uuid")
_ALL = tuple(FieldType)
_ORDERED = (*_NUMBERS, *_TIMES, FieldType.YEAR)
_CONSTRAINT_TYPES: Mapping[str, tuple[FieldType, ...]] = {
    "required": _ALL,
    "unique": _ALL,
    "enum": _ALL,
    "minimum": _ORDERED,
    "maximum": _ORDERED,
    "minLength": (FieldType.STRING,),
    "maxLength": (FieldType.STRING,),
    "pattern": (FieldType.STRING,),
}
_PYTHON_NAMES = {json_name: name for name, json_name in CONSTRAINT_NAMES.items()}


def parse_schema(text: str, where: str) -> TableSchema:
    """Read the schema in the JSON text of the file at `where` (container/path).

    Raises:
        ConfigError: it is none, or says something that is not supported; every problem is listed, with the member.
    """
    problems: list[str] = []
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise ConfigError([f"schema {where} is no JSON: {error}."]) from error
    schema = _schema(Members(value, "", problems)) if isinstance(value, dict) else None
    if schema is None and not problems:
        problems.append('It must be an object with a list "fields".')
    if schema is None or problems:
        raise ConfigError([f"schema {where}: {problem}" for problem in problems])
    return schema


def _schema(members: Members) -> TableSchema | None:
    fields = members.take("fields", list, [], "a list of fields")
    missing = members.texts("missingValues", EMPTY_IS_MISSING)
    origin = members.inner("landfall")
    annotations = members.annotations(_SCHEMA_ANNOTATIONS)
    members.finish("in a schema")
    read = [_field(_field_members(item, at, members.problems), missing) for at, item in enumerate(fields)]
    if not read:
        members.problems.append('It must have a list "fields" with a field for each column.')
    names = [field.name for field in read if field.name]
    twice = repeated(list(map(name_key, names)))
    if twice:
        listed = ", ".join(repr(name) for name in names if name_key(name) in twice)
        members.problems.append(f"fields: more than one has the name {listed}; case and spaces do not count.")
    record = _record(members, "landfall", Origin, {"by": "", "reason": "", **origin}) if origin else None
    return TableSchema(fields=tuple(read), missing_values=missing, origin=record, annotations=annotations)


def _field_members(value: object, at: int, problems: list[str]) -> Members:
    if not isinstance(value, dict):
        problems.append(f"fields[{at}] must be an object, not {value!r}.")
        return Members({"name": f"fields[{at}]"}, f"fields[{at}]", problems)
    name = value.get("name")
    return Members(value, f"fields[{at}]" + (f" ({name})" if isinstance(name, str) else ""), problems)


def _field(members: Members, missing: tuple[str, ...]) -> SchemaField:
    name = members.text("name", None)
    if name is None or not name.strip():
        members.problem("name", "is missing")
    type_name = members.text("type", None) or FieldType.STRING.value
    kind = FieldType.STRING
    try:
        kind = FieldType(type_name)
    except ValueError:
        members.problem("type", f"{type_name!r} is not supported; there are {', '.join(FieldType)}")
    numbers = kind in _NUMBERS
    field = SchemaField(
        name=(name or "").strip(),
        type=kind,
        format=_format(members, kind),
        decimal_char=_character(members, "decimalChar") if kind is FieldType.NUMBER else None,
        group_char=_character(members, "groupChar") if numbers else None,
        bare_number=members.take("bareNumber", bool, True, "true or false") if numbers else True,
        true_values=members.texts("trueValues", TRUE_VALUES) if kind is FieldType.BOOLEAN else TRUE_VALUES,
        false_values=members.texts("falseValues", FALSE_VALUES) if kind is FieldType.BOOLEAN else FALSE_VALUES,
        missing_values=members.texts("missingValues", missing),
        annotations=members.annotations(_FIELD_ANNOTATIONS),
        notes=_notes(members),
    )
    if field.group_char is not None and field.group_char == (field.decimal_char or "."):
        members.problem("groupChar", "must differ from decimalChar, which is a point where it is not said")
    both = {label_key(text) for text in field.true_values} & {label_key(text) for text in field.false_values}
    if both or not field.true_values or not field.false_values:
        members.problem(
            "falseValues", "and trueValues must be two lists that have no text in common, whatever its case or spelling"
        )
    limits = Members(members.inner("constraints"), members.full("constraints"), members.problems)
    constraints = _constraints(limits, field)
    members.finish(f"for a field of type {kind.value}")
    return replace(field, constraints=constraints)


def _format(members: Members, kind: FieldType) -> str:
    text = members.text("format", DEFAULT_FORMAT) or DEFAULT_FORMAT
    if text == DEFAULT_FORMAT:
        return text
    if kind is FieldType.STRING and text in _STRING_FORMATS:
        return text
    if kind in _TIMES:
        problem = pattern_problem(text)
        if problem:
            members.problem("format", problem)
        return text
    allowed = ", ".join(_STRING_FORMATS) if kind is FieldType.STRING else DEFAULT_FORMAT
    members.problem("format", f"{text!r} is not supported for a field of type {kind.value}; there is {allowed}")
    return DEFAULT_FORMAT


def _character(members: Members, name: str) -> str | None:
    text = members.text(name, None)
    if text is not None and (len(text) != 1 or text.isalnum() or text in '+-%"'):
        members.problem(name, f"must be one character that is no letter, digit or sign, not {text!r}")
        return None
    return text


def _notes(members: Members) -> Notes:
    value = members.inner("landfall")
    defaults: dict[str, Any] = to_json_value(NO_NOTES, with_defaults=True)
    return _record(members, "landfall", Notes, {**defaults, **value}) if value else NO_NOTES


def _record(members: Members, name: str, kind: type, value: Mapping[str, Any]) -> Any:
    try:
        return reader_of(kind)(dict(value))
    except ValueError as error:
        members.problem(name, f"was not written by Landfall: {error}; remove it")
        return None


def _constraints(members: Members, field: SchemaField) -> Constraints:
    values: dict[str, Any] = {}
    for name, types in _CONSTRAINT_TYPES.items():
        value = _constraint(members, name)
        if value is None:
            continue
        if field.type not in types:
            members.problem(name, f"is not supported for a field of type {field.type.value}")
        elif problem := _constraint_problem(name, value, field):
            members.problem(name, problem)
        else:
            values[_PYTHON_NAMES.get(name, name)] = value
    members.finish("as a constraint")
    for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
        if low in values and high in values and _as_value(field, values[low]) > _as_value(field, values[high]):
            limit = CONSTRAINT_NAMES.get(high, high)
            members.problem(CONSTRAINT_NAMES.get(low, low), f"is {values[low]}, more than {limit}: no cell fits")
    return Constraints(**values)


def _as_value(field: SchemaField, limit: Any) -> Any:
    return value_of(field, limit) if isinstance(limit, str) else limit


def _constraint(members: Members, name: str) -> Any:
    match name:
        case "required" | "unique":
            return members.take(name, bool, None, "true or false")
        case "minLength" | "maxLength":
            return members.take(name, int, None, "a whole number")
        case "enum":
            values = members.take(name, list, None, "a list of values")
            return None if values is None else tuple(map(_as_text, values))
        case "minimum" | "maximum":
            value = members.take(name, (int, float, str), None, "a value of the field's type")
            return None if value is None else _as_text(value)
        case _:
            return members.text(name, None)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _constraint_problem(name: str, value: Any, field: SchemaField) -> str:
    if name == "pattern":
        try:
            re.compile(value)
        except re.error as error:
            return f"is no regular expression: {error}"
    if name in {"minLength", "maxLength"} and value < 0:
        return f"must be at least 0, not {value}"
    if name == "enum" and not value:
        return "must name at least one value"
    texts = value if name == "enum" else (value,) if name in {"minimum", "maximum"} else ()
    wrong = [text for text in texts if value_of(field, text) is None]
    return f"holds {', '.join(map(repr, wrong[:5]))}, no {field.type.value} in the field's form" if wrong else ""
