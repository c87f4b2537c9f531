"""Which model each endpoint serves: kept as files of the studio's own, swapped at once, after the activation delay.

A deployed model is copied to the studio, since the token of its location dies within a day (protocol 3.3). It serves
from its activation time on. Each request compares the times, so nothing needs to wake up, and a restart in between
changes nothing.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from studio.errors import ModelFileError
from studio.models.model import Model
from studio.models.model_file import load_model
from studio.scoring.scorer import Scorer
from studio.workspace.database import CATALOGUE_VERSION_QUERY, Database, private_folder, write_private
from studio.workspace.deployment_records import EXTENSION, Deployment, DeploymentRecords, Location, serving
from studio.workspace.errors import ModelUnavailableError
from studio.workspace.services import Endpoint


@dataclass(frozen=True)
class _LoadedModel:
    """A deployment whose model is in memory."""

    number: int  # of the deployment
    activate_at: float  # seconds since 1970
    scorer: Scorer


class DeployedModels:
    """The models of all endpoints."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Keep models in the database's folder; `now` gives seconds since 1970."""
        self._database = database
        self._records = DeploymentRecords(database)
        self._now = now
        self._folder = private_folder(database.folder / "models")
        self._lock = threading.Lock()
        # By endpoint, oldest first. The tuples are replaced, never changed: a request reads one of them, whole.
        self._loaded: dict[str, tuple[_LoadedModel, ...]] = {}
        self._catalogue_version = database.catalogue_version()  # that `_loaded` was compared with

    def scorer(self, endpoint: Endpoint) -> Scorer:
        """Return what answers the endpoint's requests now.

        Raises:
            ModelUnavailableError: its model cannot be read back, or it has none.
        """
        ready = self.ready(endpoint, self._database.catalogue_version())
        return ready if ready is not None else self._current(self._load(endpoint))

    def ready(self, endpoint: Endpoint, catalogue_version: str) -> Scorer | None:
        """Return what answers the endpoint's requests now; None if its model must be read from the disk.

        `catalogue_version` is the current one, which the lookup of the endpoint has just read.
        """
        self._drop_outdated(catalogue_version)
        loaded = self._loaded.get(endpoint.id)
        return self._current(loaded) if loaded else None

    def _current(self, loaded: tuple[_LoadedModel, ...]) -> Scorer:
        if len(loaded) == 1:
            return loaded[0].scorer
        now = self._now()
        return next((model.scorer for model in reversed(loaded) if model.activate_at <= now), loaded[0].scorer)

    def _drop_outdated(self, catalogue_version: str) -> None:
        """Drop what another process has replaced, unless a deployment holds the lock: a request never waits for it."""
        if catalogue_version != self._catalogue_version and self._lock.acquire(blocking=False):
            try:
                self._compare()
            finally:
                self._lock.release()

    def _compare(self) -> None:
        """Drop the models of deleted endpoints and of endpoints with newer deployments. The caller holds the lock."""
        newest = "SELECT endpoint_id, MAX(number) AS number FROM endpoint_models GROUP BY endpoint_id"
        version_rows, rows = self._database.snapshot(CATALOGUE_VERSION_QUERY, newest)
        numbers = {row["endpoint_id"]: row["number"] for row in rows}
        self._loaded = {
            endpoint_id: loaded
            for endpoint_id, loaded in self._loaded.items()
            if loaded[-1].number == numbers.get(endpoint_id)
        }
        self._catalogue_version = version_rows[0]["value"]

    def _load(self, endpoint: Endpoint) -> tuple[_LoadedModel, ...]:
        """Read the model that serves now and those that wait for their time. Older ones are not read."""
        with self._lock:
            if endpoint.id in self._loaded:
                return self._loaded[endpoint.id]  # another request has just read it
            newest_first: list[_LoadedModel] = []
            for deployment in self._records.newest_first(endpoint.id):
                scorer = self._read(endpoint, deployment.file)
                newest_first.append(_LoadedModel(deployment.number, deployment.activate_at, scorer))
                if deployment.activate_at <= self._now():
                    break
            if not newest_first:
                raise _no_model(endpoint)
            loaded = self._loaded[endpoint.id] = tuple(newest_first[::-1])
            return loaded

    def _read(self, endpoint: Endpoint, file: str) -> Scorer:
        try:
            path = self._folder / file
            return Scorer(load_model(path.read_bytes()), path)
        except (OSError, ModelFileError) as error:
            text = f"The model of endpoint {endpoint.name!r} in the studio's folder is damaged: {error}"
            raise ModelUnavailableError(text) from error

    def location(self, endpoint: Endpoint) -> Location | None:
        """Return where the endpoint's newest model came from, whether it serves already or waits for its time."""
        newest = self._records.newest(endpoint.id)
        return None if newest is None else newest.location

    def serving(self, endpoint: Endpoint) -> Deployment | None:
        """Return the model that answers the endpoint's requests now; None if it has no model."""
        return serving(self._records.newest_first(endpoint.id), self._now())

    def waiting(self, endpoint: Endpoint) -> Deployment | None:
        """Return the model that was deployed last, if its time has not come."""
        newest = self._records.newest(endpoint.id)
        return newest if newest is not None and newest.activate_at > self._now() else None

    def deploy(
        self, endpoint: Endpoint, data: bytes, location: Location, delay_s: float, model: Model | None = None
    ) -> None:
        """Copy a model here and have the endpoint serve it in `delay_s` seconds.

        `data` is the file of a checked model. `model` is what the file was read as, if it was read: reading it again
        would take the time of hundreds of requests.

        Raises:
            ModelFileError: the file is no sound model.
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        name = f"{hashlib.sha256(data).hexdigest()}{EXTENSION}"
        scorer = Scorer(load_model(data) if model is None else model, self._folder / name)
        with self._lock:
            # The file is written within the transaction, so that `remove_unused_files` does not take it.
            with self._database.transaction():
                self._compare()
                write_private(self._folder / name, data)
                loaded = self._record(endpoint, name, location, scorer, delay_s)
            self._remember(endpoint, loaded)
        self.remove_unused_files()

    def copy_from(self, endpoint: Endpoint, source: Endpoint, delay_s: float) -> bool:
        """Have the endpoint serve in `delay_s` seconds what `source` was given last; False if it has that already.

        Raises:
            ModelUnavailableError: that model cannot be read back, or there is none.
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        with self._lock:
            with self._database.transaction():
                wanted, present = self._records.newest(source.id), self._records.newest(endpoint.id)
                if wanted is None:
                    raise _no_model(source)
                if present is not None and (present.file, present.location) == (wanted.file, wanted.location):
                    return False
                self._compare()
                scorer = self._read(source, wanted.file)
                loaded = self._record(endpoint, wanted.file, wanted.location, scorer, delay_s)
            self._remember(endpoint, loaded)
        self.remove_unused_files()
        return True

    def inherit(self, endpoint_id: str, source: Endpoint) -> None:
        """Have a new endpoint serve what `source` serves. To be called in the transaction that adds the endpoint."""
        deployment = self.serving(source)
        if deployment is not None:
            self._records.add(endpoint_id, deployment.file, deployment.location, self._now())

    def _record(
        self, endpoint: Endpoint, file: str, location: Location, scorer: Scorer, delay_s: float
    ) -> _LoadedModel:
        """Write a deployment's row, and drop those from before the one that serves."""
        now = self._now()
        number = self._records.add(endpoint.id, file, location, now + delay_s)
        self._records.drop_replaced(endpoint.id, now)
        self._database.bump_catalogue_version()
        return _LoadedModel(number, now + delay_s, scorer)

    def _remember(self, endpoint: Endpoint, loaded: _LoadedModel) -> None:
        present, now = self._loaded.get(endpoint.id, ()), self._now()
        first = max((index for index, model in enumerate(present) if model.activate_at <= now), default=0)
        if present:
            self._loaded[endpoint.id] = (*present[first:], loaded)

    def remove_unused_files(self) -> None:
        """Remove the files that no endpoint needs.

        Call it after the transaction that replaced them: if that were rolled back, an endpoint would lack its model. It
        runs in a transaction of its own, since another process writes a file and its row in one as well.
        """
        with self._database.transaction():
            used = self._records.files()
            for path in self._folder.iterdir():
                if path.name not in used:
                    path.unlink(missing_ok=True)


def _no_model(endpoint: Endpoint) -> ModelUnavailableError:
    text = f"Endpoint {endpoint.name!r} of {endpoint.service.title!r} has no model."
    return ModelUnavailableError(text)
