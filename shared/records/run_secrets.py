"""Removes the secrets that the app holds from a run before it is written (pure)."""

import json
from dataclasses import replace
from enum import Enum
from typing import Any

from shared.held_secrets import hide, holds_any
from shared.records.json_codec import to_json_value
from shared.records.run import Run


def without_secrets(run: Run) -> Run:
    """Return the run with every secret that the app holds removed from its texts; nearly always the same object."""
    if not holds_any():
        return run
    changed: dict[str, Any] = {}
    for name in _TEXTS_FROM_OUTSIDE:
        value = getattr(run, name)
        if value:
            text = value if isinstance(value, str) else json.dumps(to_json_value(value), ensure_ascii=False)
            if hide(text) != text:
                changed[name] = _hidden(value)
    return replace(run, **changed) if changed else run


# The fields with texts from outside. Names of files, routes and endpoints, times and hashes are the app's own.
_TEXTS_FROM_OUTSIDE = (
    *("reason", "notes", "challenger", "champion", "decision", "endpoint_events", "golden_answers", "holdout_progress"),
    *("rollback", "approval", "override"),
)


def _hidden(value: Any) -> Any:
    match value:
        case str() if not isinstance(value, Enum):
            return hide(value)
        case dict():
            return {_hidden(name): _hidden(inner) for name, inner in value.items()}
        case tuple() if hasattr(value, "_make"):  # a record
            return value._make(_hidden(inner) for inner in value)
        case list() | tuple():
            return type(value)(_hidden(inner) for inner in value)
    return value
