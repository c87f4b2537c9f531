"""The queue message about a run whose file is to be read, or whose training set is to be assembled."""

from shared.effects.run_driver import drive
from shared.lifecycle.intake_states import INTAKE_STEPS
from shared.lifecycle.observations import IntakeAnnounced
from shared.pipeline.announced_run import announced_run
from shared.records.messages import IntakeMessage
from shared.services import Services


def read_and_assemble(services: Services, text: str) -> None:
    """Read the file or assemble the training set of the run that a message announces.

    A run that another worker has under its lease is left to that worker, and a run past these steps to the tick.

    Raises:
        BadMessageError: the message cannot be read; the host moves it to the poison queue.
        RetryableError: storage could not be read; the host delivers the message again.
    """
    announced = announced_run(services, IntakeMessage.from_text(text))
    if announced is not None and announced.stored.run.step in INTAKE_STEPS:
        drive(services, *announced, IntakeAnnounced())
