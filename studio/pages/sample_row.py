"""A plausible row made up from a model's schema, which samples and documents show instead of real data."""

from statistics import median_low

from studio.json_values import plain_number
from studio.models.model import Model, NumberTerm
from studio.tables.model_column import Column

# The same day in each of `studio.tables.dates.DATE_FORMATS`.
_DATES = {
    "year-month-day": "2024-03-15",
    "month/day/year": "03/15/2024",
    "day/month/year": "15/03/2024",
    "day.month.year": "15.03.2024",
}


def sample_row(model: Model) -> dict[str, str]:
    """Return a cell for each column that the model uses, as text."""
    numbers = _typical_numbers(model)
    return {
        column.name: _cell(column, numbers.get(position, 1.0))
        for position, column in enumerate(model.columns)
        if column.kind != "ignored"
    }


def _cell(column: Column, number: float) -> str:
    match column.kind:
        case "categorical" | "target-encoded":
            return column.categories[0] if column.categories else ""
        case "boolean":
            return "true"
        case "date":
            return _DATES[column.date_format]
    return str(round(number)) if column.type == "Int32" else plain_number(float(f"{number:.4g}"))


def _typical_numbers(model: Model) -> dict[int, float]:
    """Return a typical number of each column by its position: a limit in the model, or the column's centre."""
    position_of = [position for position, _ in model.features]
    if model.linear is not None:
        terms = zip(position_of, model.linear.terms, strict=True)
        return {position: term.centre for position, term in terms if isinstance(term, NumberTerm)}
    splits: dict[int, list[float]] = {}
    for tree in model.trees:
        for node in tree.nodes:
            if not isinstance(node.split, frozenset):
                splits.setdefault(position_of[node.feature], []).append(node.split)
    return {position: median_low(limits) for position, limits in splits.items()}
