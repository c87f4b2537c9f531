"""A staged challenger on the holdout: scored in batches, over as many ticks as it takes; then decided."""

from datetime import datetime, timedelta

from shared.gates.decision import decide
from shared.gates.evaluation_report import EvaluationReport
from shared.lifecycle.decision_record import apply_verdict, decision_record, shape_of, with_shape
from shared.lifecycle.effects import Next, ReadEndpoint, ScoreHoldout
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
from shared.lifecycle.trained_state import failed_untouched
from shared.plurals import counted
from shared.records.run import Json, Run, RunState
from shared.routes.route import Route


def scoring(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Score on, and decide once both models have answered every row."""
    match seen:
        case TimerFired():
            return run, ScoreHoldout(run.holdout_progress or {})
        case HoldoutScored(known, done, total, error):
            if error is not None and not run.overdue(now):
                return retry_after_error(run, error, now, holdout_progress=known), None
            if error is not None:
                return failed_untouched(run, error, now)
            # What goes forwards may take as long as it takes; what begins anew may not.
            again = bool((run.golden_answers or {}).get("disturbed"))
            deadline = run.deadline_at if again else now + timedelta(seconds=route.deadlines.promoting)
            said = f"holdout: {done:,} of {total:,} rows scored"
            return run.evolve(
                now, reason=said, holdout_progress=known, consecutive_failures=0, not_before=now, deadline_at=deadline
            ), None
        case HoldoutInvalidated(error):
            if run.overdue(now):
                return failed_untouched(run, error, now)
            return retry_after_error(
                run, error, now, holdout_progress={}, golden_answers={**(run.golden_answers or {}), "disturbed": True}
            ), None
        case HoldoutMeasured():
            return _decided(route, run, seen, now)
        case EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, seen)


def _decided(route: Route, run: Run, seen: HoldoutMeasured, now: datetime) -> Next:
    before = run.challenger or {}
    own = before.get("own", before.get("metrics"))
    challenger: Json = {
        **before,
        "metrics": seen.challenger["metrics"],
        "own": own,
        "measured": seen.challenger,
    }
    champion = seen.champion
    summary: Json | None = None
    if champion is not None:
        none: Json = {"run_id": None, "generation": None, "model": None}
        summary = {**(run.champion or none), "metrics": champion["metrics"]}
    report = EvaluationReport(seen.challenger["metrics"], 0, 1)
    decision = decide(
        champion["metrics"] if champion is not None else None,
        report,
        route.policy,
        seen.intervals,
        seen.rows,
    )
    measured: Json = {"champion": summary, "challenger": _told(challenger), "data": _data(route, run, seen)}
    if seen.intervals:
        measured["intervals"] = {
            name: {"low": one.low, "high": one.high, "confidence": one.confidence}
            for name, one in seen.intervals.items()
        }
    staged = (run.golden_answers or {}).get("staged")
    change = shape_of(route, run, as_answers(staged) if staged is not None else None)
    record = with_shape(decision_record(route, run, decision, measured, now), change)
    known: Json = {"challenger": challenger, "decision": record, "holdout_progress": None}
    end, known = apply_verdict(route, run, decision, known, now)
    if end is not None:
        return run, end
    return run.transitioned(now, RunState.DECIDED, "; ".join(known["decision"]["reasons"]), **known), ReadEndpoint()


def _told(challenger: Json) -> Json:
    """Return what the decision's record tells of the challenger: not where its answers lie."""
    return {name: value for name, value in challenger.items() if name != "measured"}


def _data(route: Route, run: Run, seen: HoldoutMeasured) -> Json:
    """Return what both models were measured on: the same rows of one version of the holdout."""
    holdout = route.holdout
    if holdout is None:
        raise unexpected(run, seen)
    named: Json = {
        "data": holdout.data,
        "etag": seen.challenger["etag"],
        "identity": seen.challenger["identity"],
        "rows": seen.rows,
        "label": holdout.label,
        "task": holdout.task.value,
    }
    challenger: Json = {"blob": run.blob, "etag": run.etag, "row": 0, "rows": 1, "examples": seen.rows}
    if seen.champion is None:
        rows = counted(seen.rows, "row")
        note = f"the challenger was measured on {rows} of {holdout.data}; there is no champion to measure"
        return {"holdout": named, "challenger": challenger, "champion": None, "same": False, "note": note}
    champion: Json = {"run_id": (run.champion or {}).get("run_id"), "scored": seen.champion["scored"]}
    note = f"both models were measured on the same {counted(seen.rows, 'row')} of {holdout.data}"
    return {"holdout": named, "challenger": challenger, "champion": champion, "same": True, "note": note}
