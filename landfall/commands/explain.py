"""`landfall explain`: why a run was or was not promoted, the whole story on one screen."""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from landfall.commands.find_run import find_run
from landfall.console import console, escape
from landfall.run_display import colored_state
from landfall.stack.run_store import open_stack_runs
from landfall.times import moment
from shared.gates.known_metrics import metric_key
from shared.plurals import counted
from shared.records.run import Run, RunState, iso

type Row = tuple[str, float | None, float | None]


def explain(options: argparse.Namespace) -> int:
    """Tell one run's story."""
    run = find_run(open_stack_runs(options.state), options.run, options.state).run
    if options.json:
        print(json.dumps(explanation(run), indent=2))  # noqa: T201 - this is a command
    else:
        show(console(), run)
    return 0


def explanation(run: Run) -> dict[str, Any]:
    """Return what is told, for scripts."""
    decision = run.decision or {}
    return {
        "run_id": run.run_id,
        "route": run.route,
        "state": run.state.value,
        "reason": run.reason,
        # A rollback has no file: its row only repeats that of the model it goes back to.
        "file": None
        if run.override is not None
        else {"container": run.container, "blob": run.blob, "etag": run.etag, "size": run.size},
        "landed_at": iso(run.landed_at),
        "input_blob": run.input_blob or None,
        "job_id": run.job_id or None,
        "attempt": run.attempt,
        "metrics": [
            {"metric": name, "challenger": challenger, "champion": champion}
            for name, challenger, champion in side_by_side(run)
        ],
        "notes": list(run.notes),
        "verdict": decision.get("verdict"),
        "gates": decision.get("gates", []),
        "data": decision.get("data"),
        "approval": decision.get("approval"),
        "override": run.override,
        "endpoint": dict(zip(("before", "after"), before_and_after(run), strict=True)),
        "events": list(run.endpoint_events),
    }


def side_by_side(run: Run) -> list[Row]:
    """Return every metric of either model: name, the challenger's value, the champion's as it was recorded."""
    decision = run.decision or {}
    challenger = _metrics(decision.get("challenger") or run.challenger)
    champion = _metrics(decision.get("champion"))
    known = {metric_key(name): value for name, value in champion.items()}
    rows = [(name, value, known.pop(metric_key(name), None)) for name, value in challenger.items()]
    return rows + [(name, None, value) for name, value in champion.items() if metric_key(name) in known]


def sent_to_endpoint(run: Run) -> bool:
    """Tell whether a model was sent to the serving endpoint for this run."""
    return run.state is RunState.PROMOTING or any(event["role"] == "serve" for event in run.endpoint_events)


def before_and_after(run: Run) -> tuple[str | None, str | None]:
    """Return which model the serving endpoint had before and after this run; None where the record does not tell.

    A run that sent nothing says nothing of the endpoint: what was in service then is not in its record, and another
    run may have changed it meanwhile. The model from before the first promotion is known by its path only once it was
    put back.
    """
    if not sent_to_endpoint(run):
        return None, None
    champion = (run.decision or {}).get("champion") or {}
    before = champion.get("model") or (run.golden_answers or {}).get("back")
    if run.state is RunState.PROMOTED:
        return before, (run.challenger or {}).get("kept")
    return before, before if run.terminal else None


def show(out: Console, run: Run) -> None:
    """Print the story."""
    routed = "that no route matches" if run.state is RunState.UNROUTED else f"of route {run.route}"
    out.print(f"run {run.run_id} {routed}: {colored_state(run.state)}")
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
        out.print(table, soft_wrap=False)
    for note in run.notes:
        out.print(f"the training notes: {escape(note)}")
    if run.decision is None:
        out.print(_undecided(run))
    else:
        _show_decision(out, run, run.decision)


def _undecided(run: Run) -> str:
    """Say why there is no decision."""
    if not run.terminal:
        return "There is no decision yet."
    if run.state is RunState.REJECTED:
        return "No gate decided: the run was rejected before any was asked, for the reason above."
    return "No decision was recorded before the run ended."


def _show_decision(out: Console, run: Run, decision: Mapping[str, Any]) -> None:
    at = moment(decision["decided_at"])
    if run.override is not None:
        out.print(f"An operator decided at {at}, no policy: {escape(decision['reasons'][0])}")
        _show_otherwise(out, run)
        return
    out.print(f"The policy said [bold]{policy_verdict(decision)}[/] at {at}:")
    for gate in decision["gates"]:
        out.print(f"  {'[green]passed[/]' if gate['passed'] else '[red]failed[/]'}  {escape(gate['reason'])}")
    told = {gate["reason"] for gate in decision["gates"]}
    for reason in decision["reasons"]:
        if reason not in told:  # what no gate says: another shape of the answers, a policy without a floor
            out.print(f"  [yellow]beside[/]  {escape(reason)}")
    approval = decision.get("approval")
    if approval is not None:
        said = f"approved by {approval['by']} at {moment(approval['at'])}: {approval['reason']}"
        out.print(f"  {escape(said)}")
    out.print(f"  {escape(_compared_with(decision))}")
    data = decision["data"]
    if data.get("holdout"):
        holdout = data["holdout"]
        version = f"version {holdout['etag']}, {holdout['identity'][:12]}"
        out.print(f"  measured here: {escape(data['note'])}, {escape(version)}")
        if data["champion"] is not None:
            out.print(f"  the champion was scored {escape(data['champion']['scored'])}")
    elif decision["champion"] is not None:
        out.print(f"  not on the same data: {escape(data['note'])}")
    _show_otherwise(out, run)


def _show_otherwise(out: Console, run: Run) -> None:
    """Say that a decision to promote was not the end of it: a person, newer data or the endpoint had the last word."""
    if run.terminal and run.state is not RunState.PROMOTED and (run.decision or {})["verdict"] != "reject":
        out.print(f"It ended {colored_state(run.state)} all the same: {escape(run.reason)}")


def _compared_with(decision: Mapping[str, Any]) -> str:
    champion = decision["champion"]
    if champion is None and decision.get("after_rollback"):
        return "compared with no model: how good the one is that an operator went back to is not known"
    if champion is None:
        return "compared with no model: nothing was known of the one in service"
    if not champion.get("run_id"):
        return "compared with the model in service, which no run of this route trained"
    return f"compared with the model of run {champion['run_id']}"


def policy_verdict(decision: Mapping[str, Any]) -> str:
    """Return the policy's own verdict: a person may have gone on from a `hold` to a promotion."""
    return str(decision.get("policy_said", decision["verdict"]))


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    if run.override is not None:
        yield from _rollback_facts(run, run.override)
    else:
        size = counted(run.size, "byte")
        yield "file", f"{run.container}/{run.blob}, {size}, version {run.etag}, landed {moment(run.landed_at)}"
        yield "trained on", run.input_blob or ("nothing" if run.terminal else "not pinned yet")
        job = run.job_id or ("none was started" if run.terminal else "none yet")
        yield "job", f"{job}, attempt {run.attempt}"
    if run.state is not RunState.UNROUTED:
        yield from _endpoint_facts(run)


def _rollback_facts(run: Run, override: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    champion = (run.decision or {}).get("champion") or {}
    yield "rollback", f"asked for by {override['by']} at {moment(override['at'])}: {override['reason']}"
    first = "the model from before the first promotion"
    yield "from", f"the model of run {override['replaces']}, {champion.get('model')}" if override["replaces"] else first
    whose = f"the model of run {override['to']}" if override["to"] else first
    yield "to", f"{whose}, {(run.challenger or {}).get('kept')}"


def _endpoint_facts(run: Run) -> Iterator[tuple[str, str]]:
    if sent_to_endpoint(run):
        before, after = before_and_after(run)
        yield "endpoint", f"before: {before or 'the model from before the first promotion'}"
        same = run.terminal and run.state is not RunState.PROMOTED
        yield "", f"after:  {'the same' if same else after or 'not known yet'}"
    else:
        yield "endpoint", f"serving: untouched by this run{'' if run.terminal else ' so far'}"
    for event in run.endpoint_events:
        yield "", f"{event['name']} ({event['role']}): {event['event']} at {moment(event['at'])}"


def _metrics(model: Mapping[str, Any] | None) -> dict[str, float | None]:
    return dict((model or {}).get("metrics") or {})


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
