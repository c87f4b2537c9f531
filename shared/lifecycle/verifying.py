"""The state `verifying`: the endpoint must answer as the challenger in time, and for the whole bake.

Otherwise the previous model is restored and verified.
"""

from datetime import datetime, timedelta

from shared.errors import DeploymentPendingError
from shared.gates.answer_shape import ShapeChange
from shared.lifecycle.decision_record import shape_of, why_promoted
from shared.lifecycle.effects import Effect, Next, RecordChampion, ReleaseEndpoint, ScoreServing, ScoreStaging
from shared.lifecycle.endpoint_release import released
from shared.lifecycle.golden_answers import answers_match
from shared.lifecycle.observations import (
    AlreadyRolledBack,
    ChampionRecorded,
    EffectFailed,
    EndpointReleased,
    Observation,
    ServingScored,
    StagingScored,
    TimerFired,
)
from shared.lifecycle.reasons import with_sentence
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.lifecycle.rolling_back import begin_restore, outcome_of_restore, restored_reason, rolling_back
from shared.lifecycle.run_parts import archived_model_of, challenger_of, golden_answers_of
from shared.lifecycle.run_updates import patch_accepted_at, with_endpoint_event
from shared.records.endpoint_events import EndpointEventKind
from shared.records.endpoint_record import Champion, Served
from shared.records.golden_answers import Answers
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import VerifyingStep
from shared.routes.route import Route


def verifying(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Continue the verification, or the restore."""
    match effect, observation:
        case _, ChampionRecorded():
            events = with_endpoint_event(run, route.serving, EndpointEventKind.VERIFIED, now)
            why = why_promoted(run)
            return run.transitioned(now, RunState.PROMOTED, why, deadline_at=None, endpoint_events=events), None
        case _, AlreadyRolledBack():
            return run.transitioned(now, outcome_of_restore(run), restored_reason(run)), None
        case ReleaseEndpoint() as release, EndpointReleased():
            return released(run, release, now), None
    back = rolling_back(route, run, effect, observation, now)
    if back is not None:
        return back
    if run.step == VerifyingStep.BAKING:
        return _baking(route, run, observation, now)
    return _verifying(route, run, effect, observation, now)


def _verifying(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    match effect, observation:
        case _, TimerFired():
            return run, ScoreServing()
        case ScoreServing(), ServingScored(answers, reason):
            return _serving_answered(route, run, answers, reason, now)
        case ScoreStaging(serving), StagingScored(answers):
            if answers is not None and serving is not None and _match(route, answers, serving):
                return _verified(route, run, serving, now)
            return begin_restore(run, _unverified(route, "it answers differently from the staging endpoint."), now)
        case _, EffectFailed(DeploymentPendingError()) if now < _served_by(route, run):
            return run, None  # the switch is not done yet: the tick asks again
        case _, EffectFailed(error):
            if run.overdue(now) and now >= _served_by(route, run):
                why = f"The endpoint could not be verified by the deadline. Last error: {error_text(error)}"
                return begin_restore(run, why, now)
            return retry_after_error(run, error, now), None
    raise unexpected(run, observation)


def _serving_answered(route: Route, run: Run, answers: Answers | None, reason: str, now: datetime) -> Next:
    """Verify the challenger by its answers, wait until it is served, or restore the previous model."""
    if answers is not None and _is_challenger(route, run, answers) and not _too_early(route, run, now):
        return _shown(route, run, answers, now)
    if now < _served_by(route, run):
        return run, None  # nothing is written while nothing changes: the tick asks again
    golden = golden_answers_of(run)
    if answers is None:
        return begin_restore(run, _unverified(route, reason), now)
    if golden.staged is not None and not _match(route, answers, golden.before):
        # The answers are neither the staged ones nor the previous ones. Does staging still answer as it did?
        return run, ScoreStaging(serving=answers)
    unverified = _unverified(route, reason or "it still answers as before.")
    return begin_restore(run, unverified, now, alike=golden.staged is None)


def _match(route: Route, answers: Answers, reference: Answers) -> bool:
    return answers_match(answers, reference, route.golden_tolerance)


def _served_by(route: Route, run: Run) -> datetime:
    """Return the time by which the serving endpoint must serve the model that it accepted."""
    return patch_accepted_at(run) + timedelta(seconds=route.serving.propagation_s)


def _switched_by(route: Route, run: Run) -> datetime:
    """Return the time by which a model that was verified once must give every answer.

    Until then an endpoint that moves its traffic from one model to another may still answer with the one before.
    """
    accepted = [event.at for event in run.endpoint_events if event.event is EndpointEventKind.PATCHED]
    return (accepted[-1] if accepted else run.updated_at) + timedelta(seconds=route.serving.propagation_s)


def _shown(route: Route, run: Run, answers: Answers, now: datetime) -> Next:
    """Continue with a challenger that answers; without a staging endpoint its answer shape is known only now."""
    change = shape_of(route, run, answers) if golden_answers_of(run).staged is None else ShapeChange()
    if not change:
        return _verified(route, run, answers, now)
    remedy = 'Set classes = "may-change" in routes.toml to allow it, or add a staging endpoint to let a person decide.'
    return begin_restore(run, with_sentence(change.sentence, remedy), now)


def _verified(route: Route, run: Run, answers: Answers, now: datetime) -> Next:
    """Record the champion, or begin the bake: the endpoint must keep answering as it answers now."""
    if not route.watch_s:
        return run, _record_champion(run, answers, now)
    baking = run.evolve(
        now,
        step=VerifyingStep.BAKING,
        reason=f"Verified. The endpoint is watched for {route.watch_s} s before the run counts as promoted.",
        consecutive_failures=0,
        not_before=now,
        patched_at=now,
        deadline_at=now + timedelta(seconds=route.watch_s + route.deadlines.promoting),
        golden_answers=golden_answers_of(run)._replace(verified=answers),
        endpoint_events=with_endpoint_event(run, route.serving, EndpointEventKind.ANSWERS, now),
    )
    return baking, None


def _baking(route: Route, run: Run, observation: Observation, now: datetime) -> Next:
    """Keep scoring the golden rows. A changed answer is a verdict, so is a refusal of the rows; an error is none."""
    match observation:
        case TimerFired():
            return run, ScoreServing()
        case ServingScored(by_other=True) if now < _switched_by(route, run) and not run.overdue(now):
            return run.evolve(now, patched_at=now), None  # the switch still spreads: the watch begins anew
        case ServingScored(answers, reason):
            return _still_answered(route, run, answers, reason, now)
        case EffectFailed(error):
            if run.overdue(now):
                why = f"The endpoint could not be watched for the whole bake. Last error: {error_text(error)}"
                return begin_restore(run, why, now)
            return retry_after_error(run, error, now), None
    raise unexpected(run, observation)


def _still_answered(route: Route, run: Run, answers: Answers | None, reason: str, now: datetime) -> Next:
    watched_s = (now - patch_accepted_at(run)).total_seconds()
    expected = golden_answers_of(run).verified
    if expected is None:
        raise ValueError(f"Run {run.run_id} is baking and was not verified.")
    if answers is None or not _match(route, answers, expected):
        problem = reason or "its answers to the golden rows changed."
        return begin_restore(
            run, f"Endpoint {route.serving.name} failed the bake after {watched_s:.0f} s: {problem}", now
        )
    if watched_s >= route.watch_s:
        return run, _record_champion(run, expected, now)
    return run, None  # nothing is written while nothing changes: the tick asks again


def _is_challenger(route: Route, run: Run, answers: Answers) -> bool:
    """Tell whether the answers are the challenger's: as on staging; without staging, different from before."""
    golden = golden_answers_of(run)
    if golden.staged is not None:
        return _match(route, answers, golden.staged)
    return not _match(route, answers, golden.before)


def _too_early(route: Route, run: Run, now: datetime) -> bool:
    """Tell whether answers that match may still come from the model that is being replaced.

    An operator may roll back to a model that answers the golden rows as the model in service. Then only the propagation
    time tells that it is served, unless answers are named.
    """
    golden = golden_answers_of(run)
    if run.override is None or golden.staged is None or route.serving.named:
        return False
    return _match(route, golden.staged, golden.before) and now < _served_by(route, run)


def _record_champion(run: Run, answers: Answers, now: datetime) -> RecordChampion:
    challenger, golden, model = challenger_of(run), golden_answers_of(run), archived_model_of(run)
    champion = Champion(
        run_id=run.override.to if run.override is not None else run.run_id,
        generation=run.generation,
        model=model,
        metrics=challenger.own_metrics if challenger.own_metrics is not None else challenger.metrics,
        promoted_at=now,
        measured=challenger.measured,
        classes=run.training_set.classes if run.training_set is not None else (),
    )
    served = Served(model=model, golden=golden.golden, golden_etag=golden.golden_etag, answers=answers, verified_at=now)
    if run.override is None:
        return RecordChampion(champion, served)
    return RecordChampion(champion if run.override.to else None, served, run.champion)


def _unverified(route: Route, problem: str) -> str:
    serving = route.serving
    return (
        f"Endpoint {serving.name} accepted the model but was not verified within {serving.propagation_s} s: {problem}"
    )
