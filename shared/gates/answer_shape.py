"""The shape of an endpoint's answers: which columns, which classes; what another model would change of it (pure).

Answers to golden rows say for certain what there is, and hardly ever what there is not: a label that no row got may
still be a class of the model. Columns that are named after classes list all of them; two classes are all that a model
has which gives one probability.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from shared.gates.holdout import label_key
from shared.gates.known_metrics import metric_key
from shared.gates.predictions import class_of

_LABELS = metric_key("Scored Labels")
_PROBABILITY = metric_key("Scored Probabilities")

type Table = Sequence[Sequence[str]]  # the columns, then the rows


@dataclass(frozen=True, kw_only=True)
class ShapeChange:
    """What callers would lose, get, or find otherwise; each in the order of the answers."""

    lost_classes: tuple[str, ...] = ()
    new_classes: tuple[str, ...] = ()
    respelt_classes: tuple[tuple[str, str], ...] = ()  # before, after
    lost_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    other_kinds: tuple[tuple[str, str], ...] = ()  # column, what it holds now

    def __bool__(self) -> bool:
        """Tell whether there is any change."""
        return any(getattr(self, field.name) for field in fields(self))

    def to_json(self) -> dict[str, Any]:
        """Return the change as a decision record keeps it: only what there is."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: [list(one) if isinstance(one, tuple) else one for one in value]
            for name, value in found.items()
            if value
        }

    @property
    def sentence(self) -> str:
        """What it means for callers, by name."""
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


def shape_change(before: Table, after: Table) -> ShapeChange:
    """Compare the answers of the model in service with another one's to the same rows."""
    if not before or not after:
        return ShapeChange()
    lost_columns = [name for name in before[0] if name not in after[0]]
    new_columns = [name for name in after[0] if name not in before[0]]
    old_classes, new_classes = _classes(before[0]), _classes(after[0])
    lost: list[str] = []
    came: list[str] = []
    if old_classes and new_classes:  # else only columns are known to differ
        lost = [one for one in old_classes if one not in new_classes]
        came = [one for one in new_classes if one not in old_classes]
        lost_columns = [name for name in lost_columns if class_of(name) not in lost]
        new_columns = [name for name in new_columns if class_of(name) not in came]
    elif _answers_two_classes(before[0]) and _answers_two_classes(after[0]):
        lost, came = _of_two(_labels(before), _labels(after))
    respelt = _respelt(lost, came)
    return ShapeChange(
        lost_classes=tuple(one for one in lost if one not in {pair[0] for pair in respelt}),
        new_classes=tuple(one for one in came if one not in {pair[1] for pair in respelt}),
        respelt_classes=respelt,
        lost_columns=tuple(lost_columns),
        new_columns=tuple(new_columns),
        other_kinds=tuple(_other_kinds(before, after)),
    )


def _classes(columns: Sequence[str]) -> list[str]:
    """Return the classes that columns are named after; there are none unless all classes have one."""
    return [one for one in map(class_of, columns) if one is not None]


def _answers_two_classes(columns: Sequence[str]) -> bool:
    keys = {metric_key(name) for name in columns}
    return _LABELS in keys and _PROBABILITY in keys


def _labels(table: Table) -> list[str]:
    """Return the labels that were answered, each once."""
    at = next(index for index, name in enumerate(table[0]) if metric_key(name) == _LABELS)
    return list(dict.fromkeys(row[at].strip() for row in table[1:] if row[at].strip()))


def _of_two(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Return the classes that are surely lost and surely new, where each model has two and showed one or both.

    A label is surely lost if the new model showed both of its classes, surely new if the old one did. A label that is
    only spelt otherwise is both: one model never has two spellings of a class.
    """
    if len(old) > 2 or len(new) > 2:
        return [], []  # more than two classes after all: what was not answered may still be there
    spelt = {label_key(one) for one in old} & {label_key(one) for one in new}
    lost = [one for one in old if one not in new and (len(new) == 2 or label_key(one) in spelt)]
    came = [one for one in new if one not in old and (len(old) == 2 or label_key(one) in spelt)]
    return lost, came


def _respelt(lost: Sequence[str], came: Sequence[str]) -> tuple[tuple[str, str], ...]:
    by_key = {label_key(one): one for one in came}
    return tuple((one, by_key[label_key(one)]) for one in lost if label_key(one) in by_key)


def _other_kinds(before: Table, after: Table) -> Iterator[tuple[str, str]]:
    """Give the columns that held numbers and hold texts now, or the reverse; labels tell by their classes."""
    for name in before[0]:
        if name in after[0] and metric_key(name) != _LABELS:
            old, new = _kind(before, name), _kind(after, name)
            if old and new and old != new:
                yield name, f"{new} instead of {old}"


def _kind(table: Table, name: str) -> str:
    at = list(table[0]).index(name)
    cells = [row[at] for row in table[1:] if row[at].strip()]
    if not cells:
        return ""
    return "numbers" if all(isinstance(label_key(cell), float) or cell == "NaN" for cell in cells) else "texts"
