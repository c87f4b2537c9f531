"""The shape of an endpoint's answers, its columns and classes, and how another model would change it (pure).

Answers to golden rows prove which classes a model has, and hardly ever which it has not: a label that no row received
may still be a class. Columns named after classes list every class; a model that answers one probability has two.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.gates.answer_meaning import (
    LABELS,
    Table,
    answers_two_classes,
    labels_of,
    other_meanings,
    respelt,
    respelt_texts,
)
from shared.gates.holdout import label_key
from shared.gates.known_metrics import metric_key
from shared.gates.predictions import class_of


class ShapeChange(NamedTuple):
    """What callers would lose, gain, or find changed; each in the order of the answers."""

    lost_classes: tuple[str, ...] = ()
    new_classes: tuple[str, ...] = ()
    respelt_classes: tuple[tuple[str, str], ...] = ()  # before, after
    lost_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    other_kinds: tuple[tuple[str, str], ...] = ()  # column, its kind now and before
    other_meanings: tuple[tuple[str, str], ...] = ()  # column, what its probability means now

    def __bool__(self) -> bool:
        """Tell whether there is any change."""
        return any(len(entries) > 0 for entries in self._asdict().values())

    def to_json(self) -> dict[str, list[str | list[str]]]:
        """Return the change as a decision record keeps it, without empty members."""
        return {
            name: [list(entry) if isinstance(entry, tuple) else entry for entry in entries]
            for name, entries in self._asdict().items()
            if entries
        }

    @property
    def sentence(self) -> str:
        """What changes for callers, by name."""
        return f"the answers would change their shape: {', '.join(self._parts())}"

    def _parts(self) -> Iterator[str]:
        for kind, lost, new in (
            ("class", self.lost_classes, self.new_classes),
            ("column", self.lost_columns, self.new_columns),
        ):
            for names, what in ((lost, "lost"), (new, "new")):
                if names:
                    plural = {"class": "classes", "column": "columns"}[kind] if len(names) > 1 else kind
                    yield f"{what} {plural} {', '.join(map(repr, names))}"
        for before, after in self.respelt_classes:
            yield f"class {before!r} is spelt {after!r}"
        for column, kind in self.other_kinds:
            yield f"column {column!r} holds {kind}"
        for column, meaning in self.other_meanings:
            yield f"column {column!r} is {meaning}"


def shape_change(before: Table, after: Table) -> ShapeChange:
    """Compare the answers of the model in service with those of another model to the same rows."""
    if not before or not after:
        return ShapeChange()
    lost_columns = [name for name in before[0] if name not in after[0]]
    new_columns = [name for name in after[0] if name not in before[0]]
    classes_before, classes_after = _classes(before[0]), _classes(after[0])
    lost: list[str] = []
    new: list[str] = []
    if classes_before and classes_after:  # otherwise only the columns are known to differ
        lost = [label for label in classes_before if label not in classes_after]
        new = [label for label in classes_after if label not in classes_before]
        lost_columns = [name for name in lost_columns if class_of(name) not in lost]
        new_columns = [name for name in new_columns if class_of(name) not in new]
    elif answers_two_classes(before[0]) and answers_two_classes(after[0]):
        lost, new = _changed_of_two(labels_of(before), labels_of(after))
    spelt_otherwise = respelt(lost, new) or respelt_texts(before, after)
    return ShapeChange(
        lost_classes=tuple(label for label in lost if label not in {pair[0] for pair in spelt_otherwise}),
        new_classes=tuple(label for label in new if label not in {pair[1] for pair in spelt_otherwise}),
        respelt_classes=spelt_otherwise,
        lost_columns=tuple(lost_columns),
        new_columns=tuple(new_columns),
        other_kinds=tuple(_other_kinds(before, after)),
        other_meanings=tuple(other_meanings(before, after)),
    )


def _classes(columns: Sequence[str]) -> list[str]:
    """Return the classes that columns are named after: all classes of the model, or none."""
    return [label for label in map(class_of, columns) if label is not None]


def _changed_of_two(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Return the classes that are certainly lost and certainly new, where each model has two and showed one or both.

    A label is certainly lost if the new model showed both of its classes, and certainly new if the old one did. A label
    that is spelt otherwise is both lost and new, since no model has two spellings of a class.
    """
    if len(before) > 2 or len(after) > 2:
        return [], []  # more than two classes after all: a label that was not answered may still be a class
    shared_keys = {label_key(label) for label in before} & {label_key(label) for label in after}
    lost = [label for label in before if label not in after and (len(after) == 2 or label_key(label) in shared_keys)]
    new = [label for label in after if label not in before and (len(before) == 2 or label_key(label) in shared_keys)]
    return lost, new


def _other_kinds(before: Table, after: Table) -> Iterator[tuple[str, str]]:
    """Yield the columns that changed from numbers to texts or back; labels only if their classes cannot be compared."""
    compared = bool(_classes(before[0]) and _classes(after[0])) or (
        answers_two_classes(before[0]) and answers_two_classes(after[0])
    )
    for name in before[0]:
        if name in after[0] and not (compared and metric_key(name) == LABELS):
            old, new = _kind(before, name), _kind(after, name)
            if old and new and old != new:
                yield name, f"{new} instead of {old}"


def _kind(table: Table, name: str) -> str:
    at = list(table[0]).index(name)
    cells = [row[at] for row in table[1:] if row[at].strip()]
    if not cells:
        return ""
    return "numbers" if all(isinstance(label_key(cell), float) or cell == "NaN" for cell in cells) else "texts"
