"""The port of the scoring endpoints."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from shared.ports.blob_location import BlobLocation
from shared.records.golden_answers import Answers
from shared.routes.route import Endpoint


class Scored(NamedTuple):
    """An endpoint's answer: the names of the scored columns, and their cells row by row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def table(self) -> Answers:
        """Columns and rows in one table: two answers are equal only if both are."""
        return (self.columns, *self.rows)


class Resource(NamedTuple):
    """An updatable resource of an endpoint, and the location of its model (container/path, no SAS)."""

    name: str
    relative: str


class ScoringService[Settings: Endpoint = Endpoint](Protocol):
    """The scoring endpoints of a route. Every call raises the service errors of `shared.errors`."""

    def patch(self, endpoint: Settings, location: BlobLocation, replaces: str = "") -> None:
        """Give the endpoint's resource another model. The service accepts it now and serves it some time later.

        `replaces` is the model that must be in service (container/path), where the service can tell; "" if it may be
        any. Of an endpoint whose answers are named, `location.relative` is the kept model, and there is no link.

        Raises:
            DeploymentPendingError: the endpoint is not settled; nothing was sent that changes what is served.
            RejectedError: the service refused it, or another model than `replaces` is in service.
        """

    def resources(self, endpoint: Settings) -> list[Resource]:
        """Read the endpoint's updatable resources."""

    def score(self, endpoint: Settings, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Score rows in one request and return the scored columns of each, in order.

        Raises:
            DeploymentPendingError: the model's deployment is still being made.
            OtherModelError: the answer is of another model than the one that `Endpoint.of_model` named.
        """
