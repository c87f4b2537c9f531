"""A staged challenger on the holdout: scored in batches, over as many ticks as it takes; then decided."""

from datetime import datetime, timedelta

from shared.gates.decision import decide
from shared.gates.evaluation_report import EvaluationReport
from shared.lifecycle.decision_record import apply_verdict, decision_record, shape_of, with_shape
from shared.lifecycle.effects import Next, ReadEndpoint, ScoreHoldout
from shared.lifecycle.endpoint_release import failed_untouched
from shared.lifecycle.golden_answers import as_answers
from shared.lifecycle.observations import (
    EffectFailed,
    HoldoutInvalidated,
    HoldoutMeasured,
    HoldoutScored,
    Observation,
    TimerFired,
)
from shared.lifecycle.retry_later import retry_after_error, unexpected
from shared.plurals import counted
from shared.records.run import Json, Run, RunState
from shared.routes.route import Route


def scoring(route: Route, run: Run, observation: Observation, now: datetime) -> Next:
    """Score on, and decide once both models have answered every row."""
    match observation:
        case TimerFired():
            return run, ScoreHoldout(run.holdout_progress or {})
        case HoldoutScored():
            return _scored(route, run, observation, now)
        case HoldoutInvalidated(error):
            if run.overdue(now):
                return failed_untouched(run, error, now)
            answers = {**(run.golden_answers or {}), "disturbed": True}
            return retry_after_error(run, error, now, holdout_progress={}, golden_answers=answers), None
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
    # What goes forwards may take as long as it takes; what begins anew may not.
    begun_anew = bool((run.golden_answers or {}).get("disturbed"))
    return run.evolve(
        now,
        reason=f"holdout: {done:,} of {total:,} rows scored",
        holdout_progress=progress,
        consecutive_failures=0,
        not_before=now,
        deadline_at=run.deadline_at if begun_anew else now + timedelta(seconds=route.deadlines.promoting),
    ), None


def _decided(route: Route, run: Run, measurement: HoldoutMeasured, now: datetime) -> Next:
    before = run.challenger or {}
    own = before.get("own", before.get("metrics"))
    challenger: Json = {
        **before,
        "metrics": measurement.challenger["metrics"],
        "own": own,
        "measured": measurement.challenger,
    }
    champion = measurement.champion
    summary: Json | None = None
    if champion is not None:
        none: Json = {"run_id": None, "generation": None, "model": None}
        summary = {**(run.champion or none), "metrics": champion["metrics"]}
    report = EvaluationReport(measurement.challenger["metrics"], 0, 1)
    decision = decide(
        champion["metrics"] if champion is not None else None,
        report,
        route.policy,
        measurement.intervals,
        measurement.rows,
    )
    measured: Json = {
        "champion": summary,
        "challenger": _without_answers(challenger),
        "data": _data(route, run, measurement),
    }
    if measurement.intervals:
        measured["intervals"] = {
            name: {"low": interval.low, "high": interval.high, "confidence": interval.confidence}
            for name, interval in measurement.intervals.items()
        }
    staged = (run.golden_answers or {}).get("staged")
    change = shape_of(route, run, as_answers(staged) if staged is not None else None)
    record = with_shape(decision_record(route, run, decision, measured, now), change)
    known: Json = {"challenger": challenger, "decision": record, "holdout_progress": None}
    end, known = apply_verdict(route, run, decision, known, now)
    if end is not None:
        return run, end
    return run.transitioned(now, RunState.DECIDED, "; ".join(known["decision"]["reasons"]), **known), ReadEndpoint()


def _without_answers(challenger: Json) -> Json:
    """Return what the decision's record tells of the challenger: not where its answers lie."""
    return {name: value for name, value in challenger.items() if name != "measured"}


def _data(route: Route, run: Run, measurement: HoldoutMeasured) -> Json:
    """Return what both models were measured on: the same rows of one version of the holdout."""
    holdout = route.holdout
    if holdout is None:
        raise unexpected(run, measurement)
    named: Json = {
        "data": holdout.data,
        "etag": measurement.challenger["etag"],
        "identity": measurement.challenger["identity"],
        "rows": measurement.rows,
        "label": holdout.label,
        "task": holdout.task.value,
    }
    challenger: Json = {"blob": run.blob, "etag": run.etag, "row": 0, "rows": 1, "examples": measurement.rows}
    if measurement.champion is None:
        rows = counted(measurement.rows, "row")
        note = f"the challenger was measured on {rows} of {holdout.data}; there is no champion to measure"
        return {"holdout": named, "challenger": challenger, "champion": None, "same": False, "note": note}
    champion: Json = {"run_id": (run.champion or {}).get("run_id"), "scored": measurement.champion["scored"]}
    note = f"both models were measured on the same {counted(measurement.rows, 'row')} of {holdout.data}"
    return {"holdout": named, "challenger": challenger, "champion": champion, "same": True, "note": note}
