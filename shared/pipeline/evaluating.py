"""From a finished job to a decision: fresh SAS, evaluation, gates; then the staging endpoint, if the route has one."""

from datetime import timedelta

from shared.errors import NotFoundError, PermanentError, RejectedError, RetryableError
from shared.evaluation import EvaluationReport, read_evaluation
from shared.golden_rows import GoldenRows
from shared.pipeline.desk import RunDesk
from shared.pipeline.golden import ask, digest, pin_golden, read_golden
from shared.pipeline.job_outputs import find_evaluation, find_model
from shared.pipeline.preparing import model_path
from shared.ports import Answers, BlobLocation, JobState
from shared.promotion import Decision, Verdict, decide
from shared.route import Endpoint
from shared.runs import Json, RunState, iso

EVALUATION_LIMIT_BYTES = 1024 * 1024


def evaluate(desk: RunDesk) -> bool:
    """Read the evaluation, apply the gates, and give a model that passes to the staging endpoint."""
    run, route = desk.run, desk.route
    holder = desk.other_holder()
    if holder is not None:
        # Looked at first: nothing is asked of the service, and the decision will be against the champion that results.
        reason = f"waits for run {holder} to leave endpoint {route.serving.name}"
        if run.reason != reason:
            desk.save(run.evolve(desk.now(), reason=reason))
        return False
    # Asked again even if just polled: no SAS token is ever stored, and this answer brings fresh ones.
    status = desk.services.training.status(route.training, run.job_id)
    if status.state is not JobState.FINISHED:
        raise RetryableError(f"job {run.job_id} was finished and is now reported as {status.code or status.state}")
    model = find_model(status.outputs, route.training.model_output)
    evaluation = find_evaluation(status.outputs, route.training.evaluation_output)
    text = desk.services.training.read_output(evaluation, EVALUATION_LIMIT_BYTES)
    report = read_evaluation(text, route.training.evaluation_row)

    champion = desk.endpoint().champion
    if champion is not None and champion.generation > run.generation:
        desk.end(
            RunState.SUPERSEDED,
            f"the model in service is from newer data: run {champion.run_id}, {champion.generation}",
        )
        return True
    decision = decide(champion.metrics if champion else None, report, route.policy)
    challenger: Json = {"model": model_path(run), "evaluation": evaluation.relative, "metrics": report.metrics}
    record = decision_record(desk, decision, report, challenger)
    known: Json = {
        "challenger": challenger,
        "champion": champion.summary() if champion else None,
        "decision": record,
    }
    if decision.verdict is Verdict.REJECT:
        desk.end(RunState.REJECTED, decision.summary, **known)
        return True
    if decision.verdict is Verdict.HOLD:
        desk.end(
            RunState.HELD, "there is no champion to compare with, and no_champion says hold", deadline_at=None, **known
        )
        return True
    desk.take_lease()
    return _challenge(desk, model, known)


def decision_record(desk: RunDesk, decision: Decision, report: EvaluationReport, challenger: Json) -> Json:
    """Return what is kept of a decision: who, measured how and on what, by which policy, with which verdict and why."""
    run, route = desk.run, desk.route
    champion = desk.endpoint().champion
    return {
        "verdict": decision.verdict.value,
        "reasons": decision.reasons,
        "gates": [{"metric": one.metric, "passed": one.passed, "reason": one.reason} for one in decision.gates],
        "policy": route.policy.to_json(),
        "challenger": {"run_id": run.run_id, "generation": run.generation, **challenger},
        "champion": champion.summary() if champion else None,
        "data": {
            "challenger": {"blob": run.blob, "etag": run.etag, "row": report.row, "rows": report.rows},
            "champion": {"run_id": champion.run_id} if champion else None,
            "same": False,
            "note": "each model was evaluated by its own job, on data of its own file",
        },
        "verification": "equality" if route.staging else "change",
        "decided_at": iso(desk.now()),
    }


def _challenge(desk: RunDesk, model: BlobLocation, known: Json) -> bool:
    """Give the model to the staging endpoint; without one the decision stands on the metrics alone."""
    golden = read_golden(desk, desk.route.golden)
    pin_golden(desk, golden)
    before = _champion_answers(desk, golden)
    now = desk.now()
    deadline = now + timedelta(seconds=desk.route.deadlines.promoting)
    answers: Json = {"golden_etag": golden.etag, "before": before, "staged": None}
    staging = desk.route.staging
    if staging is None:
        desk.move(RunState.DECIDED, answers=answers, deadline_at=deadline, **known)
        return True
    baseline = digest(ask(desk, staging, golden))
    patch(desk, staging, model)
    desk.move(
        RunState.STAGED,
        step="answers",
        answers=answers,
        baseline=baseline,
        answering_since=desk.now(),
        deadline_at=deadline,
        endpoints=desk.note(staging, "patched"),
        **known,
    )
    return True


def _champion_answers(desk: RunDesk, golden: GoldenRows) -> Answers:
    """Return how the model in service answers: as recorded at its promotion, or asked now."""
    champion = desk.endpoint().champion
    if champion is not None and champion.golden_etag == golden.etag:
        return champion.answers
    return ask(desk, desk.route.serving, golden)


def patch(desk: RunDesk, endpoint: Endpoint, location: BlobLocation) -> None:
    """PATCH an endpoint; a refusal also tells which resources the endpoint has.

    Raises:
        PermanentError: the service refused; nothing was changed by this PATCH.
        RetryableError: not now, or the outcome is unknown.
    """
    try:
        desk.services.scoring.patch(endpoint, location)
    except (RejectedError, NotFoundError) as error:
        raise PermanentError(f"{error}{_resource_hint(desk, endpoint)}") from error


def _resource_hint(desk: RunDesk, endpoint: Endpoint) -> str:
    try:
        names = [resource.name for resource in desk.services.scoring.resources(endpoint)]
    except Exception:  # noqa: BLE001 - a hint only: whatever goes wrong here must not hide the refusal itself
        return ""
    if endpoint.resource in names:
        return ""
    listed = ", ".join(map(repr, names)) or "none: it may belong to the training web service"
    return f"; endpoint {endpoint.name} has no resource {endpoint.resource!r}, its updatable resources are: {listed}"
