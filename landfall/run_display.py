"""Shows runs to people: one line a run, one line a step, times in UTC and elapsed seconds."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.tree import Tree

from landfall.console import escape
from landfall.intake_display import intake_facts, problem_lines
from landfall.times import clock, moment
from shared.operators.run_documents import NO_DOCUMENTS, RunDocuments
from shared.plurals import counted
from shared.records.history import HistoryEntry
from shared.records.run import Run
from shared.records.run_states import TERMINAL, RunState
from shared.visible_text import visible

_GOOD = {RunState.PROMOTED, RunState.UNCHANGED}
_BAD = {RunState.FAILED, RunState.ROLLED_BACK, RunState.TIMED_OUT, RunState.QUARANTINED}


def colored_state(state: RunState) -> str:
    """Return a state with the markup of its color."""
    if state in _GOOD:
        color = "green"
    elif state in _BAD:
        color = "red"
    else:
        color = "yellow" if state in TERMINAL else "cyan"
    return f"[{color}]{state.value}[/]"


def step_lines(entries: Iterable[HistoryEntry]) -> Iterator[str]:
    """Yield a line for each step of a run: time, seconds since landing, state, step, and the reason if it is new."""
    landed_at: datetime | None = None
    last_reason = ""
    for entry in entries:
        landed_at = landed_at or entry.at
        yield _step_line(entry, landed_at, entry.reason if entry.reason != last_reason else "")
        last_reason = entry.reason


def _step_line(entry: HistoryEntry, began: datetime, reason: str) -> str:
    elapsed_s = (entry.at - began).total_seconds()
    step = f" [dim]({escape(entry.step)})[/]" if entry.step and entry.state not in TERMINAL else ""
    shown = f"  {escape(reason)}" if reason else ""
    by = f"  [dim]{escape(entry.actor)}[/]" if entry.actor else ""
    return f"{clock(entry.at)}  {elapsed_s:6.1f} s  {colored_state(entry.state)}{step}{by}{shown}"


def run_lines(runs: Sequence[Run], width: int) -> Iterator[str]:
    """Yield a line for each run; a reason that does not fit follows on a line of its own."""
    route = max(len(run.route) for run in runs)
    file = max(len(subject(run)) for run in runs)
    state = max(len(run.state) for run in runs)
    beside = len("12345678  2026-11-23 12:00:00 UTC") + route + file + state + 40 < width
    for run in runs:
        padding = " " * (state - len(run.state))
        name = escape(subject(run)) + " " * (file - len(subject(run)))
        state_cell = f"{colored_state(run.state)}{padding}"
        line = f"{run.run_id[:8]}  {moment(run.landed_at)}  {state_cell}  {run.route:{route}}  {name}"
        if run.reason:
            line += ("  " if beside else "\n          ") + f"[dim]{escape(run.reason)}[/]"
        yield line.rstrip()


def subject(run: Run) -> str:
    """Return the subject of a run: its file, or the model that an operator returns to."""
    if run.override is None:
        return visible(run.blob)
    return f"rollback to run {run.override.to[:8]}" if run.override.to else "rollback to the initial model"


def print_run(out: Console, run: Run, history: list[HistoryEntry], documents: RunDocuments = NO_DOCUMENTS) -> None:
    """Print everything about one run; long lines are wrapped, never cut off."""
    out.print(run_tree(run, history, documents), soft_wrap=False)


def run_tree(run: Run, history: list[HistoryEntry], documents: RunDocuments = NO_DOCUMENTS) -> Tree:
    """Return everything about one run; `documents`: what it has in blobs."""
    tree = Tree(f"run [bold]{run.run_id}[/]  {colored_state(run.state)}")
    if run.override is None:
        size = f"[dim]({counted(run.size, 'byte')}, version {escape(run.etag)})[/]"
        tree.add(f"file      {escape(run.container)}/{escape(run.blob)}  {size}")
    else:
        tree.add(f"rollback  {escape(str(run.challenger.archived_model if run.challenger is not None else None))}")
    tree.add(f"route     {run.route}, attempt {run.attempt}, job {escape(run.job_id) or '-'}")
    if run.reason:
        tree.add(f"reason    {escape(run.reason)}")
    _add_intake(tree, run, documents)
    if run.notes:
        notes = tree.add("notes     of the training")
        for note in run.notes:
            notes.add(escape(note))
    steps = tree.add("steps")
    for line in step_lines(history):
        steps.add(line)
    _add_decision(tree, run)
    for event in run.endpoint_events:
        what = escape(f"{event.name} ({event.role}): {event.event}")
        tree.add(f"endpoint  {what} at {moment(event.at)}")
    return tree


def _add_intake(tree: Tree, run: Run, documents: RunDocuments) -> None:
    """Add what became of the file before its job, each problem and each file of the batch below its fact."""
    branch = tree
    for title, fact in intake_facts(run, documents.members):
        branch = tree.add(f"{title:<10}{escape(fact)}") if title else branch
        if not title:
            branch.add(escape(fact))
        if title == "problems" and documents.problems is not None:
            for line in problem_lines(documents.problems):
                branch.add(escape(line))


def _add_decision(tree: Tree, run: Run) -> None:
    """Add the decision's reasons, and its metrics."""
    if run.decision:
        decision = tree.add(f"decision  [bold]{run.decision.verdict}[/], verified by {run.decision.verification}")
        for reason in run.decision.reasons:
            decision.add(escape(reason))
    for title, model in (("challenger", run.challenger), ("champion then", run.champion)):
        metrics = model.metrics if model is not None else {}
        if metrics:
            shown = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if value is not None)
            tree.add(f"{title}: {escape(shown)}")
