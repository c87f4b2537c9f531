"""What an experiment states of columns: `[columns]` with a kind for each name."""

from studio.tables.model_column import Column

# As they are written in an experiment, and as the notes of a training call them.
_KINDS = {
    "number": Column("", "numeric", "Double"),
    "category": Column("", "categorical"),
    "yes or no": Column("", "boolean"),
    "date yyyy-mm-dd": Column("", "date", date_format="year-month-day"),
    "date mm/dd/yyyy": Column("", "date", date_format="month/day/year"),
    "date dd/mm/yyyy": Column("", "date", date_format="day/month/year"),
    "date dd.mm.yyyy": Column("", "date", date_format="day.month.year"),
    "dropped": Column("", "ignored"),
}
_ALSO = {"numbers": "number", "categories": "category", "text": "category", "yes/no": "yes or no"}
KINDS = tuple(_KINDS)


def stated_column(name: str, kind: str) -> Column:
    """Return the column that a kind is stated of.

    Raises:
        ValueError: there is no such kind; says which there are.
    """
    spelling = " ".join(kind.lower().split())
    template = _KINDS.get(_ALSO.get(spelling, spelling))
    if template is None:
        raise ValueError(f"is {kind!r}; it must be one of: {', '.join(KINDS)}")
    return Column(name, template.kind, template.type, date_format=template.date_format)
