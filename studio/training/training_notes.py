"""What a training says of its data, as the `Details` of a finished job: a note a line, the weightiest first.

The protocol knows `Details` of failed jobs only (1.8). A finished one has null there, or this text.
"""

from collections.abc import Iterable, Sequence

from studio.training.column_inference import InferredColumn

DETAILS_LIMIT = 16_000  # characters; a job with ten thousand columns has all notes in its log
NOTE_LIMIT = 300  # characters of one note


def notes_of(findings: Iterable[InferredColumn]) -> list[str]:
    """Return the notes of columns: those that are dropped, those with something odd in them, then the others."""
    return list(map(str, sorted(findings, key=_weight)))


def _weight(finding: InferredColumn) -> int:
    if finding.column.kind == "ignored":
        return 0
    return 1 if finding.is_odd else 2


def details_of(notes: Sequence[str]) -> str | None:
    """Return the `Details` of a finished job; None if there is nothing to say."""
    lines = [_cut(" ".join(note.split())) for note in notes]
    length, kept = 0, 0
    for line in lines:
        length += len(line) + 1
        if length > DETAILS_LIMIT:
            break
        kept += 1
    left = len(lines) - kept
    return "\n".join([*lines[:kept], *([f"and {left:,} more notes, in the job's log"] if left else [])]) or None


def _cut(note: str) -> str:
    return note if len(note) <= NOTE_LIMIT else f"{note[: NOTE_LIMIT - 1]}…"
