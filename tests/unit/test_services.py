"""Every write of a run passes the services: its history names the writer and is chained."""

import pytest

from shared.records.batch import OpenBatch
from shared.records.history import broken_links
from shared.records.run import Run
from shared.records.run_identity import run_id_for
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, WaitingStep
from shared.services import Services
from tests.contract.records import NOON, a_part, a_run
from tests.pipeline.world import World


@pytest.fixture
def services() -> Services:
    """Give services whose writes are those of a function by name."""
    return World().services.acting_as("poller")


def _check_history(services: Services, run: Run) -> None:
    entries = services.runs.history(run.route, run.run_id)
    assert broken_links(run, entries) == []
    assert {entry.actor for entry in entries} == {"poller"}


def test_a_file_on_its_way_into_a_batch_has_an_unbroken_history(services: Services) -> None:
    """Settled, accepted with its part, sealed as the carrier, forgotten: each write is an entry of the chain."""
    waits = a_run(
        run_id=run_id_for("incoming", "census/june.csv", "settle"), state=RunState.WAITING, step=WaitingStep.SETTLE
    )
    settling = services.claim_run(waits)
    claimed = services.settle_run(settling, a_run())
    waiting = claimed.run.transitioned(NOON, RunState.WAITING, "for its batch", step=WaitingStep.BATCH)
    accepted = services.accept_part(claimed, waiting, a_part(waiting))
    _, carrier = services.seal_batch(
        services.runs.open_batch("census"),
        OpenBatch(route="census"),
        accepted,
        accepted.run.transitioned(NOON, RunState.LANDED, step=LandedStep.PREPARING),
    )
    forgotten = services.forget_part(carrier, carrier.run.evolve(NOON, forgotten="by ann"))

    assert forgotten.run.revision == 3
    assert services.runs.part(forgotten.run) is None
    _check_history(services, forgotten.run)


def test_runs_that_are_saved_together_have_a_history_each(services: Services) -> None:
    """Each is chained to its own entry before, and names the writer."""
    stored = [services.claim_run(a_run(state=RunState.WAITING, step=WaitingStep.BATCH)) for _ in range(3)]

    saved = services.save_runs(
        [(before, before.run.transitioned(NOON, RunState.BATCHED, batch_run_id="0f")) for before in stored]
    )

    assert len({after.run.chain for after in saved}) == 3
    for after in saved:
        _check_history(services, after.run)
