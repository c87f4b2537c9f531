"""Recognizes a replaced model on an endpoint that differs from its verified model, by location or by answers.

A late PATCH explains the difference only if it brings back a model that this table has as replaced or as never
promoted. Any other model has another cause: a person sent it, or the table was restored from an older backup.
"""

from typing import NamedTuple

from shared.lifecycle.golden_answers import answers_match
from shared.lifecycle.job_paths import MODELS, TRAINING
from shared.records.endpoint_record import EndpointRecord, Served
from shared.records.golden_answers import Answers
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Route
from shared.services import Services

MAX_COMPARED_RUNS = 500  # the newest, whose recorded answers are compared


class ObservedModel(NamedTuple):
    """What an endpoint serves by its own word: the location that it lists ("": none), and its golden answers."""

    listed: str
    answers: Answers


def location_is_replaced(services: Services, route: Route, record: EndpointRecord, listed: str) -> bool | None:
    """Return whether this table has the model at a location as replaced: the endpoint must not serve it.

    None: the location is none that the app gives to models; a service that copies models may have made it.
    """
    if listed == route.initial_model:
        return True
    run_id = _run_of(route, listed)
    if not run_id:
        return None
    if record.champion is not None and run_id == record.champion.run_id:
        return True  # another attempt of the champion's run: its own model is listed where it was verified
    stored = services.runs.get(route.name, run_id)
    return stored is not None and _is_replaced(record, stored.run)


def answers_are_replaced(
    services: Services, route: Route, record: EndpointRecord, served: Served, answers: Answers
) -> bool:
    """Return whether a replaced model gave these answers to the same golden rows, as its run or the next recorded."""
    tolerance = route.golden_tolerance
    for stored in services.runs.list_runs(route.name, MAX_COMPARED_RUNS):
        run, recorded = stored.run, stored.run.golden_answers
        if recorded is None or recorded.golden != served.golden:
            continue
        own = recorded.verified if recorded.verified is not None else recorded.staged
        if own is not None and answers_match(answers, own, tolerance) and _is_replaced(record, run):
            return True
        if answers_match(answers, recorded.before, tolerance) and _was_replaced(record, run):
            return True
    return False


def _run_of(route: Route, location: str) -> str:
    """Return the id of the run whose model the app stores at a location; "" for any other location."""
    archived, trained = f"{MODELS}/{route.name}/", f"{TRAINING}/"
    if location.startswith(archived):
        return (
            location.removeprefix(archived).removesuffix(".ilearner").partition("-")[0]
        )  # "-2": of the second attempt
    return location.removeprefix(trained).partition("/")[0] if location.startswith(trained) else ""


def _is_replaced(record: EndpointRecord, run: Run) -> bool:
    """Return whether a run's model must not serve: it is older than the champion, blocked, or was never promoted.

    A promoted model that is newer than the champion may serve: then the endpoint's record is out of date.
    """
    if run.terminal and run.state is not RunState.PROMOTED and run.override is None:
        return True
    return _is_older(record, run.generation)


def _was_replaced(record: EndpointRecord, run: Run) -> bool:
    """Return the same for the model that served when a run was evaluated."""
    before = run.champion.generation if run.champion is not None else None
    return before is None or _is_older(record, before)


def _is_older(record: EndpointRecord, generation: str) -> bool:
    if generation in record.blocked_generations:
        return True
    return record.champion is not None and generation < record.champion.generation
