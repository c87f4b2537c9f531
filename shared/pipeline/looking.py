"""What the HTTP functions answer: is the app set up, and how are the runs."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shared.errors import ConfigError, LandfallError
from shared.pipeline.services import Services
from shared.runs import iso, run_to_json

if TYPE_CHECKING:
    from shared.admission import Refusal

MOST_RUNS = 1000

type Answer = tuple[int, str]  # HTTP status and JSON body


def refusal(refused: "Refusal") -> Answer:
    """Answer a caller who is not let in."""
    return refused.status, json.dumps({"error": refused.reason})


def health(services: Callable[[], Services]) -> Answer:
    """Answer 200 if the settings are right and the tables can be read, else 503 with every problem.

    `last_heartbeat` is written by the poller at most every five minutes; an old one means that it is silent.
    """
    try:
        beat = services().runs.last_beat()
    except ConfigError as error:
        return 503, json.dumps({"state": "misconfigured", "problems": error.problems})
    except LandfallError as error:
        return 503, json.dumps({"state": "storage unavailable", "problems": [str(error)]})
    return 200, json.dumps({"state": "ok", "last_heartbeat": iso(beat)})


def runs(services: Callable[[], Services], query: Mapping[str, str]) -> Answer:
    """Answer the newest runs; `run_id` asks for one, `route` for one route's, `limit` for how many (at most 1000)."""
    limit = query.get("limit", "100")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MOST_RUNS:
        return 400, json.dumps({"error": f"limit must be a whole number from 1 to {MOST_RUNS}, not {limit!r}"})
    try:
        store = services().runs
        if "run_id" in query:
            stored = store.find(query["run_id"])
            found = [stored] if stored else []
        else:
            found = store.list_runs(query.get("route") or None, int(limit))
    except ConfigError as error:
        return 500, json.dumps({"error": "the app is misconfigured", "problems": error.problems})
    except LandfallError as error:
        return 503, json.dumps({"error": str(error)})
    return 200, json.dumps({"runs": [run_to_json(stored.run) for stored in found]})
