"""Which metrics a kind of model has, and which kind of model an answer shows."""

import pytest

from shared.gates.holdout import MEASURED, Task
from shared.gates.metric_tasks import names_of, task_of_answer, tasks_of


def test_a_metric_is_known_in_any_spelling() -> None:
    """Of one task, of two, or of none that is known."""
    assert tasks_of("f_score") == {Task.BINARY}
    assert tasks_of("average log loss") == {Task.BINARY, Task.MULTICLASS}
    assert tasks_of("Root Mean Squared Error") == {Task.REGRESSION}
    assert tasks_of("Profit") == frozenset()
    assert all(task in tasks_of(name) for task in Task for name in MEASURED[task])
    assert names_of(Task.REGRESSION) == MEASURED[Task.REGRESSION]


@pytest.mark.parametrize(
    ("columns", "row", "task"),
    [
        (("Scored Labels", "Scored Probabilities"), ("yes", "0.7"), Task.BINARY),
        (("Scored Labels", 'Scored Probabilities for Class "a"'), ("a", "1"), Task.MULTICLASS),
        (("Scored Labels",), ("3.5",), Task.REGRESSION),
        (("Scored Labels",), ("yes",), None),
        (("forecast",), ("3.5",), None),
        (("Scored Labels", "Scored Probabilities_a", "Scored Probabilities_b"), ("a", "1", "0"), None),
    ],
)
def test_an_answer_shows_its_task(columns: tuple[str, ...], row: tuple[str, ...], task: Task | None) -> None:
    """By the scored columns; what could be anything tells nothing."""
    assert task_of_answer(columns, row) is task
