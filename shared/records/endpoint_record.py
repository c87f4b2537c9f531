"""The record of one endpoint: its champion, its lease, its intent, its blocked models (pure)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from shared.records.golden_answers import Answers
from shared.records.models import ChampionSummary, HoldoutMeasurement, Metrics

# These bound the time in which an unconfirmed update may arrive. A conditional write permits each PATCH, and the worker
# sends it within SEND_WITHIN_S of that write or not at all. The client gives up after PATCH_TIMEOUT_S. A PATCH whose
# sender died, or whose answer was lost, has arrived by then or never arrives, and is served a propagation time later.
SEND_WITHIN_S = 20.0
PATCH_TIMEOUT_S = 40.0
MAX_BLOCKED_GENERATIONS = 50  # blocked generations in an endpoint's row; past it the oldest are dropped
SWEEP = "the sweep"  # the `by` of a freeze: the endpoint serves a model that no run explains


def settled_at(permitted_at: datetime, propagation_s: float) -> datetime:
    """Return the time from which an update that was permitted at `permitted_at` can no longer change the endpoint."""
    return permitted_at + timedelta(seconds=SEND_WITHIN_S + PATCH_TIMEOUT_S + propagation_s)


class Champion(NamedTuple):
    """The model that an endpoint was verified to serve, and its run."""

    run_id: str
    generation: str
    model: str  # container/path of the archived model
    metrics: Metrics
    promoted_at: datetime
    measured: HoldoutMeasurement | None = None  # on the holdout, when it was the challenger
    classes: tuple[str, ...] = ()  # `TrainingSetRef.classes` of its training set; empty if they are not known

    def summary(self) -> ChampionSummary:
        """Return the summary for a decision record: run, generation, archived model and metrics."""
        return ChampionSummary(self.run_id, self.generation, self.model, self.metrics)


class Served(NamedTuple):
    """The last verified answers of an endpoint, of a promotion or a rollback: it must keep giving them."""

    model: str  # container/path of the model that it was given
    golden: str  # container/path of the pinned golden rows that it answered
    golden_etag: str  # of the route's golden file, from which they were pinned
    answers: Answers  # the columns, then a row for each golden row
    verified_at: datetime
    # Location of the model that the endpoint listed while it answered as verified, if it is not `model`: a service that
    # copies models lists its own copy. An unchanged location proves nothing. None: not read yet, or equal to `model`.
    listed: str | None = None


class Lease(NamedTuple):
    """The right of one run to promote to an endpoint, until `expires_at`. A later lease has a larger token."""

    run_id: str
    token: int
    expires_at: datetime


class Intent(NamedTuple):
    """A promotion that was begun and must end verified or restored."""

    run_id: str
    generation: str
    token: int  # of the lease under which it was written
    from_model: str  # container/path of the model to restore
    to_model: str  # container/path of the archived challenger
    back: bool = False  # whether the restore began: from then on the promotion can no longer be verified


class Frozen(NamedTuple):
    """A freeze by an operator or the sweep: no new model goes to the endpoint until `unfreeze`."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointRecord:
    """The row of one serving endpoint and its staging endpoint. The row of a new endpoint is empty.

    Attributes:
        token: the largest lease token so far.
        blocked_generations: generations that were rolled back, oldest first; none of them is promoted again.
        blocked_models: MD5 of their models: an identical model of another generation is not promoted either.
        in_flight_until: until then an unconfirmed update may reach the serving endpoint, and no other model is sent.
            None: no update is on its way.
        staging_in_flight_until: the same for the staging endpoint.
        initial_again_at: when an operator restored the initial model, which serves although there is no champion. None:
            it was not restored, or a model was promoted since.
    """

    route: str
    name: str
    champion: Champion | None = None
    served: Served | None = None
    lease: Lease | None = None
    intent: Intent | None = None
    frozen: Frozen | None = None
    token: int = 0
    blocked_generations: tuple[str, ...] = ()
    blocked_models: tuple[str, ...] = ()
    in_flight_until: datetime | None = None
    staging_in_flight_until: datetime | None = None
    initial_again_at: datetime | None = None

    @property
    def unexplained(self) -> bool:
        """Whether the sweep froze the endpoint and nothing was verified since: the model in service is unknown."""
        if self.frozen is None or self.frozen.by != SWEEP:
            return False
        return self.served is None or self.served.verified_at <= self.frozen.at

    def unfrozen(self) -> Self:
        """Return the record with new models allowed; an unexplained model in service stays.

        That model was not verified, so `served` is empty until the next promotion.
        """
        return replace(self, frozen=None, served=None if self.unexplained else self.served)

    def leased(self, run_id: str, expires_at: datetime) -> Self:
        """Return the record with the run's lease, new or renewed; a new lease gets a new token."""
        own = self.lease is not None and self.lease.run_id == run_id and self.lease.token == self.token
        token = self.token if own else self.token + 1
        return replace(self, token=token, lease=Lease(run_id=run_id, token=token, expires_at=expires_at))

    def blocking(self, generation: str, model_md5: str = "") -> Self:
        """Return the record with one more blocked generation, and its model if the MD5 is known."""
        models = _with(self.blocked_models, model_md5) if model_md5 else self.blocked_models
        return replace(self, blocked_generations=_with(self.blocked_generations, generation), blocked_models=models)

    def unblocked(self, generation: str, model_md5: str = "") -> Self:
        """Return the record with a generation and its model unblocked: an operator rolls forward to it."""
        return replace(
            self,
            blocked_generations=tuple(blocked for blocked in self.blocked_generations if blocked != generation),
            blocked_models=tuple(blocked for blocked in self.blocked_models if blocked != model_md5),
        )


def _with(values: tuple[str, ...], added: str) -> tuple[str, ...]:
    return (*(value for value in values if value != added), added)[-MAX_BLOCKED_GENERATIONS:]
