"""Which accepted files make a training set, and whether it is fit to train on (pure)."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from shared.intake.problems import Code, Problem
from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.intake.tally import are_too_many
from shared.plurals import counted
from shared.records.part import Part
from shared.records.run_identity import modified_at_of

GROWING = frozenset({TrainingSetKind.ACCUMULATE, TrainingSetKind.WINDOW})  # sets with files of earlier batches
JOINED = GROWING | {TrainingSetKind.BATCH}
MAX_LISTED = 5  # classes that a sentence names
MAX_TEXT = 100  # characters of a header in a sentence


class ChosenSet(NamedTuple):
    """The files of a training set, in order of generation.

    Attributes:
        duplicates: how many files were left out because an older one has the same bytes.
    """

    parts: tuple[Part, ...]
    duplicates: int = 0


def choose(settings: BatchSettings, parts: Iterable[Part]) -> ChosenSet:
    """Return which of the given parts make a set.

    A newer version of a name replaces the older one, at its own place. Of files with the same bytes the oldest is
    taken, so that a copy under another name changes nothing. A window has the newest contents: a file in it may have
    the bytes of one that has left it, and is in the set all the same.
    """
    newest: dict[str, Part] = {}
    for part in sorted(parts, key=lambda part: part.generation):
        newest[part.blob] = part
    ordered = _window(settings, sorted(newest.values(), key=lambda part: part.generation))
    distinct: list[Part] = []
    contents: set[str] = set()
    for part in ordered:
        if part.sha256 and part.sha256 in contents:
            continue
        contents.add(part.sha256)
        distinct.append(part)
    return ChosenSet(tuple(distinct), len(ordered) - len(distinct))


def _window(settings: BatchSettings, parts: list[Part]) -> list[Part]:
    """Return the files of a window, equal ones among them; its days end with its newest file."""
    if settings.training_set is not TrainingSetKind.WINDOW or not parts:
        return parts
    if settings.window_days is not None:
        first = modified_at_of(parts[-1].generation) - timedelta(days=settings.window_days)
        return [part for part in parts if modified_at_of(part.generation) > first]
    contents: set[str] = set()
    for place in range(len(parts) - 1, -1, -1):
        contents.add(parts[place].sha256 or parts[place].run_id)
        if len(contents) > (settings.window_files or len(parts)):
            return parts[place + 1 :]
    return parts


def problems_of_set(
    settings: IntakeSettings, parts: Sequence[Part], champion_classes: Collection[str] = ()
) -> tuple[str, ...]:
    """Return why a set is not fit to train on, a sentence each; empty if it is.

    `champion_classes`: the classes of the champion's set that must not be absent.
    """
    contents = (problem.message for problem in content_problems(settings, parts, champion_classes))
    return (*contents, *_forms(settings, parts))


def content_problems(
    settings: IntakeSettings, parts: Sequence[Part], champion_classes: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Return what the rows of a set lack, whatever their form; of a set of one file they are the file's problems."""
    rows = sum(part.rows for part in parts)
    problems: list[Problem] = []
    if rows < max(settings.min_rows, 1):
        message = f"It has {counted(rows, 'row')}, and min_rows is {settings.min_rows:,}."
        problems.append(Problem(Code.FEW_ROWS, message))
    problems += _missing(settings, parts, rows)
    problems += _classes(parts, champion_classes)
    return tuple(problems)


def _missing(settings: IntakeSettings, parts: Sequence[Part], rows: int) -> list[Problem]:
    if settings.max_missing is None or not rows:
        return []
    missing: Counter[str] = Counter()
    for part in parts:
        missing.update(part.missing)
    return [
        Problem(
            Code.MOSTLY_MISSING,
            f"{missing[column]:,} of {counted(rows, 'cell')} of column {column!r} are missing"
            f" ({missing[column] / rows:.0%}), and max_missing is {settings.max_missing:g}.",
            column=column,
        )
        for column in sorted(missing)
        if missing[column] > settings.max_missing * rows
    ]


def _classes(parts: Sequence[Part], champion_classes: Collection[str]) -> list[Problem]:
    classes = classes_of_set(parts)
    if len(classes) == 1:
        (only,) = classes
        return [Problem(Code.ONE_CLASS, f"Every row has the label {only!r}, and a model needs two classes.")]
    if classes and (lost := sorted(set(champion_classes).difference(classes))):
        message = f"The model in service knows {_listed(lost)}, of which the set has no row."
        return [Problem(Code.LOST_CLASS, message)]
    return []


def _forms(settings: IntakeSettings, parts: Sequence[Part]) -> list[str]:
    """Return why the rows cannot stand under one header: a file differs from the newest in it, or in its encoding.

    Clean rows are all UTF-8. A part of an earlier schema is written anew before it is joined.
    """
    if not parts:
        return []
    newest = parts[-1]
    for part in parts:
        if part.schema == newest.schema and part.header != newest.header:
            headers = [text.strip()[:MAX_TEXT] for text in (part.header, newest.header)]
            difference = f"{part.blob} has the header {headers[0]!r}, and {newest.blob} has {headers[1]!r}"
            return [f"{difference}: they cannot be joined."]
        if not settings.normalise and part.encoding != newest.encoding:
            return [f"{part.blob} is {part.encoding}, and {newest.blob} is {newest.encoding}: they cannot be joined."]
    return []


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:MAX_LISTED])
    rest = len(names) - MAX_LISTED
    return f"{shown} and {counted(rest, 'more class', 'more classes')}" if rest > 0 else shown


def classes_of_set(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the classes in a set, sorted; empty if those of a file are not known, or if they are too many to keep.

    A file without rows has no class, and hides none.
    """
    labels: set[str] = set()
    for part in parts:
        if part.rows and not part.labels:
            return ()
        labels.update(label for label, rows in part.labels.items() if rows)
    return () if are_too_many(labels) else tuple(sorted(labels))


def sha256_of_set(header: str, parts: Iterable[Part]) -> str:
    """Return the hash of a set's content, hex: of its header, and of its parts' hashes in order."""
    digest = hashlib.sha256(header.encode())
    for part in parts:
        digest.update(bytes.fromhex(part.rows_sha256))
    return digest.hexdigest()
