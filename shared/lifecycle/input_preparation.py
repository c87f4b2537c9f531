"""The first effect of a claimed version: its input is pinned, or an empty file quarantined."""

from shared.lifecycle.effects import PinInput, QuarantineInput, SubmitJob
from shared.lifecycle.job_paths import input_of_next_attempt, input_path, original_path, output_paths
from shared.ports.training_service import JobRequest, JobSubject
from shared.records.run import Run
from shared.routes.route import Route

LANDING_LEASE_S = (
    60  # seconds that the worker has which claimed the run or its next step; then another worker takes over
)
COPIED = "Storage is still copying the file to where its job reads it."
GONE = (
    "The file was overwritten or deleted before this version could be pinned."
    " If it was overwritten, the new version has its own run."
)


def prepare(route: Route, run: Run) -> PinInput | QuarantineInput | SubmitJob:
    """Return the next effect of a run whose input is to be pinned.

    A route that reads or gathers its files pins the originals first; what its jobs read is made of them.
    """
    if run.input_blob:
        target = input_of_next_attempt(run)
        return submit(route, run) if target == run.input_blob else PinInput(target)
    if pins_original(route):
        return PinInput(original_path(run))
    if run.size == 0:
        return QuarantineInput("The file is empty (0 bytes). Upload it again with its rows.")
    return PinInput(input_path(run))


def pins_original(route: Route) -> bool:
    """Tell whether the route pins the files that land as originals, and not as the input of their jobs."""
    return route.reading is not None or route.batch is not None


def submit(route: Route, run: Run, input_blob: str = "") -> SubmitJob:
    """Return the effect that submits the job of a run whose input is complete, at `input_blob` if the row lacks it."""
    return SubmitJob(job_request(route, run, input_blob or run.input_blob))


def job_request(route: Route, run: Run, input_blob: str) -> JobRequest:
    """Return the request of this attempt's job, which reads `input_blob` (container/path)."""
    subject = JobSubject(run.route, run.run_id, run.attempt, run.blob, run.etag)
    return JobRequest(input_blob, *output_paths(run, route.training), route.deadlines.job_access_s, subject)
