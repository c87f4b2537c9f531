"""Answers to golden rows: compared, hashed, and read back from a record."""

import hashlib
import json

from shared.ports import Answers


def digest(answers: Answers) -> str:
    """Return a hash of answers: equal answers, equal hash."""
    return hashlib.sha256(json.dumps(answers).encode()).hexdigest()


def as_answers(value: object) -> Answers:
    """Return answers as they were before they went through a JSON column."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"answers are a list of rows, not {type(value).__name__}")
    return tuple(tuple(str(cell) for cell in row) for row in value)
