"""JSON schemas of the protocol's bodies: a model's columns, the contract of jobs, errors."""

import re
from collections.abc import Callable

from studio.jobs.contract import INPUTS, OUTPUTS, contract_of, job_outputs
from studio.jobs.job import JobState
from studio.json_values import Json
from studio.models.model import Model
from studio.pages.sample_row import sample_row
from studio.scoring.request_columns import added_columns, label_type
from studio.scoring.scorer import Scorer
from studio.tables.column_types import WireType
from studio.tables.model_column import Column
from studio.training.parameters import value_schema
from studio.training.training_plan import TrainingPlan
from studio.wire.quirks import SINGLE_RESULT, Quirks
from studio.wire.request_codec import INPUT_EXTENSIONS
from studio.wire.scoring_codec import INPUT, MAX_ROWS, OUTPUT
from studio.words import listed

LISTED_CATEGORIES = 30
_SCHEMAS: dict[WireType, Json] = {
    "Int32": {"type": "integer", "format": "int32"},
    "Double": {"type": "number", "format": "double"},
    "String": {"type": "string"},
}
_JSON: dict[WireType, Callable[[str], str | float]] = {"Int32": int, "Double": float, "String": str}
_EXAMPLES = {"seed": "7", "test_fraction": "0.25", "trees": "100", "leaves": "31", "learning_rate": "0.1"}


def reference(definition: str) -> Json:
    """Return the schema that refers to a definition of the document."""
    return {"$ref": f"#/definitions/{definition}"}


def _object(properties: Json, required: list[str], **more: object) -> Json:
    return {"type": "object", "properties": properties, **({"required": required} if required else {}), **more}


def error_schema() -> Json:
    """Return the schema of every error's body (protocol 1.9)."""
    text = {"type": "string"}
    detail = _object({"code": text, "message": text}, ["code", "message"])
    details = {"type": "array", "items": detail}
    error = _object({"code": text, "message": text, "details": details}, ["code", "message", "details"])
    return _object({"error": error}, ["error"])


def scoring_example(model: Model, *, table: bool = False) -> Json:
    """Return a made-up scoring request: in a table all cells are text, in objects numbers are unquoted."""
    row = sample_row(model)
    bare = {column.name: _JSON[column.type] for column in model.columns}
    rows: Json | list[Json] = [{name: bare[name](cell) for name, cell in row.items()}]
    if table:
        rows = {"ColumnNames": list(row), "Values": [list(row.values())]}
    return {"Inputs": {INPUT: rows}, "GlobalParameters": {}}


def cell_description(column: Column) -> str:
    """Return in words what a column's cells hold."""
    return f"{_cells(column)}{' It may be left out.' if column.optional else ''}"


def _cells(column: Column) -> str:
    match column.kind:
        case "categorical":
            return f"One of: {listed(column.categories, LISTED_CATEGORIES)}. Any other text counts as missing."
        case "target-encoded":
            return f"One of {len(column.categories)} known texts. Any other counts as average, ? as missing."
        case "boolean":
            return "true or false, or another spelling of yes and no, such as 1 and 0."
        case "date":
            return f"A date written as {column.date_format}; a time may follow it."
        case "ignored":
            return "Not used; it may be left out."
    texts = f", as do {', '.join(column.categories)}" if column.categories else ""
    return f"A number. Nothing, or ?, counts as missing{texts}."


def _cell_schema(wire_type: WireType, description: str) -> Json:
    return {**_SCHEMAS[wire_type], "x-nullable": True, "description": description}


def scoring_schemas(scorer: Scorer) -> Json:
    """Return the definitions of an endpoint that scores, by name."""
    model = scorer.model
    types = {column.name: column.type for column in model.columns} | {model.label: label_type(model)}
    texts = {column.name: cell_description(column) for column in model.columns}
    texts[model.label] = "What is predicted; it may be left out."
    request_item = {name: _cell_schema(types[name], text) for name, text in texts.items()}
    # As in the original: its clients (the R package) convert the columns that have a number type here.
    response_types = types | dict(added_columns(model))
    response_item = {name: _cell_schema(kind, "As text, also for numbers.") for name, kind in response_types.items()}
    return {
        "ExecutionRequest": _request(reference("ExecutionInputs"), scoring_example(model)),
        "ExecutionInputs": _inputs(_row_objects()),
        "input1Item": _object(request_item, [], additionalProperties=False, minProperties=1),
        "ExecutionResponse": _response({"type": "array", "items": reference("output1Item")}),
        "output1Item": _object(response_item, list(response_item)),
        "TableRequest": _request(_inputs(_request_table(model, list(texts))), scoring_example(model, table=True)),
        "TableResponse": _response(_response_table()),
    }


def _inputs(schema: Json) -> Json:
    return _object({INPUT: schema}, [INPUT], additionalProperties=False)


def _request(inputs: Json, example: Json) -> Json:
    no_parameters = {"type": "object", "additionalProperties": False, "description": "This service has no parameters."}
    return _object({"Inputs": inputs, "GlobalParameters": no_parameters}, ["Inputs"], example=example)


def _response(output: Json) -> Json:
    return _object({"Results": _object({OUTPUT: output}, [OUTPUT])}, ["Results"])


def _row_objects() -> Json:
    """Return the schema of rows as objects."""
    return {
        "type": "array",
        "items": reference("input1Item"),
        "minItems": 1,
        "maxItems": MAX_ROWS,
        "description": "A column that a row leaves out is missing.",
    }


def _request_table(model: Model, names: list[str]) -> Json:
    """Return the schema of rows as a table, whose columns have these `names`."""
    required = [column.name for column in model.columns if column.required]
    column_names = {
        "type": "array",
        "items": {"type": "string", "enum": names},
        "uniqueItems": True,
        "minItems": max(1, len(required)),
    }
    row = {
        "type": "array",
        "items": {"type": "string", "x-nullable": True},
        "description": "Numbers may be unquoted.",
    }
    values = {"type": "array", "items": row, "maxItems": MAX_ROWS}
    return _object({"ColumnNames": column_names, "Values": values}, ["ColumnNames", "Values"])


def _response_table() -> Json:
    """Return the schema of the table in an answer."""
    texts = {"type": "array", "items": {"type": "string"}}
    value = _object(
        {"ColumnNames": texts, "ColumnTypes": texts, "Values": {"type": "array", "items": texts}},
        ["ColumnNames", "Values"],
    )
    return _object({"type": {"type": "string", "enum": ["table"]}, "value": value}, ["type", "value"])


def training_schemas(plan: TrainingPlan, quirks: Quirks, *, outputs_needed: bool) -> Json:
    """Return the definitions of an endpoint that trains, by name; `outputs_needed`: outputs have no default place."""
    contract = contract_of(plan, quirks)
    text: Json = {"type": "string", "x-nullable": True}
    inputs = {name: _blob_schema(INPUT_EXTENSIONS) for name in contract.inputs}
    outputs = {name: _blob_schema(extensions) for name, extensions in contract.outputs.items()}
    parameters = {
        parameter.name: value_schema(parameter.sets) | {"x-nullable": not parameter.required}
        for parameter in plan.parameters
    }
    required = ["Inputs"]
    if outputs_needed:
        required.append("Outputs")
    if contract.required:
        required.append("GlobalParameters")
    request = {
        "Inputs": _object(inputs, list(inputs), additionalProperties=False),
        "Outputs": _object(outputs, list(outputs) if outputs_needed else [], additionalProperties=False),
        "GlobalParameters": _object(parameters, list(contract.required), additionalProperties=False),
    }
    states = [quirks.status(state) for state in JobState]
    place = _object(
        dict.fromkeys(("ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken"), text),
        ["RelativeLocation", "BaseLocation"],
    )
    results = _object(dict.fromkeys(contract.outputs, place), [])
    ended = {"Result": place} if SINGLE_RESULT in quirks.on else {"Results": results}
    status = {
        "StatusCode": {"type": "integer" if isinstance(states[0], int) else "string", "enum": states},
        **{name: {**schema, "x-nullable": True, "description": "Of a finished job."} for name, schema in ended.items()},
        "Details": {
            **text,
            "description": "Why the job failed, or the notes of the training, one a line.",
        },
    }
    return {"BatchRequest": _object(request, required), "BatchStatus": _object(status, list(status))}


def _blob_schema(extensions: tuple[str, ...]) -> Json:
    text: Json = {"type": "string", "x-nullable": True}
    endings = "|".join(re.escape(extension.removeprefix(".")) for extension in extensions)
    properties = {
        "ConnectionString": {
            **text,
            "description": "Of the storage account; or else BaseLocation and SasBlobToken.",
        },
        "RelativeLocation": {
            "type": "string",
            "pattern": rf"^/?[^/]+/.+\.({endings})$",
            "description": "container/path",
        },
        "BaseLocation": {**text, "description": "The account's URL."},
        "SasBlobToken": text,
    }
    return _object(properties, ["RelativeLocation"])


def training_example(plan: TrainingPlan, quirks: Quirks, connection_string: str) -> Json:
    """Return the body of a submit, with the required parameters."""
    model, _ = job_outputs(quirks)

    def place(name: str) -> Json:
        return {"ConnectionString": connection_string, "RelativeLocation": f"YOUR-CONTAINER/{name}"}

    outputs = {name: place("model.ilearner" if name == model else "evaluation.csv") for name in OUTPUTS}
    parameters = {
        parameter.name: _parameter_example(parameter.sets) for parameter in plan.parameters if parameter.required
    }
    return {
        "Inputs": {name: place("input.csv") for name in INPUTS},
        "Outputs": outputs,
        "GlobalParameters": parameters,
    }


def _parameter_example(sets: str) -> str:
    schema = value_schema(sets)
    return str(_EXAMPLES.get(sets, next(iter(schema.get("enum", [""])))))
