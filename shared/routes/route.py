"""The records of a route: its files, training service, gates and endpoints (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from shared.gates.holdout import Holdout
from shared.gates.policy import Policy
from shared.intake.settings import BatchSettings, DriftSettings, IntakeSettings, TrainingSetKind
from shared.routes.file_patterns import FilePattern

GROWING_SETTLE_S = 60  # the default of `settle_s` for files that grow: their writers add to them in pieces
JOB_GRACE_S = 3600  # a job past its deadline is cancelled by the next tick, which may be late


class EndpointRole(StrEnum):
    """The purpose of an endpoint."""

    SERVE = "serve"  # scores for the route's users
    STAGING = "staging"  # scores a challenger before it serves users


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training service of a route, as far as its runs depend on it; each engine has its own.

    Attributes:
        input, model_output, evaluation_output: the names that the job knows its input and its outputs by.
    """

    input: str
    model_output: str
    evaluation_output: str

    @property
    def service(self) -> str:
        """The word of routes.toml for its kind: "classic" or "azureml"."""
        return "classic"

    @property
    def model_name(self) -> str:
        """The name of a job's model in the folder of its attempt."""
        return "model.ilearner"

    @property
    def evaluation_name(self) -> str:
        """The name of a job's evaluation in the folder of its attempt."""
        return "evaluation.csv"

    @property
    def kept_suffix(self) -> str:
        """How the name of a kept model ends."""
        return ".ilearner"

    @property
    def ended_after_s(self) -> int:
        """How long a job may run until the service itself ends it, in seconds; 0 if the service does not."""
        return 0

    @property
    def urls(self) -> Mapping[str, str]:
        """The URLs that the settings name, by their keys."""
        return {}

    @property
    def writes_folders(self) -> bool:
        """Whether a model is a folder, not a file."""
        return False

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its keys; "" for one that is not set."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint of a route, as far as its runs depend on it; each engine has its own."""

    name: str
    role: EndpointRole
    resource: str  # the exact name by which the service lists the endpoint's model
    propagation_s: int = 30  # how long an accepted change of the model may take to be served

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its keys; "" for one that is not set."""
        return ()

    @property
    def address(self) -> str:
        """What tells it from all other endpoints: two routes never share one; "" if it is missing."""
        return ""

    @property
    def urls(self) -> Mapping[str, str]:
        """The URLs that the settings name, by their keys."""
        return {}

    @property
    def initial(self) -> str:
        """What serves before the first promotion, container/path, if the endpoint says it; "" if the route does."""
        return ""

    @property
    def promoting_s(self) -> tuple[int, int]:
        """The least value and the default of the deadline of a promotion, in seconds; 0 if they do not depend on it."""
        return (0, 0)

    @property
    def named(self) -> bool:
        """Whether an answer says which model gave it."""
        return False

    @property
    def watched_s(self) -> int:
        """How long a new model is watched at least before it counts as promoted, in seconds."""
        return 0

    def stores(self, model: str) -> bool:
        """Tell whether the model at `container/path` lies in storage; else the endpoint itself has it."""
        del model
        return True

    @property
    def staging(self) -> "Endpoint | None":
        """Where a challenger is scored before it serves, if the endpoint brings that with it."""
        return None

    def of_model(self, model: str) -> "Endpoint":
        """Return what answers with the model at `container/path` alone, where a service can tell models apart."""
        del model
        return self

    def of_table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> "Endpoint":
        """Return the endpoint as it scores parts of a table: a column's type must not depend on the part."""
        del columns, rows
        return self


class Deadlines(NamedTuple):
    """The time limits of a run's phases, in seconds."""

    not_started: int = 86400  # from landing until the job runs
    running: int = 86400  # while the job runs, and again until its outputs are evaluated
    held: int = 604800  # until somebody approves or rejects a run that needs it
    promoting: int = 900  # from the staging endpoint's PATCH until the serving endpoint is verified

    @property
    def job_access_s(self) -> int:
        """How long a job needs its input and outputs after the submit: its deadlines and a grace period, in seconds."""
        return self.not_started + self.running + JOB_GRACE_S


class PurposeHosts(NamedTuple):
    """The route's own allow-lists by purpose, which narrow `allow_hosts` of the file; an empty list narrows nothing."""

    training: tuple[str, ...] = ()  # for jobs_url
    endpoints: tuple[str, ...] = ()  # for patch_url and execute_url
    outputs: tuple[str, ...] = ()  # for the storage that a job's status names


_USUAL_DEADLINES = Deadlines()
_ANY_HOSTS = PurposeHosts()


@dataclass(frozen=True, kw_only=True)
class Route:
    """Everything that `routes.toml` says about one model."""

    name: str
    files: str
    policy: Policy
    initial_model: str  # container/path of the model that a rollback of the first promotion restores
    golden: str  # container/path of the rows that verify an endpoint
    golden_tolerance: float = 0.0  # absolute or relative difference up to which two answers are equal
    bake_s: int = 0  # how long the golden rows watch a new model before it counts as promoted
    training: Training
    endpoints: tuple[Endpoint, ...]
    holdout: Holdout | None = None  # the rows on which both models are measured
    classes_may_change: bool = False  # whether a new model may change the answers' columns or classes
    needs_approval: bool = False  # whether a person must approve every decision to promote
    deadlines: Deadlines = _USUAL_DEADLINES
    hosts: PurposeHosts = _ANY_HOSTS
    attempts: int = 2  # trainings of one version before the run fails
    intake: IntakeSettings | None = None  # how files are read and checked; None: they are trained on unread
    batch: BatchSettings | None = None  # which files make a training set; None: each file by itself, in its turn
    drift: DriftSettings | None = None  # None: it is not measured
    archives: bool = False  # whether settled originals move to the container `archive`

    @cached_property
    def pattern(self) -> FilePattern:
        """The compiled `files`."""
        return FilePattern(self.files)

    @cached_property
    def reading(self) -> IntakeSettings | None:
        """How the route's files are read and checked; None: they are trained on unread. What is joined is read."""
        if self.intake is None and self.batch is not None and self.batch.training_set is not TrainingSetKind.FILE:
            return IntakeSettings()
        return self.intake

    @property
    def normalises(self) -> bool:
        """Whether jobs read clean UTF-8 CSV in place of the files' own bytes."""
        return self.reading is not None and self.reading.normalise

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every key of the route; "" for one that is not set."""
        services: tuple[Training | Endpoint, ...] = (self.training, *self.endpoints)
        return tuple(key for service in services for key in service.secrets)

    @property
    def watch_s(self) -> int:
        """How long the golden rows watch a new model before it counts as promoted, in seconds."""
        return max(self.bake_s, self.serving.watched_s)

    @property
    def serving(self) -> Endpoint:
        """The endpoint that scores for the route's users."""
        return next(endpoint for endpoint in self.endpoints if endpoint.role is EndpointRole.SERVE)

    @property
    def staging(self) -> Endpoint | None:
        """The endpoint that scores challengers first, if the route has one."""
        own = next((endpoint for endpoint in self.endpoints if endpoint.role is EndpointRole.STAGING), None)
        return own if own is not None else self.serving.staging
