"""An erasure that goes on: a worker that was paused may still write a copy of a file that was forgotten (pure)."""

from datetime import datetime
from typing import NamedTuple


class Erasure(NamedTuple):
    """What a sweep deletes once more, for as long as a paused worker may write it.

    Attributes:
        run_id: of the version that was forgotten.
        inputs: `Run.job_folder` of each attempt of other runs that trained on it.
        until: when no worker of before can be at work any more.
    """

    route: str
    run_id: str
    inputs: tuple[str, ...]
    until: datetime
