"""The kinds of columns that an experiment may state in `[columns]`."""

from studio.tables.model_column import Column

# By the spelling in an experiment, which the notes of a training use too.
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
    """Return the column with this name and stated kind.

    Raises:
        ValueError: there is no such kind; the text names all kinds.
    """
    spelling = " ".join(kind.lower().split())
    template = _KINDS.get(_ALSO.get(spelling, spelling))
    if template is None:
        raise ValueError(f"is {kind!r}; it must be one of: {', '.join(KINDS)}")
    return Column(name, template.kind, template.type, date_format=template.date_format)
