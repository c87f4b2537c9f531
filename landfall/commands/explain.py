"""`landfall explain`: why a run was or was not promoted, on one screen."""

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from landfall.commands.find_run import find_run
from landfall.commands.run_facts import before_and_after, run_facts
from landfall.commands.run_outcome import outcome_hint
from landfall.console import console, escape, print_json
from landfall.exit_status import ExitStatus
from landfall.intake_display import intake_facts, problem_lines
from landfall.run_display import colored_state
from landfall.stack.run_store import open_stack_blobs, open_stack_runs
from landfall.times import moment
from shared.gates.known_metrics import metric_key
from shared.operators.run_documents import NO_DOCUMENTS, RunDocuments, detailed_json, read_documents
from shared.records.decision import DecidedChallenger, DecisionRecord, Verdict
from shared.records.json_codec import to_json_value
from shared.records.models import Challenger, ChampionSummary, Metrics
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.times import iso, iso_time

# The members of a run's JSON that tell of its intake.
_INTAKE = ("intake", "problems", "problem_file", "batch_run_id", "members", "training_set", "drift")

type Row = tuple[str, float | None, float | None]


def explain(options: argparse.Namespace) -> int:
    """Explain one run."""
    run = find_run(open_stack_runs(options.state), options.run, options.state).run
    documents = read_documents(open_stack_blobs(options.state), run)
    if options.json:
        print_json(explanation(run, documents))
    else:
        out = console()
        print_explanation(out, run, documents)
        hint = outcome_hint(run, options.state)
        if hint:
            out.print(escape(hint))
    return ExitStatus.SUCCESS


def explanation(run: Run, documents: RunDocuments = NO_DOCUMENTS) -> dict[str, Any]:
    """Return the explanation for scripts; `documents`: what the run has in blobs."""
    shown = detailed_json(run, documents)
    decision = shown["decision"] or {}
    return {
        "run_id": run.run_id,
        "route": run.route,
        "state": run.state.value,
        "reason": run.reason,
        # A rollback has no file: its row repeats the file of the model that it returns to.
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
        **{name: shown[name] for name in _INTAKE},
        "verdict": decision.get("verdict"),
        "gates": decision.get("gates", []),
        "data": decision.get("data"),
        "approval": decision.get("approval"),
        "override": to_json_value(run.override, iso_time),
        "endpoint": dict(zip(("before", "after"), before_and_after(run), strict=True)),
        "events": shown["endpoints"],
    }


def side_by_side(run: Run) -> list[Row]:
    """Return every metric of either model: name, the challenger's value, the champion's recorded value."""
    challenger = _metrics(run.challenger)
    champion = _metrics(None)
    if run.decision is not None:
        challenger, champion = _metrics(run.decision.challenger), _metrics(run.decision.champion)
    unmatched = {metric_key(name): value for name, value in champion.items()}
    rows = [(name, value, unmatched.pop(metric_key(name), None)) for name, value in challenger.items()]
    return rows + [(name, None, value) for name, value in champion.items() if metric_key(name) in unmatched]


def print_explanation(out: Console, run: Run, documents: RunDocuments = NO_DOCUMENTS) -> None:
    """Print the explanation; `documents`: what the run has in blobs."""
    routed = "that no route matches" if run.state is RunState.UNROUTED else f"of route {run.route}"
    out.print(f"run {run.run_id} {routed}: {colored_state(run.state)}")
    if run.reason:
        out.print(f"  {escape(run.reason)}")
    for title, fact in (*run_facts(run), *intake_facts(run, documents.members)):
        out.print(f"{title:<12}{escape(fact)}")
    for line in problem_lines(documents.problems) if documents.problems is not None else ():
        out.print(f"  {escape(line)}")
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
    """Return a sentence on why there is no decision."""
    if not run.terminal:
        return "There is no decision yet."
    if run.state is RunState.REJECTED:
        return "No gate decided: the run was rejected before the gates, for the reason above."
    return "The run ended before a decision."


def _show_decision(out: Console, run: Run, decision: DecisionRecord) -> None:
    at = moment(decision.decided_at)
    if run.override is not None:
        out.print(f"An operator decided at {at}, not the policy: {escape(decision.reasons[0])}")
        _print_other_end(out, run)
        return
    out.print(f"The policy said [bold]{policy_verdict(decision)}[/] at {at}:")
    for gate in decision.gates:
        out.print(f"  {'[green]passed[/]' if gate.passed else '[red]failed[/]'}  {escape(gate.reason)}")
    gate_reasons = {gate.reason for gate in decision.gates}
    for reason in decision.reasons:
        if reason not in gate_reasons:  # for example another shape of the answers, or a policy without a floor
            out.print(f"  [yellow]beside[/]  {escape(reason)}")
    approval = decision.approval
    if approval is not None:
        approved = f"approved by {approval.by} at {moment(approval.at)}: {approval.reason}"
        out.print(f"  {escape(approved)}")
    out.print(f"  {escape(_compared_with(decision))}")
    data, holdout = decision.data, decision.data.holdout
    if holdout is not None:
        version = f"version {holdout.etag}, {holdout.identity[:12]}"
        out.print(f"  measured here: {escape(data.note)}, {escape(version)}")
        if data.champion is not None:
            out.print(f"  the champion was scored {escape(str(data.champion.scored))}")
    elif decision.champion is not None:
        out.print(f"  not on the same data: {escape(data.note)}")
    _print_other_end(out, run)


def _print_other_end(out: Console, run: Run) -> None:
    """Say how a run ended that was to be promoted: a person, newer data or the endpoint prevented it."""
    if run.terminal and run.state is not RunState.PROMOTED and _is_promotable(run):
        out.print(f"It ended {colored_state(run.state)} all the same: {escape(run.reason)}")


def _is_promotable(run: Run) -> bool:
    return run.decision is not None and run.decision.verdict is not Verdict.REJECT


def _compared_with(decision: DecisionRecord) -> str:
    champion = decision.champion
    if champion is None and decision.after_rollback:
        return "compared with no model: the metrics of the model that an operator returned to are unknown"
    if champion is None:
        return "compared with no model: the metrics of the model in service are unknown"
    if not champion.run_id:
        return "compared with the model in service, which no run of this route trained"
    return f"compared with the model of run {champion.run_id}"


def policy_verdict(decision: DecisionRecord) -> Verdict:
    """Return the policy's own verdict: a person may have approved a `hold`."""
    return decision.policy_said if decision.policy_said is not None else decision.verdict


def _metrics(model: Challenger | DecidedChallenger | ChampionSummary | None) -> Metrics:
    return dict(model.metrics) if model is not None else {}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
