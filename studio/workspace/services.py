"""The records of what is published: a service, its endpoints, and who may use them."""

import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from studio.training.training_plan import TrainingPlan
from studio.workspace.endpoint_settings import EndpointSettings, ThrottleLevel
from studio.workspace.keys import bearer_key, same_key

DEFAULT_ENDPOINT = "default"


class Kind(StrEnum):
    """The two web services of an experiment."""

    TRAINING = "training"
    PREDICTIVE = "predictive"


class Role(StrEnum):
    """What an endpoint is for."""

    DEFAULT = "default"  # stays in sync with the experiment; cannot be updated
    SERVE = "serve"
    STAGING = "staging"


@dataclass(frozen=True)
class Service:
    """A published web service."""

    id: str
    experiment: str
    kind: Kind
    plan: TrainingPlan
    created_at: str

    @classmethod
    def of_row(cls, row: sqlite3.Row) -> Self:
        """Return the service of a row.

        Raises:
            ValueError: its plan was written by another version of the studio.
        """
        plan = TrainingPlan.of_json(row["plan"])
        return cls(row["id"], row["experiment"], Kind(row["kind"]), plan, row["created_at"])

    @property
    def title(self) -> str:
        """Its name in the management API."""
        return self.experiment if self.kind is Kind.TRAINING else f"{self.experiment} [predictive exp.]"

    @property
    def resource(self) -> str | None:
        """The name of the trained model that endpoints of it can be given; none for a training service."""
        return f"{self.experiment} [trained model]" if self.kind is Kind.PREDICTIVE else None


@dataclass(frozen=True)
class Endpoint:
    """A way to call a service, with keys and settings of its own."""

    id: str
    service: Service
    name: str
    role: Role
    primary_key: str
    secondary_key: str
    created_at: str
    settings: EndpointSettings = field(default_factory=EndpointSettings)

    @classmethod
    def of_row(cls, row: sqlite3.Row, service: Service) -> Self:
        """Return the endpoint of a row."""
        keys = (row["primary_key"], row["secondary_key"])
        calls, prevent = row["max_concurrent_calls"], bool(row["prevent_update"])
        settings = EndpointSettings(row["description"], ThrottleLevel(row["throttle_level"]), calls, prevent)
        return cls(row["id"], service, row["name"], Role(row["role"]), *keys, row["created_at"], settings)

    @property
    def prevents_update(self) -> bool:
        """Whether the endpoint keeps its model: by its settings, or because it stays in sync with the experiment."""
        return self.role is Role.DEFAULT or self.settings.prevent_update

    def accepts(self, authorization: str | None) -> bool:
        """Tell whether the header carries one of the endpoint's keys."""
        key = bearer_key(authorization)
        # Both are always compared, so that the time tells nothing about which of them matches.
        primary, secondary = same_key(key, self.primary_key), same_key(key, self.secondary_key)
        return primary or secondary
