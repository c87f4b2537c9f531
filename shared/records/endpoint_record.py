"""What is known of one endpoint: what it serves, who may promote to it now, and what is being done to it (pure)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from shared.records.golden_answers import Answers
from shared.records.models import ChampionSummary, HoldoutMeasurement, Metrics

# How the fate of a PATCH is bounded. Whoever sends one was allowed to by a conditional write, and sends within
# SEND_WITHIN_S of it or not at all; the client gives up after PATCH_TIMEOUT_S. So a PATCH whose sender died, or whose
# answer was lost, has arrived by then or never does, and is served a propagation time later.
SEND_WITHIN_S = 20.0
PATCH_TIMEOUT_S = 40.0
MAX_BLOCKED_GENERATIONS = 50  # generations that an endpoint remembers as rolled back; the oldest are forgotten first


SWEEP = "the sweep"  # who freezes an endpoint that shows a model which no run explains


def settled_at(permitted_at: datetime, propagation_s: float) -> datetime:
    """Return when a PATCH that was permitted at `permitted_at`, whatever became of it, can change nothing any more."""
    return permitted_at + timedelta(seconds=SEND_WITHIN_S + PATCH_TIMEOUT_S + propagation_s)


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that an endpoint was verified to serve, and the run that it came from."""

    run_id: str
    generation: str
    model: str  # container/path of the kept copy
    metrics: Metrics
    promoted_at: datetime
    measured: HoldoutMeasurement | None = None  # as the challenger, on the holdout of then

    def summary(self) -> ChampionSummary:
        """Return what a decision record names: run, generation, kept model and metrics."""
        return ChampionSummary(self.run_id, self.generation, self.model, self.metrics)


@dataclass(frozen=True, kw_only=True)
class Served:
    """What an endpoint was last verified to answer, by a promotion or by a rollback: it must go on doing so."""

    model: str  # container/path of what it was given
    golden: str  # container/path of the pinned golden rows it was asked
    golden_etag: str  # the version of the route's golden file that they are
    answers: Answers  # the columns, then a row for each golden row
    verified_at: datetime
    # Where the endpoint said its model came from while it answered as verified, if that is another place: a service
    # that copies models names its own. As long as that stays, it proves nothing. None: not seen yet, or just that.
    listed: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right of one run to promote to an endpoint, until `expires_at`. A later lease has a larger token."""

    run_id: str
    token: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A promotion that was begun and must be finished: verified or put back."""

    run_id: str
    generation: str
    token: int  # of the lease that it was written under
    from_model: str  # container/path of what to put back
    to_model: str  # container/path of the kept challenger
    began_at: datetime
    back: bool = False  # whether the way back was taken: from then on it cannot be verified any more


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """An operator's word, or the sweep's, that no new model goes to an endpoint until it is taken back."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointRecord:
    """The row of one serving endpoint, and of the staging endpoint beside it. A new endpoint has nothing in it.

    Attributes:
        token: the largest that was given with a lease so far.
        barred: generations that were rolled back, oldest first; none of them is promoted again.
        barred_models: MD5 of the models that were, so that the same model under another generation is not tried again.
        in_flight_until: before it a PATCH whose fate is unknown may still reach the serving endpoint: no other model is
            sent earlier. None: nothing is on its way.
        staging_in_flight_until: the same for the staging endpoint.
        initial_again_at: when an operator went back to the model from before the first promotion. It is known what
            serves then, although there is no champion. None: they did not, or a model was promoted since.
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
        """Whether the sweep has frozen the endpoint, and nothing was verified since: what serves is not known."""
        if self.frozen is None or self.frozen.by != SWEEP:
            return False
        return self.served is None or self.served.verified_at <= self.frozen.at

    def unfrozen(self) -> Self:
        """Return the record with new models allowed; what serves without explanation is left there from then on.

        It was not verified, so it is not compared with anything before the next promotion.
        """
        return replace(self, frozen=None, served=None if self.unexplained else self.served)

    def leased(self, run_id: str, expires_at: datetime) -> Self:
        """Return the record with the lease given to a run, or renewed: a lease that is new to it gets a new token."""
        own = self.lease is not None and self.lease.run_id == run_id and self.lease.token == self.token
        token = self.token if own else self.token + 1
        return replace(self, token=token, lease=Lease(run_id=run_id, token=token, expires_at=expires_at))

    def blocking(self, generation: str, model_md5: str = "") -> Self:
        """Return the record with one more generation that was rolled back, and its model where that is known."""
        models = _with(self.blocked_models, model_md5) if model_md5 else self.blocked_models
        return replace(self, blocked_generations=_with(self.blocked_generations, generation), blocked_models=models)

    def unblocked(self, generation: str, model_md5: str = "") -> Self:
        """Return the record with a generation and its model allowed again: an operator goes back to it."""
        return replace(
            self,
            blocked_generations=tuple(blocked for blocked in self.blocked_generations if blocked != generation),
            blocked_models=tuple(blocked for blocked in self.blocked_models if blocked != model_md5),
        )


def _with(values: tuple[str, ...], added: str) -> tuple[str, ...]:
    return (*(value for value in values if value != added), added)[-MAX_BLOCKED_GENERATIONS:]
