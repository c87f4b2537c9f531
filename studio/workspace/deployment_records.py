"""The rows of the database that tell which models each endpoint was given, and when each begins to serve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import IntegrityError

from studio.workspace.database import Database
from studio.workspace.errors import ServiceNotFoundError

EXTENSION = ".ilearner"


@dataclass(frozen=True)
class Location:
    """Where a model was taken from; without its token."""

    base_location: str
    relative_location: str


@dataclass(frozen=True)
class Deployment:
    """A model that an endpoint was given."""

    number: int  # of its row: a later deployment has a larger one
    file: str  # in the folder of models: the checksum of its content, and an extension
    location: Location
    activate_at: float  # seconds since 1970

    @property
    def sha256(self) -> str:
        """The checksum of the model's file."""
        return self.file.removesuffix(EXTENSION)

    @property
    def since(self) -> datetime:
        """When the model begins to serve."""
        return datetime.fromtimestamp(self.activate_at, UTC)


class DeploymentRecords:
    """The deployments of all endpoints. Of those whose time has come, the newest serves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest_first(self, endpoint_id: str) -> list[Deployment]:
        """Return the deployments of an endpoint."""
        query = "SELECT * FROM endpoint_models WHERE endpoint_id = ? ORDER BY number DESC"
        return [
            Deployment(
                row["number"], row["file"], Location(row["base_location"], row["relative_location"]), row["activate_at"]
            )
            for row in self._database.rows(query, endpoint_id)
        ]

    def newest(self, endpoint_id: str) -> Deployment | None:
        """Return the last deployment of an endpoint, whether it serves already or waits for its time."""
        return next(iter(self.newest_first(endpoint_id)), None)

    def add(self, endpoint_id: str, file: str, location: Location, activate_at: float) -> int:
        """Record a deployment; returns its number.

        Raises:
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        try:
            self._database.execute(
                "INSERT INTO endpoint_models (endpoint_id, file, base_location, relative_location, activate_at)"
                " VALUES (?, ?, ?, ?, ?)",
                endpoint_id,
                file,
                location.base_location,
                location.relative_location,
                activate_at,
            )
        except IntegrityError as error:
            raise ServiceNotFoundError from error
        return int(self._database.rows("SELECT last_insert_rowid() AS number")[0]["number"])

    def drop_replaced(self, endpoint_id: str, now: float) -> None:
        """Forget the deployments from before the one that serves `now`, in seconds since 1970."""
        self._database.execute(
            "DELETE FROM endpoint_models WHERE endpoint_id = ? AND number <"
            " (SELECT MAX(number) FROM endpoint_models WHERE endpoint_id = ? AND activate_at <= ?)",
            endpoint_id,
            endpoint_id,
            now,
        )

    def files(self) -> set[str]:
        """Return the files of all deployments."""
        return {row["file"] for row in self._database.rows("SELECT DISTINCT file FROM endpoint_models")}


def serving(newest_first: Sequence[Deployment], now: float) -> Deployment | None:
    """Return the deployment that serves `now`, in seconds since 1970; None of none."""
    if not newest_first:
        return None
    return next((each for each in newest_first if each.activate_at <= now), newest_first[-1])
