"""The world of the pipeline's tests with a route of Azure Machine Learning: jobs by PUT, deployments side by side."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.routes.azureml_services import AzureMlEndpoint, AzureMlTraining, deployment_name
from shared.routes.load import Routes
from shared.routes.route import Deadlines, Endpoint, EndpointRole, Route
from shared.services import Services
from tests.fakes.fake_azureml_scoring import FakeAzureMlScoring
from tests.fakes.fake_azureml_training import FakeAzureMlTraining
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_endpoints import MemoryEndpointStore
from tests.fakes.memory_runs import MemoryRunStore
from tests.pipeline.world import GOLDEN, World, example_routes

if TYPE_CHECKING:
    from shared.ports.deployment_service import DeploymentService
    from shared.ports.scoring_service import ScoringService
    from shared.ports.training_service import TrainingService

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
TRAINING = AzureMlTraining(
    input="training_data",
    model_output="model",
    evaluation_output="evaluation",
    workspace=WORKSPACE,
    datastore="landfall_training",
    component="train_churn:3",
)
ENDPOINT = AzureMlEndpoint(
    name="production",
    role=EndpointRole.SERVE,
    resource="churn-prod",
    propagation_s=600,
    workspace=WORKSPACE,
    endpoint="churn-prod",
    models_datastore="landfall_models",
    instance_type="Standard_DS3_v2",
    initial_deployment="blue",
)


def azureml_routes() -> Routes:
    """Return the example routes with their one route on Azure Machine Learning."""
    routes = example_routes()
    route = replace(
        routes.routes["census"],
        initial_model="deployments/blue",
        training=TRAINING,
        endpoints=(ENDPOINT,),
        deadlines=Deadlines(promoting=3600 + 600 + 60 + 1800),
    )
    return replace(routes, routes={"census": route})


@dataclass
class AzureMlWorld(World):
    """The ports with a workspace in memory; `blue` has the traffic at first, made by somebody's hand."""

    routes: Routes = field(default_factory=azureml_routes)

    def __post_init__(self) -> None:
        """Put the golden rows and the initial deployment in place."""
        self.clock = FakeClock()
        self.blobs = MemoryBlobs()
        self.runs = MemoryRunStore()
        self.endpoints = MemoryEndpointStore()
        self.jobs = FakeAzureMlTraining(self.blobs)
        self.online = FakeAzureMlScoring(self.blobs, self.clock)
        self.services = Services(
            self.routes,
            self.runs,
            self.endpoints,
            self.blobs,
            cast("TrainingService", self.jobs),
            cast("ScoringService", self.online),
            self.clock,
            deployments=cast("DeploymentService", self.online),
        )
        self.blobs.put("models", "golden/census.csv", GOLDEN)
        self.online.stand("blue", "seed")
        self.online.traffic = {"blue": 100}

    @property
    def route(self) -> Route:
        """The route."""
        return self.routes.routes["census"]

    @property
    def record(self) -> EndpointRecord:
        """The endpoint's row."""
        return self.endpoints.get("census", "production").record

    def served(self, endpoint: Endpoint | None = None) -> str:
        """Return the model that users are answered with now."""
        del endpoint
        return self.online.stands[self.online.serving()].model

    def finish(self, run: Run, model: str = "better", auc: float | str = 0.9) -> None:
        """Let the run's job end well."""
        self.jobs.finish(run.job_id, model, {"AUC": float(auc)})

    def settle(self, run: Run, seconds: float = 15, ticks: int = 600) -> Run:
        """Tick until the run has its outcome."""
        return super().settle(run, seconds, ticks)

    def promote(self, model: str, auc: float, name: str) -> Run:
        """Train a model and have it promoted."""
        return self.settle(self.train(model, auc, name))


def kept(run: Run) -> str:
    """Return where a run's model is kept: container/path."""
    assert run.challenger is not None
    assert run.challenger.archived_model is not None
    return run.challenger.archived_model


def deployment_of(run: Run) -> str:
    """Return the deployment that serves a run's model."""
    return deployment_name(kept(run))
