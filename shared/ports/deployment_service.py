"""The port of the deployments of an endpoint whose models stand side by side."""

from datetime import datetime
from typing import NamedTuple, Protocol

from shared.routes.route import Endpoint


class Deployment(NamedTuple):
    """A deployment of an endpoint, as its service lists it.

    Attributes:
        model: the kept model that it serves (container/path), by its tag; "" if it has none.
        run_id, route: by its tags; "" if it has none.
        ours: whether this app made it, by its tags.
        state: the service's word.
        traffic: its share of the endpoint's requests and of those mirrored, in percent.
        created_at: None if the service does not say.
    """

    name: str
    model: str
    run_id: str
    route: str
    ours: bool
    state: str
    traffic: int
    created_at: datetime | None


class DeploymentService[Settings: Endpoint = Endpoint](Protocol):
    """The deployments of an endpoint. Every call raises the service errors of `shared.errors`."""

    def deployments(self, endpoint: Settings) -> list[Deployment]:
        """List the deployments of an endpoint."""

    def remove(self, endpoint: Settings, name: str) -> None:
        """Delete a deployment; one that is gone counts as deleted.

        Raises:
            RejectedError: it has traffic in a look made just before, or is not this app's; nothing was deleted.
        """
