"""The challenger's answers on the staging endpoint, and the next step of the run that they decide."""

from datetime import datetime, timedelta

from shared.lifecycle.decision_record import apply_answer_shape
from shared.lifecycle.effects import Next, ReadEndpoint, ReleaseEndpoint, ScoreHoldout
from shared.lifecycle.golden_answers import answers_match
from shared.lifecycle.run_parts import golden_answers_of
from shared.lifecycle.run_updates import with_endpoint_event
from shared.plurals import counted
from shared.records.endpoint_events import EndpointEventKind
from shared.records.golden_answers import Answers
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.records.run_steps import StagedStep
from shared.routes.route import Endpoint, Route


def shows_challenger(route: Route, run: Run, answers: Answers) -> bool:
    """Tell whether the staging endpoint answers as the challenger: differently from before its update.

    Answers equal to those of an earlier round of this run are the challenger's as well: the run was held meanwhile, and
    no other run used the staging endpoint.
    """
    golden = golden_answers_of(run)
    if golden.staging is None or not answers_match(answers, golden.staging, route.golden_tolerance):
        return True
    previous = golden.previous_staged
    return previous is not None and answers_match(answers, previous, route.golden_tolerance)


def challenger_answered(route: Route, run: Run, staging: Endpoint, answers: Answers, now: datetime) -> Next:
    """Continue with the challenger's answers; a challenger that answers as the champion ends `unchanged`.

    An operator's rollback continues in any case.
    """
    golden = golden_answers_of(run)
    fields: RunFields = {
        "golden_answers": golden._replace(staged=answers),
        "endpoint_events": with_endpoint_event(run, staging, EndpointEventKind.ANSWERS, now),
    }
    if run.override is not None:
        return _decided(run, fields, now)
    if answers_match(answers, golden.before, route.golden_tolerance):
        how = f"within {route.golden_tolerance:g}" if route.golden_tolerance else "exactly"
        rows = counted(len(answers) - 1, "golden row")  # the first line has the columns
        why = f"The new model answers all {rows} {how} as the model in service, which stays."
        return run, ReleaseEndpoint(RunState.UNCHANGED, why, fields)
    if route.holdout is not None:
        deadline = now + timedelta(seconds=route.deadlines.promoting)
        scoring: RunFields = {**fields, "step": StagedStep.SCORING, "deadline_at": deadline}
        return run.transitioned(now, RunState.STAGED, **scoring), ScoreHoldout(None)
    end, fields = apply_answer_shape(route, run, answers, fields, now)
    return (run, end) if end is not None else _decided(run, fields, now)


def _decided(run: Run, fields: RunFields, now: datetime) -> Next:
    decision = fields.get("decision", run.decision)
    reasons = decision.reasons if decision is not None else ()
    return run.transitioned(now, RunState.DECIDED, "; ".join(reasons), **fields), ReadEndpoint()
