"""Whether a model can replace another: it must accept what callers send now."""

from dataclasses import replace

import pytest

from studio.models.model import Model
from studio.scoring.model_compatibility import incompatibilities
from studio.tables.model_column import Column

AREA, TOWN = Column("area", "numeric", "Double"), Column("town", "categorical", categories=("Oslo", "Rome"))
SERVED = Model("regression", "price", (), (Column("id", "ignored"), AREA, TOWN))


def test_the_same_columns_fit() -> None:
    """In any order, whatever was learned from them."""
    assert incompatibilities(SERVED, replace(SERVED, columns=SERVED.columns[::-1], offset=3.0)) == []


@pytest.mark.parametrize(
    "columns",
    [
        (*SERVED.columns, Column("Col7", "ignored")),
        (Column("Col1", "ignored"), *SERVED.columns),
        (AREA, TOWN),
        (Column("id", "ignored"), AREA, Column("town", "ignored")),
    ],
)
def test_columns_that_nothing_is_learned_from_do_not_count(columns: tuple[Column, ...]) -> None:
    """One more of them, one less, or one that the other model does learn from: every request is still answered."""
    assert incompatibilities(SERVED, replace(SERVED, columns=columns)) == []


def test_what_a_request_may_leave_out_it_still_may() -> None:
    """A column that the served model drops may be learned from, if a request without it is answered."""
    needed, optional = (Column("id", "numeric", optional=optional) for optional in (False, True))
    assert incompatibilities(SERVED, replace(SERVED, columns=(optional, AREA, TOWN))) == []
    assert incompatibilities(replace(SERVED, columns=(optional, AREA, TOWN)), SERVED) == []
    assert incompatibilities(SERVED, replace(SERVED, columns=(needed, AREA, TOWN))) == [
        "requests must have columns that they may leave out now: 'id'"
    ]


def test_what_a_request_would_lack_is_named() -> None:
    """A column that only one of them learns from; a name by position is explained."""
    wider = replace(SERVED, columns=(*SERVED.columns[:2], Column("city", "numeric"), Column("Col4", "numeric")))
    assert incompatibilities(SERVED, wider) == [
        "missing columns: 'town'; other columns: 'Col4' (the file's column 4, if that has no name), 'city'"
    ]


def test_another_label_or_task_does_not_fit() -> None:
    """All problems are reported at once."""
    binary = Model("binary", "sold", ("no", "yes"), (TOWN,))
    assert incompatibilities(SERVED, binary) == [
        "it predicts 'sold', not 'price'",
        "its task is binary with 'no' and 'yes', not regression",
        "missing columns: 'area'; other columns: none",
    ]


def test_columns_that_hold_something_else_do_not_fit() -> None:
    """Each is named with what it holds and must hold; categories and target-encoded categories count as the same."""
    columns = (replace(AREA, kind="categorical"), replace(TOWN, kind="target-encoded"))
    assert incompatibilities(SERVED, replace(SERVED, columns=columns)) == [
        "column 'area' holds categories, not numbers",
        "state in the experiment's [columns] what they hold",
    ]
    days, months = (
        Column("at", "date", date_format=date_format) for date_format in ("day/month/year", "month/day/year")
    )
    served = replace(SERVED, columns=(days,))
    assert incompatibilities(served, replace(SERVED, columns=(months,)))[0] == (
        "column 'at' holds dates as month/day/year, not dates as day/month/year"
    )


def test_very_many_of_them_are_counted() -> None:
    """The error names ten."""
    served, changed = (
        replace(SERVED, columns=tuple(Column(f"c{number}", kind) for number in range(30)))
        for kind in ("numeric", "boolean")
    )
    assert incompatibilities(served, changed)[10:] == [
        "and 20 more columns hold something else",
        "state in the experiment's [columns] what they hold",
    ]
