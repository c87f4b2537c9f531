"""From a finished job to a decision: trained."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import PermanentError, had_no_effect
from shared.gates.decision import decide
from shared.gates.evaluation_report import EvaluationReport
from shared.lifecycle.decision_record import apply_answer_shape, apply_verdict, decision_record, with_approved_shape
from shared.lifecycle.effects import (
    CaptureBaseline,
    LeaseTaken,
    Next,
    PatchStaging,
    PendingPromotion,
    ReadEndpoint,
    ReleaseEndpoint,
    ScoreHoldout,
    ScoreStaging,
    TakeLease,
)
from shared.lifecycle.endpoint_preconditions import check_endpoint, timed_out
from shared.lifecycle.endpoint_rules import may_be_under_way
from shared.lifecycle.golden_answers import answers_match, as_answers
from shared.lifecycle.job_states import output_paths
from shared.lifecycle.observations import (
    BaselineCaptured,
    EffectFailed,
    EndpointRead,
    EndpointReleased,
    EvaluationRead,
    Observation,
    ReleaseFailed,
    StagingPatched,
    StagingRefused,
    StagingScored,
    TimerFired,
)
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.plurals import counted
from shared.ports import Answers
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Json, Run, RunState, iso
from shared.routes.route import Endpoint, Route

SCORING = "scoring"  # the step of `staged` in which both models answer the holdout


def trained(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Read the evaluation, apply the gates, and give a model that passes to the staging endpoint."""
    match seen:
        case TimerFired():
            return run, ReadEndpoint()
        case EndpointRead(record, intent_ended):
            return check_endpoint(route, run, record, now, intent_ended=intent_ended)
        case EvaluationRead():
            return _judged(route, run, seen, now)
        case BaselineCaptured(pending):
            if route.staging is not None:
                return run, TakeLease(pending)
            decided = run.transitioned(
                now,
                RunState.DECIDED,
                golden_answers=pending.answers,
                deadline_at=now + timedelta(seconds=route.deadlines.promoting),
                **pending.known,
            )
            return decided, ReadEndpoint()
        case LeaseTaken():
            return run, PatchStaging(seen)
        case StagingPatched(taken):
            return run, ScoreStaging(taken=taken)
        case StagingRefused(taken, error):
            known = had_no_effect(error) and not taken.pending.renewed
            return failed_untouched(
                run, error, now, **({"answered_staging_patch": taken.in_flight_until} if known else {})
            )
        case StagingScored(answers, _, LeaseTaken() as taken):
            staged = _staged(route, run, taken, now)
            if route.staging is None or answers is None or not shows_challenger(route, staged, answers):
                return staged, None
            # An endpoint that answers at once saves a write. If this worker dies first, the same model is sent again.
            told, effect = challenger_answers(route, staged, route.staging, answers, now)
            return replace(told, revision=staged.revision), effect
        case EndpointReleased(release):
            return released(run, release, now), None
        case ReleaseFailed():
            return not_released(run, seen, now)
        case EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, seen)


def released(run: Run, release: ReleaseEndpoint, now: datetime) -> Run:
    """Return the run with the outcome that it was given before it gave the endpoint back."""
    return run.transitioned(now, release.outcome, release.reason, **(release.known or {}))


def not_released(run: Run, refused: ReleaseFailed, now: datetime) -> Next:
    """Say what it means that the endpoint could not be given back: tried again until the deadline, then done without.

    A lease ends by itself, and the sweep takes away what a run left that has ended.
    """
    release, said = refused.release, error_text(refused.error)
    if not run.overdue(now) or not run.consecutive_failures:
        return retry_after_error(run, refused.error, now), None
    left = f"endpoint not given back, its lease ends by itself: {said}"
    return released(run, release._replace(reason=f"{release.reason}; {left}"), now), None


def failed_untouched(run: Run, error: Exception, now: datetime, **known: object) -> Next:
    """Say what an error means as long as nothing was sent to the serving endpoint.

    `known` are fields of the run that it is written with.
    """
    if not isinstance(error, PermanentError) and not run.overdue(now):
        return retry_after_error(run, error, now, **known), None
    ending = run.evolve(now, **known) if known else run
    if isinstance(error, PermanentError):
        return ending, ReleaseEndpoint(RunState.FAILED, str(error))
    return timed_out(ending, error_text(error))


def with_endpoint_event(run: Run, endpoint: Endpoint, event: str, now: datetime) -> tuple[Json, ...]:
    """Return the run's list of what was done to endpoints, with one more entry."""
    return (*run.endpoint_events, {"name": endpoint.name, "role": endpoint.role.value, "event": event, "at": iso(now)})


def shows_challenger(route: Route, run: Run, answers: Answers) -> bool:
    """Tell whether the staging endpoint answers as the challenger: otherwise than before it was given that.

    Or exactly as it did when it was given it for the first time: the run was held, say, and nobody came in between.
    """
    known = run.golden_answers or {}
    if not answers_match(answers, as_answers(known["staging"]), route.golden_tolerance):
        return True
    return known["again"] is not None and answers_match(answers, as_answers(known["again"]), route.golden_tolerance)


def challenger_answers(route: Route, run: Run, staging: Endpoint, answers: Answers, now: datetime) -> Next:
    """Go on with what the staging endpoint answers as the challenger; one that answers as the champion changes nothing.

    An operator who goes back is obeyed in any case.
    """
    known: Json = {
        "golden_answers": {**(run.golden_answers or {}), "staged": answers},
        "endpoint_events": with_endpoint_event(run, staging, "answers", now),
    }
    if run.override is None and answers_match(
        answers, as_answers((run.golden_answers or {})["before"]), route.golden_tolerance
    ):
        how = f"within {route.golden_tolerance:g}" if route.golden_tolerance else "exactly"
        rows = counted(len(answers) - 1, "golden row")  # the first line has the columns
        why = f"nothing to change: the new model answers all {rows} {how} as the model in service, which stays"
        return run, ReleaseEndpoint(RunState.UNCHANGED, why, known)
    if route.holdout is not None and run.override is None:
        deadline = now + timedelta(seconds=route.deadlines.promoting)
        return run.transitioned(now, RunState.STAGED, step=SCORING, deadline_at=deadline, **known), ScoreHoldout({})
    if run.override is None:
        end, known = apply_answer_shape(route, run, answers, known, now)
        if end is not None:
            return run, end
    reasons = known.get("decision", run.decision or {})["reasons"]
    return run.transitioned(now, RunState.DECIDED, "; ".join(reasons), **known), ReadEndpoint()


def model_path(run: Run) -> str:
    """Return where the job of this attempt writes its model: container/path."""
    return output_paths(run)[0]


def _judged(route: Route, run: Run, read: EvaluationRead, now: datetime) -> Next:
    champion = read.record.champion
    challenger: Json = {"model": model_path(run), "evaluation": read.evaluation, "metrics": read.report.measured}
    if read.model_md5 in read.record.blocked_models:
        why = "exactly this model was rolled back before and stays barred, whatever its evaluation says"
        return run, ReleaseEndpoint(RunState.REJECTED, why, {"challenger": challenger})
    summary = champion.summary() if champion else None
    if route.holdout is not None:  # both are measured on the same rows first, once the challenger is staged
        unmeasured: Json = {"challenger": challenger, "champion": summary, "decision": None, "holdout_progress": None}
        return run, CaptureBaseline(
            PendingPromotion(read.model, unmeasured, renewed=may_be_under_way(read.record, run))
        )
    after_rollback = champion is None and read.record.initial_again_at is not None
    metrics = champion.metrics if champion else None
    decision = decide(metrics, read.report, route.policy, after_rollback=after_rollback)
    measured: Json = {"champion": summary, "challenger": challenger, "data": _data(run, read.report, read.record)}
    if after_rollback:
        measured["after_rollback"] = True
    record = with_approved_shape(run, decision_record(route, run, decision, measured, now))
    known: Json = {"challenger": challenger, "champion": summary, "decision": record}
    end, known = apply_verdict(route, run, decision, known, now)
    if end is not None:
        return run, end
    return run, CaptureBaseline(PendingPromotion(read.model, known, renewed=may_be_under_way(read.record, run)))


def _staged(route: Route, run: Run, taken: LeaseTaken, now: datetime) -> Run:
    staging, pending = route.staging, taken.pending
    if staging is None:
        raise unexpected(run, taken)
    return run.transitioned(
        now,
        RunState.STAGED,
        step="answers",
        golden_answers=pending.answers,
        patched_at=now,
        deadline_at=now + timedelta(seconds=route.deadlines.promoting),
        endpoint_events=with_endpoint_event(run, staging, "patched", now),
        lease_token=taken.token,
        answered_staging_patch=None if pending.renewed else taken.in_flight_until,
        **pending.known,
    )


def _data(run: Run, report: EvaluationReport, record: EndpointRecord) -> Json:
    """Return what both models were measured on: each on data of its own."""
    return {
        "challenger": {
            "blob": run.blob,
            "etag": run.etag,
            "row": report.row,
            "rows": report.rows,
            "examples": report.examples,
        },
        "champion": {"run_id": record.champion.run_id} if record.champion else None,
        "same": False,
        "note": "each model was evaluated by its own job, on data of its own file",
    }
