"""Looks whether the gates' metrics can be in an evaluation: by the model that answers, by the newest evaluation."""

from collections.abc import Iterator

from shared.gates.evaluation_report import EvaluationReport
from shared.gates.known_metrics import measured_metrics, tasks_of
from shared.gates.predictions import task_of_answer
from shared.operators.check_finding import Finding
from shared.ports import Scored
from shared.routes.route import Endpoint, Route
from shared.services import Services

RUNS_LOOKED_AT = 20


def gates_of_its_task(route: Route, endpoint: Endpoint, scored: Scored) -> Iterator[Finding]:
    """Find gates whose metric is of another kind of model than the one that answers."""
    task = task_of_answer(scored.columns, scored.rows[0]) if scored.rows else None
    if task is None or endpoint.name != route.serving.name:
        return
    for number, gate in enumerate(route.policy.gates, start=1):
        tasks = tasks_of(gate.metric)
        if tasks and task not in tasks:
            yield Finding(
                f"routes.{route.name}.gates[{number}].metric",
                f"{gate.metric!r} is never in an evaluation of a {task.value} model, which endpoint {endpoint.name}"
                " serves: every run is rejected",
                f"name one of these in routes.toml: {', '.join(measured_metrics(task))}",
            )


def evaluated(services: Services, route: Route) -> Iterator[Finding]:
    """Find gates whose metric the newest evaluation does not have."""
    what = f"routes.{route.name}.gates"
    if route.holdout is not None:
        return  # measured by the app itself: routes.toml is checked against that when it is read
    runs = (stored.run for stored in services.runs.list_runs(route.name, RUNS_LOOKED_AT))
    run = next((one for one in runs if (one.challenger or {}).get("metrics") and one.override is None), None)
    if run is None:
        yield Finding(what, "no job of this route was evaluated yet, so nothing tells which metrics there are")
        return
    report = EvaluationReport((run.challenger or {})["metrics"], 0, 1)
    missing = [gate.metric for gate in route.policy.gates if not report.has(gate.metric)]
    if not missing:
        yield Finding(what, f"the evaluation of run {run.run_id[:8]} has every metric")
        return
    yield Finding(
        what,
        f"the evaluation of run {run.run_id[:8]} has no {', '.join(missing)}: every run is rejected",
        f"name metrics that it has in routes.toml: {', '.join(report.metrics)}",
    )
