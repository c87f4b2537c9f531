"""The state `staged`: the staging endpoint answers as the challenger, which is compared with the model in service."""

from datetime import datetime, timedelta

from shared.errors import DeploymentPendingError
from shared.lifecycle.challenger_answers import challenger_answered, shows_challenger
from shared.lifecycle.effects import Effect, GetStagingModel, Next, ReleaseEndpoint, ScoreStaging
from shared.lifecycle.endpoint_release import failed_untouched, not_released, released
from shared.lifecycle.holdout_state import scoring
from shared.lifecycle.observations import (
    EffectFailed,
    EndpointReleased,
    LeaseLost,
    Observation,
    StagingModelRead,
    StagingScored,
    TimerFired,
)
from shared.lifecycle.retry_later import unexpected
from shared.lifecycle.run_parts import challenger_of
from shared.lifecycle.run_updates import LEASE_LOST, evaluated_again, reason_changed
from shared.records.golden_answers import Answers
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import StagedStep
from shared.routes.route import Endpoint, Route


def staged(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Score the golden rows on staging; once the challenger answers, the run is decided or ends `unchanged`."""
    if isinstance(effect, ReleaseEndpoint):
        return _released(route, run, effect, observation, now)
    outdated = _outdated(route, run, observation)
    if outdated is not None:
        return evaluated_again(route, run, now, outdated), None
    if run.step == StagedStep.SCORING:
        return scoring(route, run, observation, now)
    return _await_answers(route, run, effect, observation, now)


def _outdated(route: Route, run: Run, observation: Observation) -> str | None:
    """Return why the run is evaluated again: its lease or its route has changed; None if it continues."""
    if route.staging is None or run.golden_answers is None or run.patched_at is None:
        return "The endpoints of the route changed."
    if isinstance(observation, LeaseLost):
        return LEASE_LOST
    if route.holdout is None and (run.step == StagedStep.SCORING or run.decision is None):
        return "The route no longer has a holdout."
    return None


def _released(route: Route, run: Run, release: ReleaseEndpoint, observation: Observation, now: datetime) -> Next:
    match observation:
        case EndpointReleased(held):
            return released(run, release, now) if held else evaluated_again(route, run, now, LEASE_LOST), None
        case EffectFailed(error):
            return not_released(run, release, error, now)
    raise unexpected(run, observation)


def _await_answers(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    staging = route.staging
    if staging is None:
        raise unexpected(run, observation)
    match effect, observation:
        case _, TimerFired():
            return run, ScoreStaging()
        case ScoreStaging(), StagingScored(answers) if answers is not None:
            return _answered(route, run, staging, answers, now)
        case GetStagingModel(answers), StagingModelRead(model):
            if model == challenger_of(run).model:
                return challenger_answered(route, run, staging, answers, now)
            why = (
                f"Endpoint {staging.name} accepted the model, but {staging.propagation_s} s later it neither answers"
                " differently nor lists the model. The update had no effect. The serving endpoint is untouched."
            )
            return run, ReleaseEndpoint(RunState.ROLLED_BACK, why)
        case _, EffectFailed(DeploymentPendingError() as pending) if not run.overdue(now):
            return reason_changed(run, str(pending), now), None  # no failure: the tick asks again
        case _, EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, observation)


def _answered(route: Route, run: Run, staging: Endpoint, answers: Answers, now: datetime) -> Next:
    if shows_challenger(route, run, answers):
        return challenger_answered(route, run, staging, answers, now)
    if run.patched_at is not None and now < run.patched_at + timedelta(seconds=staging.propagation_s):
        return run, None  # an accepted model is not served at once: the tick asks again
    return run, GetStagingModel(answers)
