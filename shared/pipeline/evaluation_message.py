"""The queue message about a trained run: evaluate it now, without waiting for the tick."""

from shared.effects.run_driver import drive
from shared.lifecycle.observations import TimerFired
from shared.pipeline.announced_run import announced_run
from shared.records.messages import EvaluationMessage
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.services import Services


def evaluate(services: Services, text: str) -> None:
    """Take the next steps of the run that a message announces; a run past `trained` is left to the tick.

    Raises:
        BadMessageError: the message cannot be read; the host moves it to the poison queue.
        RetryableError: storage could not be read; the host delivers the message again.
    """
    announced = announced_run(services, EvaluationMessage.from_text(text))
    if announced is not None and _is_due(services, announced.stored.run):
        drive(services, *announced, TimerFired())


def _is_due(services: Services, run: Run) -> bool:
    """Return whether the run is to be evaluated now; a message does not shorten the pause after a failed step."""
    has_to_wait = run.consecutive_failures > 0 and services.clock.now() < run.not_before
    return run.state is RunState.TRAINED and not has_to_wait
