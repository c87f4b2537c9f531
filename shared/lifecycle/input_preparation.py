"""The first thing that is done for a claimed version: its input is pinned, or a bad file quarantined."""

from shared.lifecycle.effects import PinInput, QuarantineInput
from shared.lifecycle.job_paths import input_path
from shared.records.run import Run

LANDING_LEASE_S = 60  # how long the worker that claimed a run, or its preparation, has before another takes over
COPIED = "the storage is still copying the file to where its job reads it"
GONE = (
    "the file was overwritten or deleted before this version could be pinned;"
    " if it was overwritten, the new version has its own run"
)


def prepare(run: Run) -> PinInput | QuarantineInput:
    """Return the first effect of a claimed version."""
    if run.size == 0:
        return QuarantineInput("the file is empty (0 bytes): there is nothing to train on")
    return PinInput(input_path(run))
