"""The staging endpoint: wait until it answers with the challenger, and compare it with the model in service."""

from datetime import timedelta

from shared.errors import PermanentError
from shared.pipeline.desk import RunDesk
from shared.pipeline.golden import as_answers, ask, digest, pinned_golden
from shared.ports import Answers
from shared.route import Endpoint
from shared.runs import Json, RunState


def await_answers(desk: RunDesk) -> bool:
    """Ask the staging endpoint; once it answers with the challenger, the run is decided or ends `unchanged`."""
    run, staging = desk.run, desk.route.staging
    if staging is None or run.answers is None or run.answering_since is None:
        # The route lost its staging endpoint while the run was there: begin again with the route as it is now.
        desk.move(RunState.TRAINED, "the route's endpoints changed; evaluating again")
        return True
    answers = ask(desk, staging, pinned_golden(desk))
    if digest(answers) == run.baseline:
        if desk.now() < run.answering_since + timedelta(seconds=staging.propagation_s):
            return False  # accepted is not served: the tick asks again
        if not _shows_challenger(desk, staging):
            desk.end(
                RunState.ROLLED_BACK,
                f"endpoint {staging.name} accepted the model but neither answers differently nor shows it"
                f" {staging.propagation_s} s later: the update had no effect; nothing was sent to the serving endpoint",
            )
            return True
    return _compare(desk, staging, answers)


def _shows_challenger(desk: RunDesk, staging: Endpoint) -> bool:
    """Tell whether the endpoint names the challenger as its model: it may answer just as its predecessor did.

    A service that cannot be asked shows nothing.
    """
    challenger = (desk.run.challenger or {}).get("model")
    try:
        resources = desk.services.scoring.resources(staging)
    except PermanentError:
        return False
    return any(resource.name == staging.resource and resource.relative == challenger for resource in resources)


def _compare(desk: RunDesk, staging: Endpoint, answers: Answers) -> bool:
    run = desk.run
    known: Json = {"answers": {**(run.answers or {}), "staged": answers}, "endpoints": desk.note(staging, "answers")}
    if answers == as_answers((run.answers or {})["before"]):
        rows = len(answers)
        desk.end(
            RunState.UNCHANGED, f"answers all {rows} golden rows exactly as the model in service, which stays", **known
        )
        return True
    desk.move(RunState.DECIDED, "; ".join((run.decision or {})["reasons"]), **known)
    return True
