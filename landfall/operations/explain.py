"""`landfall explain`: why a run was or was not promoted, the whole story on one screen."""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from landfall.operations.reading import find_run, reading
from landfall.operations.show import colored, console
from shared.evaluation import metric_key
from shared.runs import Run, RunState, iso

type Row = tuple[str, float | None, float | None]


def explain(options: argparse.Namespace) -> int:
    """Tell one run's story."""
    run = find_run(reading(options), options.run).run
    if options.json:
        print(json.dumps(story(run), indent=2))  # noqa: T201 - this is a command
    else:
        show(console(), run)
    return 0


def story(run: Run) -> dict[str, Any]:
    """Return what is told, for scripts."""
    decision = run.decision or {}
    return {
        "run_id": run.run_id,
        "route": run.route,
        "state": run.state.value,
        "reason": run.reason,
        "file": {"container": run.container, "blob": run.blob, "etag": run.etag, "size": run.size},
        "landed_at": iso(run.landed_at),
        "input_blob": run.input_blob or None,
        "job_id": run.job_id or None,
        "attempt": run.attempt,
        "metrics": [
            {"metric": name, "challenger": challenger, "champion": champion}
            for name, challenger, champion in side_by_side(run)
        ],
        "verdict": decision.get("verdict"),
        "gates": decision.get("gates", []),
        "data": decision.get("data"),
        "approval": decision.get("approval"),
        "override": run.override,
        "endpoint": dict(zip(("before", "after"), before_and_after(run), strict=True)),
        "events": list(run.endpoints),
    }


def side_by_side(run: Run) -> list[Row]:
    """Return every metric of either model: name, the challenger's value, the champion's as it was recorded."""
    decision = run.decision or {}
    challenger = _metrics(decision.get("challenger") or run.challenger)
    champion = _metrics(decision.get("champion"))
    known = {metric_key(name): value for name, value in champion.items()}
    rows = [(name, value, known.pop(metric_key(name), None)) for name, value in challenger.items()]
    return rows + [(name, None, value) for name, value in champion.items() if metric_key(name) in known]


def before_and_after(run: Run) -> tuple[str | None, str | None]:
    """Return which model the serving endpoint had before and after this run; None where the record does not tell.

    The model in service before the first promotion is known by its path only once something was sent to replace it.
    """
    champion = (run.decision or {}).get("champion")
    before = champion["model"] if champion else (run.answers or {}).get("back")
    if run.state is RunState.PROMOTED:
        return before, (run.challenger or {}).get("kept")
    sent = any(event["role"] == "serve" for event in run.endpoints)
    return before, before if run.terminal or not sent else None


def show(out: Console, run: Run) -> None:
    """Print the story."""
    out.print(f"run {run.run_id} of route {run.route}: {colored(run.state)}")
    if run.reason:
        out.print(f"  {escape(run.reason)}")
    for title, said in _facts(run):
        out.print(f"{title:<12}{escape(said)}")
    rows = side_by_side(run)
    if rows:
        table = Table("metric", "challenger", "champion then", box=None, pad_edge=False)
        for name, challenger, champion in rows:
            if challenger is not None or champion is not None:
                table.add_row(escape(name), _number(challenger), _number(champion))
        out.print(table)
    if run.decision is None:
        out.print("There is no decision: the run has not come that far.")
    else:
        _show_decision(out, run, run.decision)


def _show_decision(out: Console, run: Run, decision: Mapping[str, Any]) -> None:
    if run.override is not None:
        out.print(f"An operator decided at {decision['decided_at']}, no policy: {escape(decision['reasons'][0])}")
        return
    out.print(f"The policy said [bold]{said_by_policy(decision)}[/] at {decision['decided_at']}:")
    for gate in decision["gates"]:
        out.print(f"  {'[green]passed[/]' if gate['passed'] else '[red]failed[/]'}  {escape(gate['reason'])}")
    approval = decision.get("approval")
    if approval is not None:
        out.print(f"  approved by {escape(approval['by'])} at {approval['at']}: {escape(approval['reason'])}")
    data = decision["data"]
    if data.get("holdout"):
        holdout = data["holdout"]
        out.print(f"  measured here: {escape(data['note'])}, version {holdout['etag']}, {holdout['identity'][:12]}")
        if data["champion"] is not None:
            out.print(f"  the champion was scored {escape(data['champion']['scored'])}")
    elif decision["champion"] is not None:
        out.print(f"  not on the same data: {escape(data['note'])}")


def said_by_policy(decision: Mapping[str, Any]) -> str:
    """Return the policy's own verdict: a person may have gone on from a `hold` to a promotion."""
    return str(decision.get("policy_said", decision["verdict"]))


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    yield "file", f"{run.container}/{run.blob}, {run.size:,} bytes, version {run.etag}, landed {iso(run.landed_at)}"
    yield "trained on", run.input_blob or "not pinned yet"
    yield "job", f"{run.job_id or 'none yet'}, attempt {run.attempt}"
    before, after = before_and_after(run)
    yield "endpoint", f"before: {before or 'the model from before the first promotion'}"
    sent = "the same" if before == after and run.terminal else after or "not known yet"
    yield "", f"after:  {sent}"
    for event in run.endpoints:
        yield "", f"{event['name']} ({event['role']}): {event['event']} at {event['at']}"


def _metrics(model: Mapping[str, Any] | None) -> dict[str, float | None]:
    return dict((model or {}).get("metrics") or {})


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
