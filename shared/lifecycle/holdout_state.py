"""The step `staged (scoring)`: both models score the holdout in batches, then the run is decided."""

from datetime import datetime, timedelta

from shared.gates.decision import decide
from shared.gates.evaluation_report import EvaluationReport
from shared.lifecycle.decision_record import Compared, apply_verdict, decision_record, shape_of, with_shape
from shared.lifecycle.effects import Next, ReadEndpoint, ScoreHoldout
from shared.lifecycle.endpoint_release import failed_untouched
from shared.lifecycle.observations import (
    EffectFailed,
    HoldoutInvalidated,
    HoldoutMeasured,
    HoldoutScored,
    Observation,
    TimerFired,
)
from shared.lifecycle.retry_later import retry_after_error, unexpected
from shared.lifecycle.run_parts import challenger_of, golden_answers_of
from shared.plurals import counted
from shared.records.decision import DecisionData, DecisionHoldout, MeasuredChampion, MeasuredOn
from shared.records.models import ChampionSummary
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.routes.route import Route


def scoring(route: Route, run: Run, observation: Observation, now: datetime) -> Next:
    """Score the next batches, and decide once both models have answered every row."""
    match observation:
        case TimerFired():
            return run, ScoreHoldout(run.holdout_progress)
        case HoldoutScored():
            return _scored(route, run, observation, now)
        case HoldoutInvalidated(error):
            if run.overdue(now):
                return failed_untouched(run, error, now)
            answers = golden_answers_of(run)._replace(holdout_invalidated=True)
            return retry_after_error(run, error, now, holdout_progress=None, golden_answers=answers), None
        case HoldoutMeasured():
            return _decided(route, run, observation, now)
        case EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, observation)


def _scored(route: Route, run: Run, scored: HoldoutScored, now: datetime) -> Next:
    progress, done, total, error = scored
    if error is not None and not run.overdue(now):
        return retry_after_error(run, error, now, holdout_progress=progress), None
    if error is not None:
        return failed_untouched(run, error, now)
    # Progress extends the deadline; scoring that began anew does not.
    begun_anew = golden_answers_of(run).holdout_invalidated
    return run.evolve(
        now,
        reason=f"Holdout: {done:,} of {total:,} rows scored.",
        holdout_progress=progress,
        consecutive_failures=0,
        not_before=now,
        deadline_at=run.deadline_at if begun_anew else now + timedelta(seconds=route.deadlines.promoting),
    ), None


def _decided(route: Route, run: Run, measured: HoldoutMeasured, now: datetime) -> Next:
    before, champion = challenger_of(run), measured.champion
    own = before.own_metrics if before.own_metrics is not None else before.metrics
    challenger = before._replace(metrics=measured.challenger.metrics, own_metrics=own, measured=measured.challenger)
    summary: ChampionSummary | None = None
    if champion is not None:
        unknown = ChampionSummary(None, None, None, champion.metrics)
        summary = (run.champion if run.champion is not None else unknown)._replace(metrics=champion.metrics)
    report = EvaluationReport(measured.challenger.metrics, 0, 1)
    metrics = champion.metrics if champion is not None else None
    decision = decide(metrics, report, route.policy, measured.intervals, measured.rows)
    data = _data(route, run, measured)
    compared = Compared(challenger, summary, data, intervals=measured.intervals or None)
    record = decision_record(route, run, decision, compared, now)
    record = with_shape(record, shape_of(route, run, golden_answers_of(run).staged))
    fields: RunFields = {"challenger": challenger, "decision": record, "holdout_progress": None}
    end, fields = apply_verdict(route, run, decision, fields, now)
    if end is not None:
        return run, end
    decided = fields.get("decision")
    reasons = decided.reasons if decided is not None else ()
    return run.transitioned(now, RunState.DECIDED, "; ".join(reasons), **fields), ReadEndpoint()


def _data(route: Route, run: Run, measured: HoldoutMeasured) -> DecisionData:
    """Return the data of both measurements: the same rows of one version of the holdout."""
    holdout, rows = route.holdout, measured.rows
    if holdout is None:
        raise unexpected(run, measured)
    identity, etag = measured.challenger.identity, measured.challenger.etag
    named = DecisionHoldout(holdout.data, etag, identity, rows, holdout.label, holdout.task.value)
    challenger = MeasuredOn(run.blob, run.etag, 0, 1, rows)
    counted_rows = counted(rows, "row")
    if measured.champion is None:
        note = f"The challenger was measured on {counted_rows} of {holdout.data}. There is no champion to measure."
        return DecisionData(None, same=False, note=note, challenger=challenger, holdout=named)
    run_id = run.champion.run_id if run.champion is not None else None
    champion = MeasuredChampion(run_id, measured.champion.scored)
    note = f"Both models were measured on the same {counted_rows} of {holdout.data}."
    return DecisionData(champion, same=True, note=note, challenger=challenger, holdout=named)
