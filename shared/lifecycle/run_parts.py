"""The parts that a run must have in its state; a run without them is a bug."""

from shared.records.golden_answers import GoldenAnswers
from shared.records.models import Challenger
from shared.records.run import Run


def golden_answers_of(run: Run) -> GoldenAnswers:
    """Return the golden answers of a run that was staged or decided.

    Raises:
        ValueError: it has none.
    """
    if run.golden_answers is None:
        raise ValueError(f"Run {run.run_id} is {run.state} and has no golden answers.")
    return run.golden_answers


def challenger_of(run: Run) -> Challenger:
    """Return the challenger of a run that was evaluated.

    Raises:
        ValueError: it has none.
    """
    if run.challenger is None:
        raise ValueError(f"Run {run.run_id} is {run.state} and has no challenger.")
    return run.challenger


def archived_model_of(run: Run) -> str:
    """Return the archived model of a run that is promoting: container/path.

    Raises:
        ValueError: it has none.
    """
    path = challenger_of(run).archived_model
    if path is None:
        raise ValueError(f"Run {run.run_id} is {run.state} and has no archived model.")
    return path
