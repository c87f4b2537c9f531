"""Reads a route's `[holdout]` from a TOML table."""

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task
from shared.routes.toml_reader import TomlTable

MAX_BATCH_ROWS = 5000


def read_holdout_table(table: TomlTable) -> Holdout:
    """Return the holdout; it may be used only if the table has no problems afterwards."""
    data = table.blob_path("data", ".csv")
    task = Task(table.choice("task", [task.value for task in Task]) or Task.BINARY)
    positive = table.optional_text("positive") or ""
    if task is Task.BINARY and not positive:
        table.problem("positive", "is missing", "Add the label of the positive class")
    if task is not Task.BINARY and positive:
        table.problem("positive", f"means nothing for a {task.value} task", "Remove it")
    batch_rows = table.integer("batch_rows", Holdout.batch_rows, minimum=1)
    if batch_rows > MAX_BATCH_ROWS:
        table.problem("batch_rows", f"must be at most {MAX_BATCH_ROWS:,} rows a request, not {batch_rows:,}")
    holdout = Holdout(
        data=data,
        label=table.text("label", add='the name of the label column, for example "income"'),
        task=task,
        positive=positive,
        batch_rows=batch_rows,
        label_sent=table.optional_text("label_sent"),
    )
    table.finish()
    return holdout
