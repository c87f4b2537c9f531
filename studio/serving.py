"""Which model each endpoint serves: kept as files of our own, swapped at once, after the activation delay.

A model given to an endpoint is copied here, since the token of its location dies within a day (protocol 3.3). It serves
from its activation time on; that is a comparison in each request, so nothing needs to wake up, and a restart in
between changes nothing. Of the models whose time has come, the one that was given last serves.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from studio.errors import ModelFileError, ServiceError
from studio.model_file import load_model
from studio.registry import Endpoint
from studio.scoring import Scorer
from studio.state import Database, private_folder, write_private


@dataclass(frozen=True)
class _Given:
    """A model that an endpoint was given."""

    activate_at: float  # seconds since 1970
    scorer: Scorer


@dataclass(frozen=True)
class Location:
    """Where a model was taken from; without its token."""

    base_location: str
    relative_location: str


class ModelShelf:
    """The models of all endpoints."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Keep models in the database's folder; `now` gives seconds since 1970."""
        self._database = database
        self._now = now
        self._folder = private_folder(database.folder / "models")
        self._lock = threading.Lock()
        # By endpoint, oldest first. The tuples are replaced, never changed: a request reads one of them, whole.
        self._given: dict[str, tuple[_Given, ...]] = {}

    def scorer(self, endpoint: Endpoint) -> Scorer:
        """Return what answers the endpoint's requests now.

        Raises:
            ServiceError: 500, if its model cannot be read back.
        """
        given = self._given.get(endpoint.id) or self._load(endpoint)
        if len(given) == 1:
            return given[0].scorer
        now = self._now()
        return next((one.scorer for one in reversed(given) if one.activate_at <= now), given[0].scorer)

    def _load(self, endpoint: Endpoint) -> tuple[_Given, ...]:
        """Read back the model that serves now, and those that wait for their time; older ones may be damaged."""
        with self._lock:
            query = "SELECT file, activate_at FROM endpoint_models WHERE endpoint_id = ? ORDER BY number DESC"
            newest_first: list[_Given] = []
            for row in self._database.rows(query, endpoint.id):
                newest_first.append(_Given(row["activate_at"], self._read(endpoint, row["file"])))
                if row["activate_at"] <= self._now():
                    break
            if not newest_first:
                text = f"Endpoint {endpoint.name!r} of {endpoint.service.title!r} has no model."
                raise ServiceError("InternalError", "ResourceLoadFailed", text)
            given = self._given[endpoint.id] = tuple(newest_first[::-1])
            return given

    def _read(self, endpoint: Endpoint, file: str) -> Scorer:
        try:
            return Scorer(load_model((self._folder / file).read_bytes()))
        except (OSError, ModelFileError) as error:
            text = f"The model of endpoint {endpoint.name!r} in the studio's folder is damaged: {error}"
            raise ServiceError("InternalError", "ResourceLoadFailed", text) from error

    def location(self, endpoint: Endpoint) -> Location | None:
        """Return where the endpoint's newest model came from, whether it serves already or waits for its time."""
        query = "SELECT base_location, relative_location FROM endpoint_models WHERE endpoint_id = ?"
        rows = self._database.rows(f"{query} ORDER BY number DESC LIMIT 1", endpoint.id)
        return Location(rows[0]["base_location"], rows[0]["relative_location"]) if rows else None

    def give(self, endpoint: Endpoint, data: bytes, location: Location, delay_s: float) -> None:
        """Copy a model here and have the endpoint serve it in `delay_s` seconds; `data` is that of a checked model.

        Raises:
            ModelFileError: it is not.
        """
        scorer = Scorer(load_model(data))
        name = f"{hashlib.sha256(data).hexdigest()}.ilearner"
        now = self._now()
        with self._lock:
            # The file is written within the transaction, so that no other process takes it for an unused one.
            with self._database.transaction():
                write_private(self._folder / name, data)
                self._database.execute(
                    "INSERT INTO endpoint_models (endpoint_id, file, base_location, relative_location, activate_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    *(endpoint.id, name, location.base_location, location.relative_location, now + delay_s),
                )
                self._forget_unused(endpoint, now)
            kept = self._given.get(endpoint.id, ())
            serving = max((at for at, one in enumerate(kept) if one.activate_at <= now), default=0)
            if kept:
                self._given[endpoint.id] = (*kept[serving:], _Given(now + delay_s, scorer))

    def _forget_unused(self, endpoint: Endpoint, now: float) -> None:
        """Drop the endpoint's models from before the one that serves, and the files that no endpoint needs."""
        self._database.execute(
            "DELETE FROM endpoint_models WHERE endpoint_id = ? AND number <"
            " (SELECT MAX(number) FROM endpoint_models WHERE endpoint_id = ? AND activate_at <= ?)",
            *(endpoint.id, endpoint.id, now),
        )
        used = {row["file"] for row in self._database.rows("SELECT DISTINCT file FROM endpoint_models")}
        for path in self._folder.iterdir():
            if path.name not in used:
                path.unlink(missing_ok=True)
