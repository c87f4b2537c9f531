"""What a training keeps of the model in service, whose callers were written for its classes and columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from studio.limits import MAX_COLUMNS
from studio.models.model import Model
from studio.tables.model_column import Column


@dataclass(frozen=True)
class PreviousModel:
    """The classes and columns of the model in service."""

    classes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()  # without their encodings and categories

    @classmethod
    def of(cls, model: Model) -> Self:
        """Take the classes and columns of a model."""
        return cls(model.classes, tuple(map(_described, model.columns)))

    def keep_optional(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Return the columns of the next model: those that requests may leave out now stay optional."""
        needless = {column.name for column in self.columns if not column.required}
        return tuple(
            replace(column, optional=True) if column.kind != "ignored" and column.name in needless else column
            for column in columns
        )

    def dropped_beside(self, columns: Sequence[Column], label: str) -> tuple[Column, ...]:
        """Return the ignored columns that are not in `columns`: requests may have them now, and still may."""
        names = {label, *(column.name for column in columns)}
        dropped = [column for column in self.columns if column.kind == "ignored" and column.name not in names]
        return tuple(dropped[: max(0, MAX_COLUMNS - len(columns))])


NO_PREVIOUS_MODEL = PreviousModel()


def _described(column: Column) -> Column:
    return replace(column, encodings=(), categories=column.categories if column.kind == "numeric" else ())
