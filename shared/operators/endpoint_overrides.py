"""An operator's overrides of an endpoint: freeze it, unfreeze it, roll it back to an earlier model."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from shared.blob_path import BlobPath
from shared.effects.kept_models import is_kept
from shared.errors import BadRequestError, NotNowError, StaleWriteError, UnknownError
from shared.lifecycle.decision_record import override_decision
from shared.lifecycle.run_parts import archived_model_of
from shared.log_actions import LogAction, get_log, log_fields
from shared.records.decision import DecidedChallenger, Override
from shared.records.endpoint_record import Champion, EndpointRecord, Frozen
from shared.records.models import Challenger
from shared.records.run import Run
from shared.records.run_identity import run_id_for
from shared.records.run_states import RunState
from shared.records.times import shown_time
from shared.routes.route import Route
from shared.services import Services

log = get_log("operations")

MAX_ATTEMPTS = 3  # to write the endpoint's record while other workers write it


def freeze(services: Services, endpoint: str, by: str, reason: str) -> EndpointRecord:
    """Stop promotions to an endpoint; a promotion under way is finished, and an operator may still roll back.

    The same request again changes nothing.

    Raises:
        UnknownError: there is no such endpoint, or several routes have one of that name.
        NotNowError: it is frozen already, by another person or for another reason.
    """
    frozen = Frozen(by=by, reason=reason, at=services.clock.now())

    def change(record: EndpointRecord) -> EndpointRecord:
        earlier = record.frozen
        if earlier is None:
            return replace(record, frozen=frozen)
        if (earlier.by, earlier.reason) == (by, reason):
            return record
        raise NotNowError(
            f"endpoint {endpoint} is frozen already, by {earlier.by} since {shown_time(earlier.at)}: {earlier.reason};"
            " to give another reason, unfreeze it first"
        )

    record = _change(services, route_of(services, endpoint), change)
    log.info(
        "endpoint %s/%s: frozen by %s: %s",
        record.route,
        record.name,
        by,
        reason,
        extra=log_fields(LogAction.OPERATOR_FROZE, route=record.route),
    )
    return record


def unfreeze(services: Services, endpoint: str, by: str, reason: str = "") -> EndpointRecord:
    """Allow promotions to an endpoint again; an endpoint that is not frozen stays so. The log has the name and reason.

    Raises:
        UnknownError: there is no such endpoint, or several routes have one of that name.
    """
    record = _change(services, route_of(services, endpoint), EndpointRecord.unfrozen)
    log.info(
        "endpoint %s/%s: unfrozen by %s%s",
        record.route,
        record.name,
        by,
        f": {reason}" if reason else "",
        extra=log_fields(LogAction.OPERATOR_UNFROZE, route=record.route),
    )
    return record


def rollback(services: Services, endpoint: str, by: str, reason: str, to: str = "") -> Run:
    """Roll an endpoint back to the model of run `to`, or to the model that served before the present champion.

    The target may be any promoted model, older or newer than the present one.

    Returns the new run of the rollback. The tick drives it like a promotion: leased, verified, rolled back on failure.

    Raises:
        UnknownError: there is no such endpoint or run.
        BadRequestError: that run's model was never promoted to this endpoint, or is in service.
        NotNowError: no promotion can be rolled back, or the archived model is gone.
    """
    route = route_of(services, endpoint)
    record = services.endpoints.get(route.name, route.serving.name).record
    champion = record.champion
    target: Run | None
    if to:
        target = _chosen(services, route, to)
    elif champion is None:
        raise NotNowError(
            f"endpoint {endpoint} serves the initial model: there is nothing to roll back;"
            " name a promoted run with --to RUN to put its model in service"
        )
    else:
        target = _before(services, route, champion)
    origin = _origin(target) if target is not None else ""
    present = champion.run_id if champion is not None else ""
    if origin == present and not record.unexplained:
        raise BadRequestError(f"{_model_of(origin)} is in service on endpoint {endpoint}")
    where = f"that of run {origin}" if origin else "the initial model"
    why = f"Rolled back by {by} from {_model_of(present)} to {where}: {reason}"
    replaces = champion.run_id if champion is not None else None
    override = Override(by, reason, origin, services.clock.now(), replaces)
    run = _override_run(route, champion, target, override, why)
    archived = archived_model_of(run)
    if not is_kept(services, route, archived):
        raise NotNowError(
            f"the archived model {archived} does not exist: restore it, or name another run with --to RUN"
        )
    return services.claim_run(run).run


def route_of(services: Services, endpoint: str) -> Route:
    """Return the route of a serving endpoint, by its name or as `route/name`.

    Raises:
        UnknownError: there is none, or several routes have one of that name.
    """
    routes = services.routes.routes.values()
    matching = [route for route in routes if endpoint in {route.serving.name, f"{route.name}/{route.serving.name}"}]
    if len(matching) == 1:
        return matching[0]
    if matching:
        problem, candidates = f"several endpoints are called {endpoint!r}; name one of", matching
    else:
        problem, candidates = f"no endpoint is called {endpoint!r}; there are", list(routes)
    raise UnknownError(f"{problem}: {', '.join(f'{route.name}/{route.serving.name}' for route in candidates)}")


def _change(services: Services, route: Route, change: Callable[[EndpointRecord], EndpointRecord]) -> EndpointRecord:
    for _ in range(MAX_ATTEMPTS):
        stored = services.endpoints.get(route.name, route.serving.name)
        changed = change(stored.record)
        if changed == stored.record:
            return changed
        try:
            return services.endpoints.save(stored, changed).record
        except StaleWriteError:
            continue
    raise NotNowError(f"the record of endpoint {route.serving.name} changes all the time: try again")


def _chosen(services: Services, route: Route, run_id: str) -> Run:
    stored = services.runs.get(route.name, run_id)
    if stored is None:
        raise UnknownError(f"route {route.name} has no run {run_id}")
    if stored.run.state is not RunState.PROMOTED:
        raise BadRequestError(f"run {run_id} is {stored.run.state.value}: roll back to a run whose model was promoted")
    return stored.run


def _before(services: Services, route: Route, champion: Champion) -> Run | None:
    """Return the run whose model served before the champion's; None: the initial model."""
    stored = services.runs.get(route.name, champion.run_id)
    if stored is None:
        raise NotNowError(f"the record of run {champion.run_id} is gone: name the target with --to RUN")
    before = stored.run.champion.run_id if stored.run.champion is not None else None
    if before is None:
        return None
    target = services.runs.get(route.name, before)
    if target is None:
        raise NotNowError(f"the record of run {before} is gone: name the target with --to RUN")
    return target.run


def _origin(run: Run) -> str:
    """Return the id of the run that trained a promoted run's model; a rollback trained none, its target did."""
    return run.override.to if run.override is not None else run.run_id


def _model_of(run_id: str) -> str:
    return f"the model of run {run_id}" if run_id else "the initial model"


def _override_run(route: Route, champion: Champion | None, target: Run | None, override: Override, why: str) -> Run:
    """Return the run that rolls back to the model of `target`; None: the initial model."""
    now = override.at
    summary = champion.summary() if champion is not None else None
    promoted = target.challenger if target is not None else None
    archived = route.initial_model
    if promoted is not None and promoted.archived_model is not None:
        archived = promoted.archived_model
    if promoted is None:
        challenger = Challenger(archived, {}, archived_model=archived)
    else:
        challenger = promoted._replace(model=archived, archived_model=archived)
    decided = DecidedChallenger(override.to or None, archived, challenger.metrics)
    place = BlobPath.parse(archived)
    return Run(
        run_id=run_id_for(route.serving.name, archived, uuid.uuid4().hex),
        route=route.name,
        container=target.container if target is not None else place.container,
        blob=target.blob if target is not None else place.name,
        etag=target.etag if target is not None else "",
        generation=target.generation if target is not None else "",
        state=RunState.TRAINED,
        reason=why,
        landed_at=now,
        updated_at=now,
        not_before=now,
        deadline_at=now + timedelta(seconds=route.deadlines.running),
        training_set=target.training_set if target is not None else None,
        challenger=challenger,
        champion=summary,
        override=override,
        decision=override_decision(route, decided, summary, why, now),
    )
