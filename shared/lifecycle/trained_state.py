"""The state `trained`: from a finished job to a decision."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import had_no_effect
from shared.gates.decision import decide
from shared.gates.evaluation_report import EvaluationReport
from shared.lifecycle.challenger_answers import challenger_answered, shows_challenger
from shared.lifecycle.decision_record import Compared, apply_verdict, decision_record, with_approved_shape
from shared.lifecycle.effects import (
    CaptureBaseline,
    Effect,
    Next,
    PatchStaging,
    PendingPromotion,
    ReadEndpoint,
    ReadEvaluation,
    ReleaseEndpoint,
    ScorePatchedStaging,
    TakeLease,
)
from shared.lifecycle.endpoint_preconditions import check_endpoint
from shared.lifecycle.endpoint_release import failed_untouched, released_or_failed
from shared.lifecycle.endpoint_rules import may_be_under_way
from shared.lifecycle.job_paths import model_path
from shared.lifecycle.observations import (
    BaselineCaptured,
    EndpointRead,
    EvaluationRead,
    LeaseTaken,
    Observation,
    StagingPatched,
    StagingRefused,
    StagingScored,
    TimerFired,
)
from shared.lifecycle.run_updates import with_endpoint_event
from shared.records.decision import DecisionData, MeasuredChampion, MeasuredOn
from shared.records.endpoint_events import EndpointEventKind
from shared.records.endpoint_record import EndpointRecord
from shared.records.golden_answers import Answers
from shared.records.models import Challenger
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.records.run_steps import StagedStep
from shared.routes.route import Route


def trained(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Read the evaluation, apply the gates, and give a model that passes to the staging endpoint."""
    match effect, observation:
        case _, TimerFired():
            return run, ReadEndpoint()
        case _, EndpointRead(record, intent_ended):
            return check_endpoint(route, run, record, now, intent_ended=intent_ended)
        case ReadEvaluation(_, record), EvaluationRead() as evaluation:
            return _evaluated(route, run, record, evaluation, now)
        case CaptureBaseline(pending), BaselineCaptured(answers):
            return _baseline_captured(route, run, pending._replace(answers=answers), now)
        case TakeLease(pending), LeaseTaken() as lease:
            return run, PatchStaging(pending, lease)
        case PatchStaging(pending, lease), StagingPatched():
            return run, ScorePatchedStaging(pending, lease)
        case PatchStaging(pending, lease), StagingRefused(error):
            if had_no_effect(error) and not pending.renewed:
                return failed_untouched(run, error, now, answered_staging_patch=lease.staging_in_flight_until)
            return failed_untouched(run, error, now)
        case ScorePatchedStaging() as patched, StagingScored(answers):
            return _staged(route, run, patched, answers, now)
    return released_or_failed(run, effect, observation, now)


def _evaluated(route: Route, run: Run, record: EndpointRecord, evaluation: EvaluationRead, now: datetime) -> Next:
    champion = record.champion
    report = evaluation.report
    challenger = Challenger(model_path(run, route.training), report.measured, evaluation.evaluation)
    if evaluation.model_md5 in record.blocked_models:
        why = "The model is blocked: an identical model file was rolled back. Its evaluation does not count."
        return run, ReleaseEndpoint(RunState.REJECTED, why, {"challenger": challenger})
    renewed = may_be_under_way(record, run)
    summary = champion.summary() if champion else None
    if route.holdout is not None:  # the challenger is staged first; then both models are measured on the same rows
        unmeasured: RunFields = {
            "challenger": challenger,
            "champion": summary,
            "decision": None,
            "holdout_progress": None,
        }
        return run, CaptureBaseline(PendingPromotion(unmeasured, renewed=renewed))
    after_rollback = champion is None and record.initial_again_at is not None
    metrics = champion.metrics if champion else None
    decision = decide(metrics, report, route.policy, after_rollback=after_rollback)
    compared = Compared(challenger, summary, _data(run, report, record), after_rollback)
    decided = with_approved_shape(run, decision_record(route, run, decision, compared, now))
    fields: RunFields = {"challenger": challenger, "champion": summary, "decision": decided}
    end, fields = apply_verdict(route, run, decision, fields, now)
    if end is not None:
        return run, end
    return run, CaptureBaseline(PendingPromotion(fields, renewed=renewed))


def _baseline_captured(route: Route, run: Run, pending: PendingPromotion, now: datetime) -> Next:
    if route.staging is not None:
        return run, TakeLease(pending)
    fields: RunFields = {
        **pending.changes,
        "golden_answers": pending.answers,
        "deadline_at": now + timedelta(seconds=route.deadlines.promoting),
    }
    return run.transitioned(now, RunState.DECIDED, **fields), ReadEndpoint()


def _staged(route: Route, run: Run, patched: ScorePatchedStaging, answers: Answers | None, now: datetime) -> Next:
    """Continue with a challenger that the staging endpoint accepted, by its answers if it answers at once."""
    staging, (pending, lease) = route.staging, patched
    if staging is None:
        raise ValueError(f"Route {route.name} has no staging endpoint, but run {run.run_id} patched it.")
    fields: RunFields = {
        **pending.changes,
        "step": StagedStep.ANSWERS,
        "golden_answers": pending.answers,
        "patched_at": now,
        "deadline_at": now + timedelta(seconds=route.deadlines.promoting),
        "endpoint_events": with_endpoint_event(run, staging, EndpointEventKind.PATCHED, now),
        "lease_token": lease.token,
        "answered_staging_patch": None if pending.renewed else lease.staging_in_flight_until,
    }
    staged = run.transitioned(now, RunState.STAGED, **fields)
    if answers is None or not shows_challenger(route, staged, answers):
        return staged, None
    # An endpoint that answers at once saves a write. If this worker dies first, the idempotent update is sent again.
    answered, effect = challenger_answered(route, staged, staging, answers, now)
    return replace(answered, revision=staged.revision), effect


def _data(run: Run, report: EvaluationReport, record: EndpointRecord) -> DecisionData:
    """Return the data of both measurements: each model's own."""
    return DecisionData(
        champion=MeasuredChampion(record.champion.run_id) if record.champion else None,
        same=False,
        note="Each model was evaluated by its own job, on data from its own file.",
        challenger=MeasuredOn(run.blob, run.etag, report.row, report.rows, report.examples),
    )
