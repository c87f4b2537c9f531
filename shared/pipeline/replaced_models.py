"""Whose model does an endpoint show that answers otherwise than it was verified? Only a known one explains that.

A PATCH that came late brings back a model that this table knows: one that was replaced, or that was never promoted.
Anything else (a model of somebody's, or one that the table does not know since it was restored) has another cause.
"""

from dataclasses import dataclass

from shared.lifecycle.golden_answers import answers_match, as_answers
from shared.lifecycle.job_states import TRAINING
from shared.lifecycle.promoting import MODELS
from shared.ports import Answers
from shared.records.endpoint_record import EndpointRecord, Served
from shared.records.run import Run, RunState
from shared.routes.route import Route
from shared.services import Services

MOST_RUNS = 500  # whose recorded answers are compared, the newest first


@dataclass(frozen=True)
class ObservedModel:
    """What an endpoint shows: the location that it lists ("" if it lists none), and its answers to the golden rows."""

    listed: str
    answers: Answers


def location_is_replaced(services: Services, route: Route, record: EndpointRecord, listed: str) -> bool | None:
    """Tell whether a location is that of a model which the endpoint must not serve any more, by this very table.

    None: the app gives no model such a place, so a service that copies models may have named it, or somebody else.
    """
    if listed == route.initial_model:
        return True
    run_id = _run_of(route, listed)
    if not run_id:
        return None
    if record.champion is not None and run_id == record.champion.run_id:
        return True  # of another attempt than the champion's own, which lies where it was verified
    stored = services.runs.get(route.name, run_id)
    return stored is not None and _is_replaced(record, stored.run)


def answers_are_replaced(
    services: Services, route: Route, record: EndpointRecord, served: Served, answers: Answers
) -> bool:
    """Tell whether such a model answered the same golden rows like this, by what its run or the next one recorded."""
    tolerance = route.golden_tolerance
    for stored in services.runs.list_runs(route.name, MOST_RUNS):
        run, known = stored.run, stored.run.golden_answers or {}
        if known.get("golden") != served.golden:
            continue
        own = known.get("verified") or known.get("staged")
        if own is not None and answers_match(answers, as_answers(own), tolerance) and _is_replaced(record, run):
            return True
        if answers_match(answers, as_answers(known["before"]), tolerance) and _was_replaced(record, run):
            return True
    return False


def _run_of(route: Route, location: str) -> str:
    """Return the run whose model lies there, by the places that the app gives to models; "" if it is none of them."""
    kept, trained = f"{MODELS}/{route.name}/", f"{TRAINING}/"
    if location.startswith(kept):
        return location.removeprefix(kept).removesuffix(".ilearner").partition("-")[0]  # "-2": of the second attempt
    return location.removeprefix(trained).partition("/")[0] if location.startswith(trained) else ""


def _is_replaced(record: EndpointRecord, run: Run) -> bool:
    """Tell whether a run's model has no business in service: older than the champion, barred, or never promoted.

    A promoted one that is newer than the champion is not: then the endpoint's row is what is out of date.
    """
    if run.terminal and run.state is not RunState.PROMOTED and run.override is None:
        return True
    return _is_older(record, run.generation)


def _was_replaced(record: EndpointRecord, run: Run) -> bool:
    """Tell the same of the model that was in service when a run was evaluated."""
    before = (run.champion or {}).get("generation")
    return before is None or _is_older(record, before)


def _is_older(record: EndpointRecord, generation: str) -> bool:
    if generation in record.blocked_generations:
        return True
    return record.champion is not None and generation < record.champion.generation
