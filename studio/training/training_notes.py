"""The notes of a training as the `Details` of a finished job: one note a line, the most important first.

In the protocol only failed jobs have `Details` (1.8). Here a finished job has this text there, or null.
"""

from collections.abc import Iterable, Sequence

from studio.training.column_inference import InferredColumn
from studio.words import shortened

MAX_DETAILS_CHARACTERS = 16_000  # characters; the job's log has all notes
MAX_NOTE_CHARACTERS = 300  # characters of one note, before the ellipsis


def notes_of(findings: Iterable[InferredColumn]) -> list[str]:
    """Return the notes of columns: first the dropped ones, then the odd ones, then the others."""
    return list(map(str, sorted(findings, key=_rank)))


def _rank(finding: InferredColumn) -> int:
    if finding.column.kind == "ignored":
        return 0
    return 1 if finding.is_odd else 2


def details_of(notes: Sequence[str]) -> str | None:
    """Return the `Details` of a finished job; None without notes."""
    lines = [shortened(" ".join(note.split()), MAX_NOTE_CHARACTERS) for note in notes]
    length, kept = 0, 0
    for line in lines:
        length += len(line) + 1
        if length > MAX_DETAILS_CHARACTERS:
            break
        kept += 1
    shown = lines[:kept]
    if kept < len(lines):
        shown.append(f"and {len(lines) - kept:,} more notes, in the job's log")
    return "\n".join(shown) or None
