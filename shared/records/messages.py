"""Queue messages: versioned, small, and never needed, since the rows hold the same facts (pure)."""

import json
from typing import NamedTuple

from shared.errors import BadMessageError

EVALUATION_VERSION = 1


class EvaluationMessage(NamedTuple):
    """Announces on the queue `evaluations` that a run is trained."""

    route: str
    run_id: str

    def to_text(self) -> str:
        """Write the message as JSON text."""
        return json.dumps({"version": EVALUATION_VERSION, **self._asdict()})

    @classmethod
    def from_text(cls, text: str) -> "EvaluationMessage":
        """Read a message.

        Raises:
            BadMessageError: it is not JSON, of another version, or lacks a member.
        """
        try:
            body = json.loads(text)
        except ValueError as error:
            raise BadMessageError(f"An evaluation message is not JSON: {error}") from error
        if not isinstance(body, dict) or body.get("version") != EVALUATION_VERSION:
            raise BadMessageError(f"An evaluation message must have version {EVALUATION_VERSION}.")
        route, run_id = body.get("route"), body.get("run_id")
        if not isinstance(route, str) or not isinstance(run_id, str) or not route or not run_id:
            raise BadMessageError("An evaluation message must have the texts `route` and `run_id`.")
        return cls(route, run_id)
