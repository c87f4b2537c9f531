"""Keeps models: copies a job's model, a file or a folder, to where it stays for as long as somebody may go back to it.

A kept model is complete before anything is made of it. A copy that exists stays as it is, so any worker may repeat it.
"""

from shared.blob_path import BlobPath
from shared.effects.run_session import RunSession
from shared.errors import BlobMissingError
from shared.lifecycle.job_paths import archived_model_path
from shared.lifecycle.run_parts import archived_model_of
from shared.ports.blob_files import BlobFiles, CopyState
from shared.records.run import Run
from shared.routes.route import Endpoint, Route
from shared.services import Services


def kept_model(route: Route, run: Run) -> str:
    """Return where a run's model is kept: container/path. An operator's rollback has that of an earlier run."""
    return archived_model_of(run) if run.override is not None else archived_model_path(run, route.training)


def challenger_at(route: Route, run: Run, endpoint: Endpoint) -> Endpoint:
    """Return what answers with a run's model alone, where the endpoint's service can tell models apart."""
    return endpoint.of_model(kept_model(route, run)) if endpoint.named else endpoint


def in_service(session: RunSession) -> str:
    """Return the model in service by the endpoint's row: the champion's, or the initial one (container/path)."""
    champion = session.endpoint().champion
    return champion.model if champion is not None else session.route.initial_model


def keep_model(session: RunSession, model: str, target: str) -> CopyState:
    """Copy the model at `container/path` to `target`.

    Raises:
        BlobMissingError: there is no model, and no copy of it.
    """
    blobs = session.services.blobs
    if not session.route.serving.stores(model):
        return CopyState.DONE
    if not session.route.training.writes_folders:
        return blobs.copy(model, target)
    folder = BlobPath.parse(model)
    states = session.services.map_concurrently(
        lambda file: blobs.copy(str(file.path), f"{target}{file.name.removeprefix(folder.name)}"),
        blobs.versions(folder.container, f"{folder.name}/"),
    )
    if not states and not _has_files(blobs, target):
        raise BlobMissingError(f"The model folder {model}/ is empty.")
    return CopyState.PENDING if CopyState.PENDING in states else CopyState.DONE


def is_kept(services: Services, route: Route, model: str) -> bool:
    """Tell whether a model that is to be gone back to exists. What an endpoint itself has is its own to say."""
    if not route.serving.stores(model):
        return True
    if route.training.writes_folders:
        return _has_files(services.blobs, model)
    return services.blobs.version(*BlobPath.parse(model)) is not None


def _has_files(blobs: BlobFiles, model: str) -> bool:
    folder = BlobPath.parse(model)
    return any(True for _ in blobs.versions(folder.container, f"{folder.name}/"))
