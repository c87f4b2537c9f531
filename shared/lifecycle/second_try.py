"""The retry that an operator asks for: a run that ended without a promotion begins its next attempt.

It is the same version, so it keeps its generation: newer data still wins. The count of attempts continues as well: each
request of an operator gives one attempt, beside those that a run begins by itself (`attempts`).
"""

from datetime import datetime, timedelta

from shared.intake.training_sets import GROWING
from shared.lifecycle.endpoint_preconditions import end_by_champion
from shared.lifecycle.input_preparation import pins_original
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.records.run_states import RETRIABLE, RunState
from shared.records.run_steps import LandedStep
from shared.routes.route import Route

# After these the job may still run: it was given up at its deadline, or its start was refused.
JOB_MAY_RUN = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED})


def why_not(run: Run) -> str | None:
    """Return why a run cannot be retried, by its own record; None if it can."""
    if run.override is not None:
        return f"Run {run.run_id} is an operator's rollback. Request the rollback again."
    if not run.terminal:
        return f"Run {run.run_id} is {run.state.value}. It has not ended and continues by itself."
    if run.state is RunState.UNROUTED:
        return (
            f"No route matches the file of run {run.run_id}. Correct `files` of a route in routes.toml; the next sweep"
            " then claims the file."
        )
    if run.forgotten and (run.batch is None or run.batch.size == 1):  # the other files of a batch are trained on
        return f"The data of run {run.run_id} was deleted, and nothing trains on it again: {run.forgotten}"
    if run.state not in RETRIABLE:
        return f"Run {run.run_id} is {run.state.value}. Only a run that ended without this outcome can be retried."
    return None


def in_vain(route: Route, run: Run, record: EndpointRecord) -> str | None:
    """Return why a retry would be in vain, by the endpoint's row: its model could not be promoted. None if it could.

    A quarantined file of a growing set joins the next one, which also has the newer files: its age is no obstacle.
    """
    grows = route.batch is not None and route.batch.training_set in GROWING
    if grows and run.state is RunState.QUARANTINED and run.batch is None:
        return None
    ended = end_by_champion(run, record)
    return None if ended is None else f"Run {run.run_id} cannot be retried. {ended.reason}"


def retried(route: Route, run: Run, request: str, source: str, now: datetime) -> Run:
    """Return the run at the beginning of its next attempt; `request` names the operator and the reason.

    The run keeps only the fields that name the version, and the batch that it carries. The results of the previous
    attempt (job, decision, answers, notes) stay in the history and in its folder.
    `source` is the copy to pin anew, container/path; "" for the claimed version itself. A route that reads its files
    reads it again; the training set of a batch is assembled again.
    """
    originals = pins_original(route)
    version = Run(
        run_id=run.run_id,
        route=run.route,
        container=run.container,
        blob=run.blob,
        etag=run.etag,
        size=run.size,
        generation=run.file_generation,
        state=run.state,
        landed_at=run.landed_at,
        updated_at=run.updated_at,
        not_before=run.not_before,
        deadline_at=run.deadline_at,
        revision=run.revision,
        attempt=run.attempt + 1,
        original_blob=source if originals else "",
        input_blob="" if originals else source,
        intake=run.intake if run.batch is not None else None,
        batch=run.batch,
        forgotten=run.forgotten,
        actor=run.actor,
        chain=run.chain,
    )
    deadline = now + timedelta(seconds=route.deadlines.not_started)
    step = LandedStep.PREPARING if originals and run.batch is not None else None
    return version.transitioned(now, RunState.LANDED, request, step=step, deadline_at=deadline)
