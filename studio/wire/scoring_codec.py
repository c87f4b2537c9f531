"""Turns the body of a scoring request into the body of its answer, in both forms of the protocol (protocol 2)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any, Never

import orjson

from studio.json_values import Json
from studio.scoring.scorer import CellError, Scorer
from studio.tables.column_names import column_names
from studio.wire import errors
from studio.wire.json_body import cell_text, read_named, read_object

INPUT, OUTPUT = "input1", "output1"
MAX_ROWS = 100_000
_MAX_PROBLEMS = 10  # that an error names


@dataclass(frozen=True)
class Rows:
    """The rows of a request, all cells as text."""

    names: Sequence[str]
    values: Sequence[Sequence[str]]


@dataclass(frozen=True)
class ScoringForm:
    """The form of a request and of its answer."""

    swagger: bool
    details: bool


def response_body(scorer: Scorer, body: bytes, form: ScoringForm) -> bytes:
    """Return the body of the answer to a request.

    Raises:
        RequestError: the body or its columns are not what the model needs.
    """
    return orjson.dumps(scoring_response(scorer, body, swagger=form.swagger, details=form.details))


def scoring_response(scorer: Scorer, body: bytes, *, swagger: bool, details: bool) -> Json:
    """Return the answer to a request, all of it by one model.

    Raises:
        RequestError: the body or its columns are not what the model needs.
    """
    rows = _read(scorer, body, swagger=swagger)
    columns = scorer.columns_of(tuple(rows.names))
    scored = _scored(scorer, rows, columns.positions)
    values = [[*row, *cells] for row, cells in zip(rows.values, scored, strict=True)]
    if swagger:
        objects = [dict(zip(columns.names, (cell or None for cell in row), strict=True)) for row in values]
        return {"Results": {OUTPUT: objects}}
    value: Json = {"ColumnNames": columns.names, "Values": values}
    if details:
        value["ColumnTypes"] = columns.types
    return {"Results": {OUTPUT: {"type": "table", "value": value}}}


def _scored(scorer: Scorer, rows: Rows, positions: Sequence[int | None]) -> list[list[str]]:
    if len(rows.values) > 1:
        columns, absent = list(zip(*rows.values, strict=True)), ("",) * len(rows.values)
        # If a cell is wrong, the loop below finds it, row by row.
        with suppress(ValueError):
            by_column = [absent if place is None else columns[place] for place in positions]
            return scorer.batch_output_cells(scorer.batch_features(by_column))
    scores, problems = [], []
    for number, row in enumerate(rows.values, 1):
        cells = ["" if position is None else row[position].strip() for position in positions]
        try:
            scores.append(scorer.output_cells(scorer.raw_scores(scorer.features(cells))))
        except CellError as error:
            problems.append(f"row {number}: {error}")
            if len(problems) == _MAX_PROBLEMS:
                break
    if problems:
        _unparsable("; ".join(problems))
    return scores


def _read(scorer: Scorer, body: bytes, *, swagger: bool) -> Rows:
    members = read_object(body)
    parameters = read_named(members.get("globalparameters"), "GlobalParameters")
    if parameters:
        text = f"This service has no parameters; it was given {', '.join(parameters)}."
        raise errors.ScoringParameterError(text)
    inputs = members.get("inputs")
    if not isinstance(inputs, dict) or not inputs:
        raise errors.MissingRowsError(f"The web service expects an input, {INPUT!r}, but none was provided.")
    if set(inputs) != {INPUT}:
        raise errors.unknown_inputs(inputs, [INPUT])
    rows = _objects(inputs[INPUT], scorer) if swagger else _table(inputs[INPUT])
    if len(rows.values) > MAX_ROWS:
        _unparsable(f"the request has {len(rows.values)} rows; at most {MAX_ROWS} are scored at once")
    return rows


def _unparsable(text: str) -> Never:
    raise errors.UnreadableRowsError(f"Parsing of input vector failed. Additional details: {text}.")


def _table(value: Any) -> Rows:
    """Read the array form."""
    if not isinstance(value, dict):
        _unparsable(f"{INPUT} is not an object with ColumnNames and Values")
    members = {name.lower(): member for name, member in value.items()}
    names, values = members.get("columnnames"), members.get("values")
    if not isinstance(names, list) or not names or not _all_of(str, names):
        _unparsable("ColumnNames is not a list of names")
    if not isinstance(values, list):
        _unparsable("Values is not a list of rows")
    if _all_of(list, values) and set(map(len, values)) == {len(names)} and _all_texts(chain.from_iterable(values)):
        return Rows(names, values)  # the usual request; the check below takes several times as long
    for number, row in enumerate(values, 1):
        if not isinstance(row, list) or len(row) != len(names):
            _unparsable(f"row {number} does not have the {len(names)} values of ColumnNames")
    return Rows(names, [[cell_text(cell) for cell in row] for row in values])


def _all_of(kind: type, values: Iterable[Any]) -> bool:
    """Tell whether there are values, and all are of one type."""
    return set(map(type, values)) == {kind}


def _all_texts(cells: Iterable[Any]) -> bool:
    """Tell whether all cells are text. Only text can be joined, and joining is the fastest test."""
    try:
        "".join(cells)
    except TypeError:
        return False
    return True


def _objects(value: Any, scorer: Scorer) -> Rows:
    """Read the object form of `format=swagger`: every row gets all columns of the schema, in the schema's order.

    A column that a row leaves out is missing there. But a request with none of the model's columns is refused.
    """
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
        _unparsable(f"{INPUT} is not a list of objects")
    model = scorer.model
    keys = list(dict.fromkeys(chain.from_iterable(value)))
    names = list(column_names(keys))
    given = dict(zip(names, keys, strict=True))
    if len(given) == len(keys) and any(column.name in given for column in model.columns if column.kind != "ignored"):
        names = list(dict.fromkeys([*(column.name for column in model.columns), model.label]) | given)
    scorer.columns_of(tuple(names))  # checked before every row gets a cell for every name: there may be many
    members = [given.get(name) for name in names]
    return Rows(names, [["" if key is None else cell_text(row.get(key)) for key in members] for row in value])
