"""Unifies the spelling of labels: another spelling of a class is not a class of its own.

Labels that are equal as numbers are one class, spelled as in the model in service. So is a text that differs from a
class of that model only by case, spaces, or the composition of its letters. A file that spells one class in several
ways is refused: a training does not guess whether they are one class.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.training.column_inference import with_counts


@dataclass(frozen=True)
class LabelSpelling:
    """The classes of the labels of a file."""

    class_of: Mapping[str, str]  # the class of each label
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def unify_labels(counts: Mapping[str, int], served: Sequence[str], name: str, positive: str = "") -> LabelSpelling:
    """Return the class of each label of column `name`; `counts` has the rows of each label, in order of appearance.

    Classes are spelled as in the model in service (`served`); without one, as the experiment spells the `positive` one.
    """
    class_of: dict[str, str] = {}
    notes, problems = [], []
    spellings = served if positive_among(served, positive) in (*served, "") else (*served, positive)
    for key, labels in _alike(counts).items():
        classes = [name for name in spellings if _key(name) == key]
        new = {label: counts[label] for label in labels if label not in classes}
        class_of |= {label: label for label in labels}
        if not new:
            continue
        if len(classes) > 1:
            either = ", ".join(map(repr, classes))
            problems.append(
                f"column {name!r} holds {with_counts(new)}, which could be any of {either}: spell it as one of them"
            )
        elif len(labels) > 1 and isinstance(key, str):
            spelled = with_counts({label: counts[label] for label in labels})
            problems.append(f"column {name!r} spells one label in several ways: {spelled}; spell it in one")
        elif classes or len(labels) > 1:
            kept = classes[0] if classes else labels[0]
            class_of |= dict.fromkeys(labels, kept)
            others = with_counts({label: count for label, count in new.items() if label != kept})
            why = ", as in the model in service" if kept in served else ""
            notes.append(f"labels {others} are read as {kept!r}{why}")
    return LabelSpelling(class_of, tuple(notes), tuple(problems))


def positive_among(served: Sequence[str], positive: str) -> str:
    """Return the positive class in the spelling of the model in service, if it has it; else as the experiment does."""
    return next((name for name in served if _key(name) == _key(positive)), positive)


def _alike(labels: Mapping[str, int]) -> dict[str | float, list[str]]:
    by_key: dict[str | float, list[str]] = {}
    for label in labels:
        by_key.setdefault(_key(label), []).append(label)
    return by_key


def _key(label: str) -> str | float:
    """Return the key that all spellings of a label share."""
    try:
        number = float(label)
    except ValueError:
        number = math.nan
    if math.isfinite(number) and "_" not in label:
        return number
    return " ".join(unicodedata.normalize("NFC", label).casefold().split())
