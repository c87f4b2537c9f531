"""A run that an operator names: found, and saved, with the refusals that people get."""

from shared.errors import NotNowError, StaleWriteError, UnknownError
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
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
