"""What a Table Schema says is read and written, and what is not supported is refused by name."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.errors import ConfigError
from shared.intake.schema_reader import parse_schema
from shared.intake.table_schema import (
    Constraints,
    FieldType,
    Notes,
    Origin,
    SchemaField,
    TableSchema,
    Undecided,
    to_json,
)

WHERE = "models/schemas/census.json"

FULL = TableSchema(
    fields=(
        SchemaField(name="id", constraints=Constraints(required=True, unique=True, pattern="[A-Z]+", max_length=9)),
        SchemaField(
            name="price",
            type=FieldType.NUMBER,
            decimal_char=",",
            group_char=".",
            bare_number=False,
            missing_values=("", "NA"),
            constraints=Constraints(minimum="0", maximum="1e6"),
            notes=Notes(minimum=1.5, maximum=9, missing=0.25, unit="€"),
        ),
        SchemaField(name="day", type=FieldType.DATE, format="%d.%m.%Y"),
        SchemaField(name="maybe", notes=Notes(undecided=Undecided.DATE, values=("01/02/2024",))),
        SchemaField(name="ok", type=FieldType.BOOLEAN, true_values=("yes",), false_values=("no",)),
        SchemaField(name="income", constraints=Constraints(enum=("<=50K", ">50K")), annotations=(("title", "Income"),)),
    ),
    missing_values=("",),
    origin=Origin("run1", datetime(2026, 11, 30, tzinfo=UTC), by="Ada", reason="new prices"),
    annotations=(("description", "census"),),
)


def test_written_and_read() -> None:
    """A schema is read back exactly as it was written."""
    assert parse_schema(json.dumps(to_json(FULL)), WHERE) == FULL


def test_by_hand() -> None:
    """A schema by hand has the standard's defaults and texts of its constraints' values."""
    schema = parse_schema(
        json.dumps(
            {
                "fields": [
                    {"name": "a"},
                    {"name": "n", "type": "number", "constraints": {"minimum": 0.5, "enum": [1, 2.5, "3"]}},
                ],
                "missingValues": ["", "-"],
            }
        ),
        WHERE,
    )
    assert not schema.learnt
    assert schema.names == ("a", "n")
    assert schema.fields[0] == SchemaField(name="a", missing_values=("", "-"))
    assert schema.fields[1].constraints == Constraints(minimum="0.5", enum=("1", "2.5", "3"))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"fields": [{"name": "a", "type": "geopoint"}]}, "fields[0] (a).type 'geopoint' is not supported"),
        ({"fields": [{"name": "a", "type": "duration"}]}, "'duration' is not supported"),
        ({"fields": [{"name": "a", "type": "date", "format": "any"}]}, 'fields[0] (a).format may not be "any"'),
        ({"fields": [{"name": "a", "type": "date", "format": "%Q"}]}, "the directive %Q, which is not supported"),
        ({"fields": [{"name": "a", "type": "string", "format": "binary"}]}, "'binary' is not supported"),
        (
            {"fields": [{"name": "a", "constraints": {"minimum": 1}}]},
            "constraints.minimum is not supported for a field",
        ),
        ({"fields": [{"name": "a", "constraints": {"jsonSchema": {}}}]}, "constraints.jsonSchema is not supported"),
        ({"fields": [{"name": "a", "constraints": {"pattern": "("}}]}, "constraints.pattern is no regular expression"),
        ({"fields": [{"name": "a", "decimalChar": ","}]}, "decimalChar is not supported for a field of type string"),
        ({"fields": [{"name": "a"}], "primaryKey": "a"}, "primaryKey is not supported in a schema"),
        ({"fields": [{"name": "a"}], "foreignKeys": []}, "foreignKeys is not supported in a schema"),
        ({"fields": [{"name": "a"}, {"name": "a"}]}, "more than one has the name 'a'"),
        ({"fields": []}, 'must have a list "fields"'),
        ({"fields": [{"name": "a b"}, {"name": "A  B "}]}, "more than one has the name 'a b', 'A  B'"),
        (
            {"fields": [{"name": "a", "type": "boolean", "trueValues": ["x"], "falseValues": ["X "]}]},
            "have no text in common",
        ),
        (
            {"fields": [{"name": "a", "type": "boolean", "trueValues": ["1"], "falseValues": ["0", "1.0"]}]},
            "have no text in common",
        ),
        (
            {"fields": [{"name": "a", "type": "integer", "constraints": {"minimum": 10, "maximum": 9}}]},
            "minimum is 10, more than maximum: no cell fits",
        ),
        (
            {"fields": [{"name": "a", "constraints": {"minLength": 3, "maxLength": 2}}]},
            "minLength is 3, more than maxLength: no cell fits",
        ),
        (
            {
                "fields": [
                    {
                        "name": "a",
                        "type": "date",
                        "format": "%d.%m.%Y",
                        "constraints": {"minimum": "01.02.2025", "maximum": "02.01.2025"},
                    }
                ]
            },
            "minimum is 01.02.2025, more than maximum",
        ),
        ({"fields": [{"type": "string"}]}, "fields[0].name is missing"),
        ({"fields": [{"name": "a", "type": "integer", "constraints": {"maximum": "x"}}]}, "no integer in the field's"),
        ({"fields": [{"name": "a", "type": "number", "groupChar": "."}]}, "groupChar must differ from decimalChar"),
        ({"fields": [{"name": "a", "type": "boolean", "trueValues": ["0"]}]}, "have no text in common"),
        ({"fields": [{"name": "a", "constraints": {"minLength": True}}]}, "must be a whole number, not True"),
        ([1], "must be an object"),
    ],
)
def test_refused(value: object, problem: str) -> None:
    """What is wrong or not supported is refused, with the file and the member."""
    with pytest.raises(ConfigError) as caught:
        parse_schema(json.dumps(value), WHERE)
    assert problem in str(caught.value)
    assert WHERE in str(caught.value)


def test_all_at_once() -> None:
    """Every problem is listed, not only the first."""
    value = {"fields": [{"name": "a", "type": "list"}, {"name": "b", "x": 1}, 7], "y": 2}
    with pytest.raises(ConfigError) as caught:
        parse_schema(json.dumps(value), WHERE)
    assert len(caught.value.problems) == 4


def test_no_json() -> None:
    """A text that is no JSON is refused."""
    with pytest.raises(ConfigError, match="is no JSON"):
        parse_schema("{", WHERE)


def test_only_what_files_taught_is_learnt() -> None:
    """A schema that a person gave has an origin too; what it does not say is the standard's default."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    schema = TableSchema(fields=(SchemaField(name="age"),))
    assert not schema.learnt
    assert not replace(schema, origin=Origin("", at, "Ada", "we know it")).learnt
    assert replace(schema, origin=Origin("run1", at)).learnt
