"""Which model each endpoint serves: kept as files of our own, swapped at once, after the activation delay.

A model given to an endpoint is copied here, since the token of its location dies within a day (protocol 3.3). It serves
from its activation time on; that is a comparison in each request, so nothing needs to wake up, and a restart in
between changes nothing. Of the models whose time has come, the one that was given last serves.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from studio.errors import ModelFileError
from studio.models.model import Model
from studio.models.model_file import load_model
from studio.scoring.scorer import Scorer
from studio.workspace.database import CATALOGUE_VERSION_QUERY, Database, private_folder, write_private
from studio.workspace.errors import ModelUnavailableError, ServiceNotFoundError
from studio.workspace.registry import Endpoint

_EXTENSION = ".ilearner"


@dataclass(frozen=True)
class _LoadedModel:
    """A model that an endpoint was given."""

    number: int  # of its row
    activate_at: float  # seconds since 1970
    scorer: Scorer


@dataclass(frozen=True)
class Location:
    """Where a model was taken from; without its token."""

    base_location: str
    relative_location: str


@dataclass(frozen=True)
class Deployment:
    """A model of an endpoint: where it was taken from, its checksum, and from when on it serves."""

    location: Location
    sha256: str
    since: datetime


class DeployedModels:
    """The models of all endpoints."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Keep models in the database's folder; `now` gives seconds since 1970."""
        self._database = database
        self._now = now
        self._folder = private_folder(database.folder / "models")
        self._lock = threading.Lock()
        # By endpoint, oldest first. The tuples are replaced, never changed: a request reads one of them, whole.
        self._loaded: dict[str, tuple[_LoadedModel, ...]] = {}
        self._catalogue_version = database.catalogue_version()  # of the database, that `_loaded` was compared with

    def scorer(self, endpoint: Endpoint) -> Scorer:
        """Return what answers the endpoint's requests now.

        Raises:
            ModelUnavailableError: its model cannot be read back, or it has none.
        """
        return self.ready(endpoint, self._database.catalogue_version()) or self._current(self._load(endpoint))

    def ready(self, endpoint: Endpoint, catalogue_version: str) -> Scorer | None:
        """Return what answers the endpoint's requests now, at once; None if its model must be read from the disk.

        `catalogue_version` is the database's current one: who looked the endpoint up has just asked for it.
        """
        self._drop_outdated(catalogue_version)
        loaded = self._loaded.get(endpoint.id)
        return self._current(loaded) if loaded else None

    def _current(self, loaded: tuple[_LoadedModel, ...]) -> Scorer:
        if len(loaded) == 1:
            return loaded[0].scorer
        now = self._now()
        return next((one.scorer for one in reversed(loaded) if one.activate_at <= now), loaded[0].scorer)

    def _drop_outdated(self, catalogue_version: str) -> None:
        """Drop what another process has replaced, unless a model is being given here: a request waits for nobody."""
        if catalogue_version != self._catalogue_version and self._lock.acquire(blocking=False):
            try:
                self._compare()
            finally:
                self._lock.release()

    def _compare(self) -> None:
        """Drop what is not the database's newest, and the models of endpoints that are gone; with the lock held."""
        newest = "SELECT endpoint_id, MAX(number) AS number FROM endpoint_models GROUP BY endpoint_id"
        version_rows, rows = self._database.snapshot(CATALOGUE_VERSION_QUERY, newest)
        numbers = {row["endpoint_id"]: row["number"] for row in rows}
        self._loaded = {at: loaded for at, loaded in self._loaded.items() if loaded[-1].number == numbers.get(at)}
        self._catalogue_version = version_rows[0]["value"]

    def _load(self, endpoint: Endpoint) -> tuple[_LoadedModel, ...]:
        """Read back the model that serves now, and those that wait for their time; older ones may be damaged."""
        with self._lock:
            if endpoint.id in self._loaded:
                return self._loaded[endpoint.id]  # another request has just read it
            newest_first: list[_LoadedModel] = []
            for row in self._newest_first(endpoint):
                newest_first.append(_LoadedModel(row["number"], row["activate_at"], self._read(endpoint, row["file"])))
                if row["activate_at"] <= self._now():
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

    def _newest_first(self, endpoint: Endpoint) -> list[sqlite3.Row]:
        query = "SELECT * FROM endpoint_models WHERE endpoint_id = ? ORDER BY number DESC"
        return self._database.rows(query, endpoint.id)

    def location(self, endpoint: Endpoint) -> Location | None:
        """Return where the endpoint's newest model came from, whether it serves already or waits for its time."""
        rows = self._newest_first(endpoint)
        return _location(rows[0]) if rows else None

    def serving(self, endpoint: Endpoint) -> Deployment | None:
        """Return the model that answers the endpoint's requests now; None if it has no model."""
        rows = self._newest_first(endpoint)
        now = self._now()
        if not rows:
            return None
        return _deployment(next((row for row in rows if row["activate_at"] <= now), rows[-1]))

    def waiting(self, endpoint: Endpoint) -> Deployment | None:
        """Return the model that was given last, if its time has not come."""
        rows = self._newest_first(endpoint)
        return _deployment(rows[0]) if rows and rows[0]["activate_at"] > self._now() else None

    def deploy(
        self, endpoint: Endpoint, data: bytes, location: Location, delay_s: float, model: Model | None = None
    ) -> None:
        """Copy a model here and have the endpoint serve it in `delay_s` seconds.

        `data` is that of a checked model; `model` is what it was read as, if it was: to read it twice would take the
        time of hundreds of requests.

        Raises:
            ModelFileError: it is not.
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        name = f"{hashlib.sha256(data).hexdigest()}{_EXTENSION}"
        scorer = Scorer(model or load_model(data), self._folder / name)
        with self._lock:
            # The file is written within the transaction, so that nobody takes it for an unused one.
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
        """
        with self._lock:
            with self._database.transaction():
                wanted, present = (next(iter(self._newest_first(one)), None) for one in (source, endpoint))
                if wanted is None:
                    raise _no_model(source)
                if present is not None and _origin(present) == _origin(wanted):
                    return False
                self._compare()
                scorer = self._read(source, wanted["file"])
                loaded = self._record(endpoint, wanted["file"], _location(wanted), scorer, delay_s)
            self._remember(endpoint, loaded)
        self.remove_unused_files()
        return True

    def inherit(self, endpoint_id: str, source: Endpoint) -> None:
        """Have a new endpoint serve the model that `source` serves; to be called in the transaction that adds it."""
        serving = self.serving(source)
        if serving is not None:
            self._insert(endpoint_id, f"{serving.sha256}{_EXTENSION}", serving.location, self._now())

    def _record(
        self, endpoint: Endpoint, file: str, location: Location, scorer: Scorer, delay_s: float
    ) -> _LoadedModel:
        """Write a model's row, and drop those from before the one that serves."""
        now = self._now()
        try:
            number = self._insert(endpoint.id, file, location, now + delay_s)
        except sqlite3.IntegrityError as error:
            raise ServiceNotFoundError from error  # it was deleted while the model was fetched
        self._database.execute(
            "DELETE FROM endpoint_models WHERE endpoint_id = ? AND number <"
            " (SELECT MAX(number) FROM endpoint_models WHERE endpoint_id = ? AND activate_at <= ?)",
            *(endpoint.id, endpoint.id, now),
        )
        self._database.bump_catalogue_version()
        return _LoadedModel(number, now + delay_s, scorer)

    def _insert(self, endpoint_id: str, file: str, location: Location, activate_at: float) -> int:
        self._database.execute(
            "INSERT INTO endpoint_models (endpoint_id, file, base_location, relative_location, activate_at)"
            " VALUES (?, ?, ?, ?, ?)",
            *(endpoint_id, file, location.base_location, location.relative_location, activate_at),
        )
        return int(self._database.rows("SELECT last_insert_rowid() AS number")[0]["number"])

    def _remember(self, endpoint: Endpoint, loaded: _LoadedModel) -> None:
        kept, now = self._loaded.get(endpoint.id, ()), self._now()
        serving = max((at for at, one in enumerate(kept) if one.activate_at <= now), default=0)
        if kept:
            self._loaded[endpoint.id] = (*kept[serving:], loaded)

    def remove_unused_files(self) -> None:
        """Remove the files that no endpoint needs.

        After the transaction that made them so: were it undone, an endpoint would lack its model. And within one of
        its own: another process writes a file and its row in one as well.
        """
        with self._database.transaction():
            used = {row["file"] for row in self._database.rows("SELECT DISTINCT file FROM endpoint_models")}
            for path in self._folder.iterdir():
                if path.name not in used:
                    path.unlink(missing_ok=True)


def _no_model(endpoint: Endpoint) -> ModelUnavailableError:
    text = f"Endpoint {endpoint.name!r} of {endpoint.service.title!r} has no model."
    return ModelUnavailableError(text)


def _location(row: sqlite3.Row) -> Location:
    return Location(row["base_location"], row["relative_location"])


def _origin(row: sqlite3.Row) -> tuple[str, Location]:
    return row["file"], _location(row)


def _deployment(row: sqlite3.Row) -> Deployment:
    since = datetime.fromtimestamp(row["activate_at"], UTC)
    return Deployment(_location(row), row["file"].removesuffix(_EXTENSION), since)
