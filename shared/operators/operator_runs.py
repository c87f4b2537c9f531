"""A run that an operator names: found, and saved, with the refusals that people get."""

from shared.errors import NotNowError, StaleWriteError, UnknownError
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.records.run_identity import UNROUTED, settling_run_id
from shared.routes.route import Route
from shared.services import Services


def find_run(services: Services, run_id: str) -> StoredRun:
    """Return a run of any route.

    Raises:
        UnknownError: there is no such run.
    """
    stored = services.runs.find(run_id)
    if stored is None:
        raise UnknownError(f"there is no run {run_id}")
    return stored


def file_named(services: Services, blob: str) -> tuple[str, list[StoredRun]]:
    """Return the name in the input container that `blob` means, and the runs of that file.

    Raises:
        UnknownError: no run is of that file.
        NotNowError: it means one file with the container's name before it, and another one without.
    """
    container = services.routes.input
    names = dict.fromkeys((blob, blob.removeprefix(f"{container}/")))
    files = {name: own for name in names if (own := _versions_of_file(services, name))}
    if not files:
        raise UnknownError(f"no run is of the file {[*names][-1]}: give its name in the container {container}")
    if len(files) > 1:
        longer, shorter = names
        raise NotNowError(f"{blob} may mean two files: give {container}/{longer} for the one, {shorter} for the other")
    return next(iter(files.items()))


def _versions_of_file(services: Services, name: str) -> list[StoredRun]:
    """Return the run of each version of a file, and the run in which it settles, under whichever routes they are.

    `name`: of the blob in the input container. A version that was unrouted before is found under its route alone.
    """
    routes = sorted(services.runs.routes(), key=lambda route: route != UNROUTED)
    by_id = {stored.run.run_id: stored for route in routes for stored in _versions_of_route(services, route, name)}
    return sorted(by_id.values(), key=lambda stored: stored.run.generation)


def _versions_of_route(services: Services, route: str, name: str) -> list[StoredRun]:
    run_ids = [version.run_id for version in services.runs.runs_of_blob(route, name)]
    run_ids.append(settling_run_id(services.routes.input, name))
    runs = services.map_concurrently(lambda run_id: services.runs.get(route, run_id), run_ids)
    return [stored for stored in runs if stored is not None and stored.run.blob == name]


def route_of_run(services: Services, run: Run) -> Route:
    """Return the route of a run.

    Raises:
        UnknownError: routes.toml no longer has it.
    """
    route = services.routes.routes.get(run.route)
    if route is None:
        raise UnknownError(f"run {run.run_id} is of route {run.route}, which is no longer in routes.toml")
    return route


def save_operators_run(services: Services, stored: StoredRun, run: Run) -> Run:
    """Save a run that an operator changed.

    Raises:
        NotNowError: another worker saved the run since it was read.
    """
    try:
        return services.save_run(stored, run).run
    except StaleWriteError:
        raise NotNowError(f"run {run.run_id} was changed at the same moment: look at it and try again") from None
