"""A run as the store gives it."""

from typing import NamedTuple

from shared.records.run import Run


class StoredRun(NamedTuple):
    """A run as read or written, with the ETags that fence the next write; None if this read did not give one."""

    run: Run
    run_etag: str | None
    active_etag: str | None
