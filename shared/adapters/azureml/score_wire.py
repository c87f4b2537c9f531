"""Rows as the JSON that a deployment scores, and its answers as scored columns (pure)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shared.gates.number_columns import number_columns
from shared.ports.scoring_service import Scored
from shared.routes.azureml_services import AnswerKeys

LABELS, PROBABILITY = "Scored Labels", "Scored Probabilities"


class NoAnswersError(ValueError):
    """The body of a 200 answer is no list with one item per row: the model cannot answer."""


def score_body(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[str] | None = None
) -> dict[str, Any]:
    """Return the body that scores rows: a frame in split form, as MLflow's server takes it; an empty cell is null.

    `numbers` are the columns of numbers; None: those that these rows alone show to be so.
    """
    names = number_columns(columns, rows) if numbers is None else numbers
    numeric = [name in names for name in columns]
    data = [[_cell(cell, numeric=is_number) for cell, is_number in zip(row, numeric, strict=True)] for row in rows]
    return {"input_data": {"columns": list(columns), "index": list(range(len(rows))), "data": data}}


def read_answers(text: str, count: int, keys: AnswerKeys) -> Scored:
    """Read an answer to `count` rows; a script that encodes it twice sends a string in a string.

    Raises:
        NoAnswersError: it is no list of as many items, or its items are not alike.
    """
    items = _decoded(text)
    if not isinstance(items, list) or len(items) != count:
        got = f"a list of {len(items)} items" if isinstance(items, list) else f"{type(items).__name__}"
        raise NoAnswersError(f"the answer to {count} rows is {got}, and must be a list with one item for each row")
    rows = [_item(item, keys) for item in items]
    columns = tuple(rows[0]) if rows else (LABELS,)
    if any(tuple(row) != columns for row in rows):
        raise NoAnswersError("the items of the answer have different members")
    return Scored(columns, tuple(tuple(row.values()) for row in rows))


def _decoded(text: str) -> object:
    try:
        value: object = json.loads(text)
        if isinstance(value, str):
            value = json.loads(value)
    except ValueError:
        raise NoAnswersError("the answer is no JSON") from None
    except RecursionError:  # a verdict, as any other body that holds no answers: trying again would not help
        raise NoAnswersError("the answer is nested too deeply") from None
    return value


def _item(item: object, keys: AnswerKeys) -> dict[str, str]:
    """Return the scored cells of one row, by column."""
    if not isinstance(item, Mapping):
        return {LABELS: _text(item)}
    cells: dict[str, str] = {}
    for name in sorted(item):
        value = item[name]
        if name == keys.probability and isinstance(value, Mapping):
            cells.update({f'{PROBABILITY} for Class "{label}"': _text(value[label]) for label in sorted(value)})
        elif name == keys.probability:
            cells[PROBABILITY] = _text(value)
        else:
            cells[LABELS if name == keys.label else name] = _text(value)
    return cells


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _cell(cell: str, *, numeric: bool) -> object:
    if not cell:
        return None
    if not numeric:
        return cell
    value = float(cell)
    return int(cell) if cell.lstrip("+-").isdigit() else value
