"""Queue messages: versioned, small, and never needed, since the rows hold the same facts (pure)."""

import json
from typing import NamedTuple

from shared.errors import BadMessageError

VERSION = 1  # of every message


class EvaluationMessage(NamedTuple):
    """Announces on the queue `evaluations` that a run is trained."""

    route: str
    run_id: str

    def to_text(self) -> str:
        """Write the message as JSON text."""
        return _text(self.route, self.run_id)

    @classmethod
    def from_text(cls, text: str) -> "EvaluationMessage":
        """Read a message.

        Raises:
            BadMessageError: it is not JSON, of another version, or lacks a member.
        """
        return cls(*_read(text, "An evaluation message"))


class IntakeMessage(NamedTuple):
    """Announces on the queue `intake` that a run's file is to be read, or its training set to be assembled."""

    route: str
    run_id: str

    def to_text(self) -> str:
        """Write the message as JSON text."""
        return _text(self.route, self.run_id)

    @classmethod
    def from_text(cls, text: str) -> "IntakeMessage":
        """Read a message.

        Raises:
            BadMessageError: it is not JSON, of another version, or lacks a member.
        """
        return cls(*_read(text, "An intake message"))


def _text(route: str, run_id: str) -> str:
    return json.dumps({"version": VERSION, "route": route, "run_id": run_id})


def _read(text: str, subject: str) -> tuple[str, str]:
    """Return the route and the run id of a message; errors begin with `subject`."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise BadMessageError(f"{subject} is not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("version") != VERSION:
        raise BadMessageError(f"{subject} must have version {VERSION}.")
    route, run_id = body.get("route"), body.get("run_id")
    if not isinstance(route, str) or not isinstance(run_id, str) or not route or not run_id:
        raise BadMessageError(f"{subject} must have the texts `route` and `run_id`.")
    return route, run_id
