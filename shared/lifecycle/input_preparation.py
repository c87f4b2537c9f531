"""The first effect of a claimed version: its input is pinned, or an empty file quarantined."""

from shared.lifecycle.effects import PinInput, QuarantineInput
from shared.lifecycle.job_paths import input_path
from shared.records.run import Run

LANDING_LEASE_S = (
    60  # seconds that the worker has which claimed the run or its next step; then another worker takes over
)
COPIED = "Storage is still copying the file to where its job reads it."
GONE = (
    "The file was overwritten or deleted before this version could be pinned."
    " If it was overwritten, the new version has its own run."
)


def prepare(run: Run) -> PinInput | QuarantineInput:
    """Return the first effect of a claimed version."""
    if run.size == 0:
        return QuarantineInput("The file is empty (0 bytes). Upload it again with its rows.")
    return PinInput(input_path(run))
