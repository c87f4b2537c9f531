"""How accepted files leave `waiting (batch)`: one carries the batch, the others are members, or replaced (pure)."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.intake.settings import TrainingSetKind
from shared.lifecycle.intake_states import prepared
from shared.records.batch import BatchRef
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from shared.routes.route import Route

UNFIT_PAUSE_S = 300  # a set that is not fit is checked again after it, or when another file is accepted
UNFIT = "The training set is not complete yet."


def is_accepted(run: Run) -> bool:
    """Tell whether a run waits for its batch."""
    return run.state is RunState.WAITING and run.step == WaitingStep.BATCH


def carrying(route: Route, run: Run, batch: BatchRef | None, now: datetime) -> Run:
    """Return the run that is trained for its batch; None: it landed alone."""
    return replace(prepared(route, run, now), batch=batch)


def repointed(run: Run, kind: TrainingSetKind, carrier_id: str, carrier_blob: str, now: datetime) -> Run:
    """Return a member that is not trained itself: another one's run carries the batch."""
    if kind is TrainingSetKind.FILE:
        reason = f"A newer file of its batch, {carrier_blob}, is trained by run {carrier_id}."
        return run.transitioned(now, RunState.SUPERSEDED, reason)
    reason = f"It is trained with its batch by run {carrier_id}."
    return run.transitioned(now, RunState.BATCHED, reason, batch_run_id=carrier_id)


def replaced(run: Run, successor_id: str, now: datetime) -> Run:
    """Return a run that ends because a newer version of its name was accepted."""
    reason = f"A newer version of the file was accepted: run {successor_id}."
    return run.transitioned(now, RunState.SUPERSEDED, reason)


def still_unfit(run: Run, problems: tuple[str, ...], now: datetime) -> Run:
    """Return a run that waits for later files, with the reasons why its set is not fit to train on."""
    later = now + timedelta(seconds=UNFIT_PAUSE_S)
    return run.evolve(now, reason=" ".join((UNFIT, *problems)), not_before=later)


def was_unfit(run: Run) -> bool:
    """Tell whether a run waits because the last set with it was not fit to train on."""
    return is_accepted(run) and run.reason.startswith(UNFIT)
