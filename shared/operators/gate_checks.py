"""Checks that evaluations can have the gates' metrics: by the task of the serving model, by the newest evaluation."""

from collections.abc import Iterator

from shared.gates.evaluation_report import EvaluationReport
from shared.gates.known_metrics import measured_metrics, tasks_of
from shared.gates.predictions import task_of_answer
from shared.lifecycle.run_parts import challenger_of
from shared.operators.check_finding import Finding
from shared.ports.scoring_service import Scored
from shared.routes.route import Endpoint, Route
from shared.services import Services

MAX_RUNS = 20  # the newest, among which an evaluated run is looked for


def check_gates_of_task(route: Route, endpoint: Endpoint, scored: Scored) -> Iterator[Finding]:
    """Find gates whose metric belongs to another task than that of the serving model."""
    task = task_of_answer(scored.columns, scored.rows[0]) if scored.rows else None
    if task is None or endpoint.name != route.serving.name:
        return
    for number, gate in enumerate(route.policy.gates):
        tasks = tasks_of(gate.metric)
        if tasks and task not in tasks:
            yield Finding(
                f"routes.{route.name}.gates[{number}].metric",
                f"{gate.metric!r} is never in an evaluation of a {task.value} model, which endpoint {endpoint.name}"
                " serves: every run is rejected",
                f"use one of these in routes.toml: {', '.join(measured_metrics(task))}",
            )


def check_newest_evaluation(services: Services, route: Route) -> Iterator[Finding]:
    """Find gates whose metric is missing in the newest evaluation."""
    subject = f"routes.{route.name}.gates"
    if route.holdout is not None:
        return  # the app measures the metrics itself; reading routes.toml has checked their names
    runs = (stored.run for stored in services.runs.list_runs(route.name, MAX_RUNS))
    run = next(
        (run for run in runs if run.challenger is not None and run.challenger.metrics and run.override is None), None
    )
    if run is None:
        yield Finding(subject, "no run of this route was evaluated yet, so its metrics are unknown")
        return
    report = EvaluationReport(challenger_of(run).metrics, 0, 1)
    missing = [gate.metric for gate in route.policy.gates if not report.has(gate.metric)]
    if not missing:
        yield Finding(subject, f"the evaluation of run {run.run_id[:8]} has every metric")
        return
    yield Finding(
        subject,
        f"the evaluation of run {run.run_id[:8]} has no {', '.join(missing)}: every run is rejected",
        f"use metrics of the evaluation in routes.toml: {', '.join(report.metrics)}",
    )
