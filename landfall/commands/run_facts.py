"""What a run's record says of its file, its job and the endpoint, for `landfall explain`."""

from collections.abc import Iterator

from landfall.intake_display import Fact
from landfall.times import moment
from shared.plurals import counted
from shared.records.decision import Override
from shared.records.run import Run
from shared.records.run_states import RunState


def run_facts(run: Run) -> Iterator[Fact]:
    """Yield the facts of a run that are no decision: its file or rollback, its input, its job, the endpoint."""
    if run.override is not None:
        yield from _rollback_facts(run, run.override)
    else:
        size = counted(run.size, "byte")
        yield "file", f"{run.container}/{run.blob}, {size}, version {run.etag}, landed {moment(run.landed_at)}"
        yield "trained on", run.input_blob or _without_input(run)
        job = run.job_id or _without_job(run)
        yield "job", f"{job}, attempt {run.attempt}"
    if run.state is not RunState.UNROUTED:
        yield from _endpoint_facts(run)


def _without_input(run: Run) -> str:
    """Say what a run without an input is, or will be, trained on."""
    if run.state is RunState.BATCHED:
        return f"the training set of run {run.batch_run_id}"
    if run.terminal:
        return "nothing"
    return f"not assembled yet; the file is pinned as {run.original_blob}" if run.original_blob else "not pinned yet"


def _without_job(run: Run) -> str:
    if run.state is RunState.BATCHED:
        return f"that of run {run.batch_run_id}"
    return "none was started" if run.terminal else "none yet"


def _rollback_facts(run: Run, override: Override) -> Iterator[Fact]:
    champion = run.decision.champion if run.decision is not None else None
    yield "rollback", f"requested by {override.by} at {moment(override.at)}: {override.reason}"
    first = "the initial model"
    replaced = f"the model of run {override.replaces}, {champion.model if champion else None}"
    yield "from", replaced if override.replaces else first
    whose = f"the model of run {override.to}" if override.to else first
    yield "to", f"{whose}, {run.challenger.archived_model if run.challenger is not None else None}"


def _endpoint_facts(run: Run) -> Iterator[Fact]:
    if sent_to_endpoint(run):
        before, after = before_and_after(run)
        yield "endpoint", f"before: {before or 'the initial model'}"
        same = run.terminal and run.state is not RunState.PROMOTED
        yield "", f"after:  {'the same' if same else after or 'not known yet'}"
    else:
        yield "endpoint", f"serving: untouched by this run{'' if run.terminal else ' so far'}"
    for event in run.endpoint_events:
        yield "", f"{event.name} ({event.role}): {event.event} at {moment(event.at)}"


def sent_to_endpoint(run: Run) -> bool:
    """Tell whether this run sent a model to the serving endpoint."""
    return run.state is RunState.PROMOTING or any(event.role == "serve" for event in run.endpoint_events)


def before_and_after(run: Run) -> tuple[str | None, str | None]:
    """Return the serving endpoint's model before and after this run; None where the record does not say.

    The record of a run that sent nothing does not name the model in service, which another run may have changed. The
    path of the initial model is recorded only once it was restored.
    """
    if not sent_to_endpoint(run):
        return None, None
    champion = run.decision.champion if run.decision is not None else None
    before = champion.model if champion is not None else None
    if before is None and run.rollback is not None:
        before = run.rollback.target
    if run.state is RunState.PROMOTED:
        return before, run.challenger.archived_model if run.challenger is not None else None
    return before, before if run.terminal else None
