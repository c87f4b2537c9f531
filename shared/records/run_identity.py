"""The identity of a run: its id, its generation, and the partition of files without a route (pure)."""

import hashlib
from datetime import UTC, datetime

UNROUTED = "_unrouted"  # the partition of files that no route matches; a route's name cannot begin with "_"


def run_id_for(container: str, blob: str, etag: str) -> str:
    """Return the run id of a file version: 32 hex digits, the same for every worker that computes it.

    `etag` may come with or without quotes.
    """
    text = "\n".join((container, blob, etag.strip('"')))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def settling_run_id(container: str, blob: str) -> str:
    """Return the id of the run that waits for a file to settle: one a name, however often the file grows."""
    return run_id_for(container, blob, "settle")


def generation_for(modified_at: datetime, claimed_at: datetime, run_id: str) -> str:
    """Return the generation: a text that sorts by the blob's Last-Modified, then by the order of claims.

    A file that the sweep finds late is therefore still old. The claim only breaks ties; the run's id breaks those of
    two claims in the same microsecond, so no two runs share a generation.
    """
    when = modified_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{when}/{int(claimed_at.timestamp() * 1_000_000):020d}/{run_id[:8]}"


def modified_at_of(generation: str) -> datetime:
    """Return the Last-Modified of the file that has a generation.

    Raises:
        ValueError: the text is no generation.
    """
    return datetime.fromisoformat(generation.partition("/")[0])
