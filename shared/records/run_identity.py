"""The identity of a run, which every worker computes alike: its id, its generation, its partition (pure)."""

import hashlib
from datetime import UTC, datetime

UNROUTED = "_unrouted"  # the partition of files that no route matches; a route's name cannot begin with "_"


def run_id_for(container: str, blob: str, etag: str) -> str:
    """Return the id of the run of one file version: 32 hex digits, the same whoever computes it.

    `etag` may come with or without quotes.
    """
    text = "\n".join((container, blob, etag.strip('"')))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def generation_for(modified_at: datetime, claimed_at: datetime, run_id: str) -> str:
    """Return a text that sorts as (the blob's Last-Modified, the order of claims), and that no two runs share.

    A file that the sweep finds late is therefore still old: the claim only breaks ties, and the run's id those that
    are left when two are claimed in the same microsecond.
    """
    when = modified_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{when}/{int(claimed_at.timestamp() * 1_000_000):020d}/{run_id[:8]}"
