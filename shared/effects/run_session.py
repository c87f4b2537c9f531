"""The session of one invocation with one run: saves its records, and keeps the serving endpoint's row at hand.

Every write is conditional on an ETag. The session caches rows to save requests. A cached row decides nothing: a write
that loses the compare-and-set raises, and the cache ends with the invocation.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from shared.effects.run_log import log_change
from shared.effects.send_permit import SendPermit
from shared.errors import StaleWriteError
from shared.lifecycle.intake_states import renewed
from shared.log_actions import get_log
from shared.ports.stored_run import StoredRun
from shared.records.endpoint_record import EndpointRecord
from shared.records.part import Part
from shared.records.run import Run
from shared.routes.route import Route
from shared.services import Services

if TYPE_CHECKING:
    from shared.ports.endpoint_store import StoredEndpoint

log = get_log("run")


class RunSession:
    """The working set of an effect: the services, the route, the run as stored, the endpoint's row."""

    def __init__(self, services: Services, route: Route, stored: StoredRun) -> None:
        self.services = services
        self.route = route
        self.stored = stored
        self._endpoint: StoredEndpoint | None = None
        self._permit: SendPermit | None = None

    @property
    def run(self) -> Run:
        """The run as last read or written."""
        return self.stored.run

    def now(self) -> datetime:
        """Return the present."""
        return self.services.clock.now()

    def save(self, run: Run, *, part: Part | None = None, drops_part: bool = False) -> None:
        """Write the run's next record, together with its part, or with the deletion of its part.

        Raises:
            StaleWriteError: another worker wrote the run; this invocation must stop.
        """
        before = self.run
        self._permit = SendPermit.begin(self.services.clock)
        if part is not None:
            self.stored = self.services.accept_part(self.stored, run, part)
        elif drops_part:
            self.stored = self.services.forget_part(self.stored, run)
        else:
            self.stored = self.services.save_run(self.stored, run)
        self.services.announce(run)
        if run.state != before.state or run.reason != before.reason:
            log_change(run)

    def renew_lease(self) -> None:
        """Renew the lease of a run that is being read or assembled, if a third of it has passed; cheap otherwise.

        Raises:
            StaleWriteError: another worker wrote the run; this invocation must stop.
        """
        run = renewed(self.run, self.now())
        if run is not None:
            self.save(run)

    # -- the serving endpoint's row --------------------------------------------------------------------------------

    def endpoint(self, *, fresh: bool = False) -> EndpointRecord:
        """Return the serving endpoint's record, read once in an invocation unless it must be fresh."""
        if self._endpoint is None or fresh:
            self._endpoint = self.services.endpoints.get(self.route.name, self.route.serving.name)
        return self._endpoint.record

    def save_endpoint(self, record: EndpointRecord) -> None:
        """Replace the row as last read.

        Raises:
            StaleWriteError: another worker wrote the row; this invocation must stop.
        """
        self.endpoint()
        before = self._endpoint
        if before is None:
            raise AssertionError("The row was just read.")
        self._permit = SendPermit.begin(self.services.clock)
        self._endpoint = self.services.endpoints.save(before, record)

    # -- the permit to send ------------------------------------------------------------------------------------------

    def check_permit(self) -> None:
        """Pass if an update that the last write permits may leave now.

        Raises:
            StaleWriteError: nothing was written, or this worker was paused since.
        """
        if self._permit is None:
            raise StaleWriteError("No write of this invocation permits an update.")
        self._permit.check(self.services.clock)
