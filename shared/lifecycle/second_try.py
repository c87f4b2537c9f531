"""A second try that an operator asks for: a run that ended without a promotion begins its next attempt.

It is the same version, so it keeps its generation: whatever is newer still wins over it. The number of attempts that a
run begins by itself (`attempts`) is not given anew either: one word, one attempt.
"""

from datetime import datetime, timedelta

from shared.lifecycle.endpoint_rules import blocked, newer_in_service
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.records.run_states import RETRIABLE, RunState
from shared.routes.route import Route

# After these the job itself may have no end that is known: it was given up by its deadline, or its start was refused.
JOB_MAY_RUN = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED})


def why_not(run: Run) -> str | None:
    """Return why a run cannot be tried again, by what it is; None if it can."""
    if run.override is not None:
        return f"run {run.run_id} is an operator's rollback: ask for the rollback again"
    if not run.terminal:
        return f"run {run.run_id} is {run.state.value}: it has not ended, and goes on by itself"
    if run.state is RunState.UNROUTED:
        return (
            f"no route matches the file of run {run.run_id}: correct `files` of a route, and the next sweep takes it up"
        )
    if run.state not in RETRIABLE:
        return f"run {run.run_id} is {run.state.value}: only a run that ended otherwise can be tried again"
    return None


def in_vain(run: Run, record: EndpointRecord) -> str | None:
    """Return why its model could not go into service anyhow, by the endpoint as it is now: no job is paid for that."""
    reason = newer_in_service(record, run) or blocked(record, run)
    return None if reason is None else f"run {run.run_id} cannot be tried again: {reason}"


def retried(route: Route, run: Run, request: str, input_blob: str, now: datetime) -> Run:
    """Return the run at the beginning of its next attempt; `request` says who asked for it and why.

    Only what names the version is taken along: what the attempt before came to (its job, decision, answers, notes, and
    whatever a run may keep besides) stays in the history and in its folder.
    `input_blob` is the copy to pin anew, container/path; "" for the claimed version itself.
    """
    version = Run(
        run_id=run.run_id,
        route=run.route,
        container=run.container,
        blob=run.blob,
        etag=run.etag,
        size=run.size,
        generation=run.generation,
        state=run.state,
        landed_at=run.landed_at,
        updated_at=run.updated_at,
        not_before=run.not_before,
        deadline_at=run.deadline_at,
        revision=run.revision,
        attempt=run.attempt + 1,
        input_blob=input_blob,
        actor=run.actor,
        chain=run.chain,
    )
    deadline = now + timedelta(seconds=route.deadlines.not_started)
    return version.transitioned(now, RunState.LANDED, request, deadline_at=deadline)
