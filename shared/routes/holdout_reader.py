"""Reads a route's `[holdout]` from a TOML table."""

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task
from shared.routes.toml_reader import Table

_MOST_BATCH_ROWS = 5000


def read_holdout_table(table: Table) -> Holdout:
    """Return the holdout; what is wrong goes to the table's problems, and the caller must not use it then."""
    data = table.blob_path("data", ".csv")
    task = Task(table.choice("task", [one.value for one in Task]) or Task.BINARY)
    positive = table.text("positive") if table.has("positive") else ""
    if task is Task.BINARY and not positive:
        table.problem("positive", "is missing: which label counts as the positive class")
    if task is not Task.BINARY and positive:
        table.problem("positive", f"means nothing for a {task.value} task")
    batch_rows = table.integer("batch_rows", Holdout.batch_rows, least=1)
    if batch_rows > _MOST_BATCH_ROWS:
        table.problem("batch_rows", f"must be at most {_MOST_BATCH_ROWS}: {batch_rows} make too long a request")
    label_sent = table.text("label_sent") if table.has("label_sent") else None
    read = Holdout(
        data=data,
        label=table.text("label"),
        task=task,
        positive=positive,
        batch_rows=batch_rows,
        label_sent=label_sent,
    )
    table.finish()
    return read
