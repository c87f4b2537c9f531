"""The Azure Machine Learning services of a route: the training and the managed online endpoint (pure)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from shared.gates.number_columns import number_columns
from shared.routes.route import Endpoint, EndpointRole, Training

INITIAL = "deployments"  # the pretended container of what served before the first promotion: its model is no blob
SLACK_S = 1800  # of the default of `deadlines_s.promoting`, beside what it must hold
_DIGITS = 16  # of the digest in a deployment's name, which may have 32 characters


class ModelType(StrEnum):
    """What a job writes into its model folder."""

    CUSTOM = "custom_model"  # files that the scoring script loads
    MLFLOW = "mlflow_model"  # served without a script


class AnswerKeys(NamedTuple):
    """Which keys of an answer's items hold the class and the probabilities; "" for none.

    Attributes:
        probability: of a number for the positive class, or of an object by class.
    """

    label: str = ""
    probability: str = ""


NO_KEYS = AnswerKeys()  # an item is the prediction itself


@dataclass(frozen=True, kw_only=True)
class AzureMlTraining(Training):
    """The jobs of a route in a workspace: of a command, or of a component."""

    workspace: str  # ARM id, as it was written
    datastore: str  # the workspace's datastore of the container `training`
    compute: str = ""  # name of a cluster; "" is serverless
    instance_type: str = ""  # of serverless compute
    component: str = ""  # NAME:VERSION, or azureml://registries/R/components/N/versions/V
    command: str = ""
    code: str = ""  # NAME:VERSION
    environment: str = ""  # NAME:VERSION
    model_type: ModelType = ModelType.CUSTOM
    evaluation_file: str = "metrics.json"
    parameters: Mapping[str, str] = field(default_factory=dict)
    instance_count: int = 1
    distribution: str = ""  # "pytorch" or "mpi", of more than one instance
    processes_per_instance: int = 1
    timeout_s: int = 7200

    @property
    def service(self) -> str:
        """The word of routes.toml for its kind."""
        return "azureml"

    @property
    def model_name(self) -> str:
        """The name of a job's model in the folder of its attempt: a folder."""
        return "model"

    @property
    def evaluation_name(self) -> str:
        """The name of a job's evaluation in the folder of its attempt."""
        return f"evaluation/{self.evaluation_file}"

    @property
    def ended_after_s(self) -> int:
        """How long a job may run until the service itself ends it, in seconds."""
        return self.timeout_s

    @property
    def writes_folders(self) -> bool:
        """Whether a model is a folder, not a file."""
        return True

    @property
    def kept_suffix(self) -> str:
        """How the name of a kept model ends: a folder has no extension."""
        return ""


@dataclass(frozen=True, kw_only=True)
class AzureMlEndpoint(Endpoint):
    """A managed online endpoint, whose deployments share its traffic.

    On the role STAGING requests are sent to `deployment` by name, whatever the traffic says. On the role SERVE they
    follow the traffic, and an answer counts only if `deployment` gave it.
    """

    workspace: str
    endpoint: str  # its name in the workspace
    models_datastore: str  # the workspace's datastore of the container `models`
    instance_type: str
    initial_deployment: str  # what serves before the first promotion
    model_type: ModelType = ModelType.CUSTOM
    instance_count: int = 1
    code: str = ""  # NAME:VERSION, of a custom model
    environment: str = ""  # NAME:VERSION, of a custom model
    scoring_script: str = ""  # of a custom model
    keep_previous_s: int = 86400
    held_keep_s: int = 3600
    deploying_s: int = 3600  # until a new deployment must be ready
    traffic_s: int = 600  # until a change of traffic must show
    watch_s: int = 60  # for so long the golden rows must be answered by the new deployment
    answer: AnswerKeys = NO_KEYS
    deployment: str = ""  # the one that is meant; "" for whatever has the traffic
    model: str = ""  # the kept model (container/path) that it serves
    numbers: frozenset[str] | None = None  # the columns of numbers; None: each request's own rows tell

    @property
    def initial(self) -> str:
        """What serves before the first promotion: the initial deployment, as a model's container/path."""
        return f"{INITIAL}/{self.initial_deployment}"

    @property
    def promoting_s(self) -> tuple[int, int]:
        """The least value and the default of the deadline of a promotion, in seconds."""
        least_s = self.deploying_s + self.traffic_s + self.watch_s
        return least_s, least_s + SLACK_S

    @property
    def named(self) -> bool:
        """Whether an answer says which model gave it."""
        return True

    @property
    def address(self) -> str:
        """What tells it from all other endpoints. ARM ignores case (facts of the service, ids)."""
        return f"{self.workspace}/onlineEndpoints/{self.endpoint}".casefold() if self.endpoint else ""

    @property
    def watched_s(self) -> int:
        """How long a new model is watched at least before it counts as promoted, in seconds."""
        return self.watch_s

    def stores(self, model: str) -> bool:
        """Tell whether the model at `container/path` lies in storage; else the endpoint itself has it."""
        return not model.startswith(f"{INITIAL}/")

    @property
    def staging(self) -> "AzureMlEndpoint":
        """Where a challenger is scored before it serves: its deployment, as long as it has no traffic."""
        return replace(self, role=EndpointRole.STAGING, propagation_s=self.deploying_s)

    def of_model(self, model: str) -> "AzureMlEndpoint":
        """Return what answers with the model at `container/path` alone."""
        return replace(self, deployment=deployment_name(model), model=model)

    def of_table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> "AzureMlEndpoint":
        """Return the endpoint as it scores parts of a table: which columns hold numbers, all its rows tell."""
        return replace(self, numbers=number_columns(columns, rows))


def deployment_name(model: str) -> str:
    """Return the name of the deployment that serves a kept model, or of the initial one.

    It follows from the model (container/path), so a repeated request is about the same deployment. Names have 3 to 32
    characters and no underscore, and clients write them in lower case.
    """
    container, _, name = model.partition("/")
    if container == INITIAL:
        return name
    return f"m-{hashlib.sha256(model.encode()).hexdigest()[:_DIGITS]}"
