"""What a model of two classes means by its probability, and how its labels are spelt, by its answers (pure)."""

from collections.abc import Iterator, Sequence

from shared.gates.finite_numbers import finite_number
from shared.gates.holdout import label_key
from shared.gates.known_metrics import metric_key

LABELS = metric_key("Scored Labels")
PROBABILITY = metric_key("Scored Probabilities")
_CLEAR = 0.75  # a label that always has a larger probability is the positive class, wherever a model's threshold lies

type Table = Sequence[Sequence[str]]  # the columns, then the rows


def answers_two_classes(columns: Sequence[str]) -> bool:
    """Tell whether the columns are those of a model of two classes: a label, and the probability of one of them."""
    keys = {metric_key(name) for name in columns}
    return LABELS in keys and PROBABILITY in keys


def labels_of(table: Table) -> list[str]:
    """Return the labels in the answers, each once; empty if there is no column of labels."""
    at = _position(table, LABELS)
    return list(dict.fromkeys(row[at].strip() for row in table[1:] if row[at].strip())) if at is not None else []


def respelt(lost: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return which of the lost labels are among the new ones in another spelling, as pairs."""
    by_key = {label_key(label): label for label in new}
    return tuple((label, by_key[label_key(label)]) for label in lost if label_key(label) in by_key)


def respelt_texts(before: Table, after: Table) -> tuple[tuple[str, str], ...]:
    """Return the labels that are texts and are spelt otherwise: no model has two spellings of a class."""
    old, new = labels_of(before), labels_of(after)
    pairs = respelt([label for label in old if label not in new], [label for label in new if label not in old])
    return tuple(pair for pair in pairs if isinstance(label_key(pair[0]), str))


def other_meanings(before: Table, after: Table) -> Iterator[tuple[str, str]]:
    """Yield the probability's column if it is of the other class than before, and what it means now.

    Both models answer the same two classes, so nothing else shows that callers would read it the wrong way round.
    """
    if not answers_two_classes(before[0]) or not answers_two_classes(after[0]):
        return
    old, new = _positive(before), _positive(after)
    for key in old:
        if key in new and old[key] != new[key]:
            at = _position(after, PROBABILITY)
            name = next(label for label in labels_of(after) if label_key(label) == key)
            instead = "the probability of {0!r}" if new[key] else "no longer the probability of {0!r}"
            yield after[0][at or 0], instead.format(name)
            return


def _positive(table: Table) -> dict[str | float, bool]:
    """Return whether a label is the one whose probability is answered, by its key, where that is certain."""
    at, label_at = _position(table, PROBABILITY), _position(table, LABELS)
    values: dict[str | float, list[float]] = {}
    for row in table[1:]:
        value = finite_number(row[at]) if at is not None else None
        if value is not None and label_at is not None and row[label_at].strip():
            values.setdefault(label_key(row[label_at]), []).append(value)
    if len(values) == 1:
        ((only, alone),) = values.items()
        if min(alone) > _CLEAR:
            return {only: True}
        return {only: False} if max(alone) < 1 - _CLEAR else {}
    if len(values) != 2:
        return {}
    (first, low), (second, high) = values.items()
    if min(high) > max(low):
        return {first: False, second: True}
    return {first: True, second: False} if min(low) > max(high) else {}


def _position(table: Table, key: str) -> int | None:
    return next((index for index, name in enumerate(table[0]) if metric_key(name) == key), None)
