"""The desk of one invocation for one run: saves its steps, and keeps the serving endpoint's row at hand.

Everything here is fenced by ETags: what the desk remembers saves requests, it never decides. A write that loses raises
and the memory is dropped with the invocation.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from shared.champions import Champion, EndpointRecord, Intent, Lease
from shared.errors import LeaseHeldError
from shared.pipeline.services import Services
from shared.ports import StoredEndpoint, StoredRun
from shared.route import Endpoint, Route
from shared.runs import Json, Run, RunState, iso

log = logging.getLogger("landfall.run")

LEASE_MARGIN_S = 60  # a lease outlives the promoting deadline by this, so that the run's own rollback comes first


class RunDesk:
    """What a step works with: the services, the route, the run as stored, the endpoint's row."""

    def __init__(self, services: Services, route: Route, stored: StoredRun) -> None:
        self.services = services
        self.route = route
        self.stored = stored
        # True only from this invocation's own write of the step that sends, until it sends: the row alone cannot tell.
        self.nothing_sent = False
        self._endpoint: StoredEndpoint | None = None

    @property
    def run(self) -> Run:
        """The run as last read or written."""
        return self.stored.run

    def now(self) -> datetime:
        """Return the present."""
        return self.services.clock.now()

    def save(self, run: Run) -> None:
        """Write the run's next record.

        Raises:
            StaleWriteError: somebody else wrote the run; this invocation must stop.
        """
        before = self.run
        self.stored = self.services.runs.save(self.stored, run)
        if run.state != before.state or run.reason != before.reason:
            level = logging.WARNING if run.state in {RunState.FAILED, RunState.ROLLED_BACK} else logging.INFO
            log.log(
                level, "run %s of %s: %s%s", run.run_id[:8], run.blob, run.state, f": {run.reason}" * bool(run.reason)
            )

    def move(self, state: RunState, reason: str = "", **changes: object) -> None:
        """Write the run in another state."""
        self.save(self.run.moved(self.now(), state, reason, **changes))

    def note(self, endpoint: Endpoint, event: str) -> tuple[Json, ...]:
        """Return the run's list of what was done to endpoints, with one more entry."""
        entry = {"name": endpoint.name, "role": endpoint.role.value, "event": event, "at": iso(self.now())}
        return (*self.run.endpoints, entry)

    def end(self, state: RunState, reason: str, **changes: object) -> None:
        """Give up what the run holds of its endpoint, then write its outcome: the endpoint's row goes first."""
        if self.run.state not in {RunState.LANDED, RunState.SUBMITTED, RunState.STARTED}:
            self.release()
        self.move(state, reason, **changes)

    # -- the serving endpoint's row --------------------------------------------------------------------------------

    def endpoint(self) -> EndpointRecord:
        """Return the serving endpoint's record, read at most once in an invocation."""
        return self._stored_endpoint().record

    def other_holder(self) -> str | None:
        """Return the run that holds the endpoint, if that is another one.

        A lease that has expired holds nothing. An open intent holds until its run has ended: until then that run's own
        steps finish it, whatever became of its lease.
        """
        record = self.endpoint()
        lease, intent = record.lease, record.intent
        if lease is not None and lease.run_id != self.run.run_id and self.now() < lease.expires_at:
            return lease.run_id
        if intent is not None and intent.run_id != self.run.run_id:
            owner = self.services.runs.get(self.route.name, intent.run_id)
            if owner is not None and not owner.run.terminal:
                return intent.run_id
        return None

    def check_free(self) -> None:
        """Pass if no other run holds the endpoint.

        Raises:
            LeaseHeldError: another run does.
        """
        holder = self.other_holder()
        if holder is not None:
            raise LeaseHeldError(f"waits for run {holder} to leave endpoint {self.route.serving.name}")

    def take_lease(self) -> None:
        """Take or renew the endpoint's lease for this run.

        Raises:
            LeaseHeldError: another run holds the endpoint.
        """
        self.check_free()
        record = self.endpoint()
        intent = record.intent if record.intent and record.intent.run_id == self.run.run_id else None
        self._save_endpoint(replace(record, lease=self._new_lease(self.now()), intent=intent))

    def write_intent(self, from_model: str, to_model: str) -> None:
        """Write down what is about to be done to the endpoint, before it is done; renews the lease."""
        now = self.now()
        intent = Intent(
            run_id=self.run.run_id,
            generation=self.run.generation,
            from_model=from_model,
            to_model=to_model,
            began_at=now,
        )
        self._save_endpoint(replace(self.endpoint(), intent=intent, lease=self._new_lease(now)))

    def crown(self, champion: Champion) -> None:
        """Write the new champion, close the intent and give the lease back."""
        record = self.endpoint()
        if record.champion is not None and record.champion.run_id == champion.run_id and record.intent is None:
            return  # written before a crash
        self._save_endpoint(replace(record, champion=champion, intent=None, lease=None))

    def release(self) -> None:
        """Give back whatever lease and intent of the endpoint are this run's."""
        record = self.endpoint()
        lease = None if record.lease and record.lease.run_id == self.run.run_id else record.lease
        intent = None if record.intent and record.intent.run_id == self.run.run_id else record.intent
        if lease is not record.lease or intent is not record.intent:
            self._save_endpoint(replace(record, lease=lease, intent=intent))

    def _new_lease(self, now: datetime) -> Lease:
        valid_s = self.route.deadlines.promoting + LEASE_MARGIN_S
        return Lease(run_id=self.run.run_id, expires_at=now + timedelta(seconds=valid_s))

    def _stored_endpoint(self) -> StoredEndpoint:
        if self._endpoint is None:
            self._endpoint = self.services.endpoints.get(self.route.name, self.route.serving.name)
        return self._endpoint

    def _save_endpoint(self, record: EndpointRecord) -> None:
        self._endpoint = self.services.endpoints.save(self._stored_endpoint(), record)
