"""The staging endpoint: wait until it answers with the challenger, and compare it with the model in service."""

from datetime import datetime, timedelta

from shared.lifecycle.effects import GetStagingModel, Next, ReleaseEndpoint, ScoreStaging
from shared.lifecycle.holdout_state import scoring
from shared.lifecycle.observations import (
    EffectFailed,
    EndpointReleased,
    LeaseLost,
    Observation,
    ReleaseFailed,
    StagingModelRead,
    StagingScored,
    TimerFired,
)
from shared.lifecycle.retry_later import unexpected
from shared.lifecycle.trained_state import (
    SCORING,
    challenger_answers,
    failed_untouched,
    not_released,
    released,
    shows_challenger,
)
from shared.records.run import Run, RunState
from shared.routes.route import Route


def staged(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Ask the staging endpoint; once it answers with the challenger, the run is decided or ends `unchanged`."""
    staging = route.staging
    if isinstance(seen, EndpointReleased):
        if not seen.held:
            return evaluated_again(route, run, now, "the lease of the endpoint was lost meanwhile"), None
        return released(run, seen.release, now), None
    if isinstance(seen, ReleaseFailed):
        return not_released(run, seen, now)
    if staging is None or run.golden_answers is None or run.patched_at is None:
        # The route lost its staging endpoint while the run was there: begin again with the route as it is now.
        return evaluated_again(route, run, now, "the route's endpoints changed"), None
    if isinstance(seen, LeaseLost):
        return evaluated_again(route, run, now, "the lease of the endpoint was lost meanwhile"), None
    if route.holdout is None and (run.step == SCORING or run.decision is None):  # it was to be decided by that
        return evaluated_again(route, run, now, "the route has no holdout any more"), None
    if run.step == SCORING:
        return scoring(route, run, seen, now)
    match seen:
        case TimerFired():
            return run, ScoreStaging()
        case StagingScored(answers) if answers is not None:
            if shows_challenger(route, run, answers):
                return challenger_answers(route, run, staging, answers, now)
            if now < run.patched_at + timedelta(seconds=staging.propagation_s):
                return run, None  # accepted is not served: the tick asks again
            return run, GetStagingModel(answers)
        case StagingModelRead(answers, model):
            if model == (run.challenger or {}).get("model"):
                return challenger_answers(route, run, staging, answers, now)
            why = (
                f"endpoint {staging.name} accepted the model but neither answers differently nor shows it"
                f" {staging.propagation_s} s later: the update had no effect; nothing was sent to the serving endpoint"
            )
            return run, ReleaseEndpoint(RunState.ROLLED_BACK, why)
        case EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, seen)


def evaluated_again(route: Route, run: Run, now: datetime, why: str) -> Run:
    """Return the run at the point where it was trained: what it was compared with is not there any more."""
    deadline = now + timedelta(seconds=route.deadlines.running)
    return run.transitioned(now, RunState.TRAINED, f"{why}; evaluating again", deadline_at=deadline)
