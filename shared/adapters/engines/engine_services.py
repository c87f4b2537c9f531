"""Each call to a training service or an endpoint goes to the engine that its settings are for."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

from shared.ports.blob_location import BlobLocation
from shared.ports.deployment_service import Deployment, DeploymentService
from shared.ports.scoring_service import Resource, Scored, ScoringService
from shared.ports.training_service import JobRequest, JobStatus, TrainingService
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.route import Endpoint, Training
from shared.routes.service_keys import AZUREML

if TYPE_CHECKING:
    from shared.adapters.azureml.engine import AzureMlEngine


def no_engine() -> "AzureMlEngine":
    """Refuse: no route of this app uses Azure Machine Learning."""
    raise TypeError("No route uses Azure Machine Learning, so its engine was not built.")


class EngineTraining:
    """`TrainingService` of all routes: each route's own engine trains its models."""

    def __init__(
        self, classic: TrainingService[ClassicTraining], azureml: "Callable[[], AzureMlEngine]" = no_engine
    ) -> None:
        self._classic = classic
        self._azureml = azureml

    def submit(self, training: Training, request: JobRequest) -> str:
        """Submit a job and return its id; it does not run yet. Sent once, never repeated."""
        return self._engine(training).submit(training, request)

    def start(self, training: Training, job_id: str, request: JobRequest) -> None:
        """Start a submitted job; idempotent. `request` is the one that it was submitted with."""
        self._engine(training).start(training, job_id, request)

    def status(self, training: Training, job_id: str) -> JobStatus:
        """Get a job's status.

        Raises:
            NotFoundError: the service does not know the job.
        """
        return self._engine(training).status(training, job_id)

    def cancel(self, training: Training, job_id: str) -> None:
        """Cancel a job; a job that the service no longer knows counts as cancelled."""
        self._engine(training).cancel(training, job_id)

    def read_output(self, location: BlobLocation, limit_bytes: int) -> str:
        """Read a small text output by its link."""
        return self._classic.read_output(location, limit_bytes)

    def _engine(self, training: Training) -> TrainingService:
        if isinstance(training, ClassicTraining):
            return cast("TrainingService", self._classic)
        if training.service == AZUREML:
            return cast("TrainingService", self._azureml().training)
        raise TypeError(f"There is no engine for {type(training).__name__}.")


class EngineScoring:
    """`ScoringService` of all routes: each endpoint is its own engine's."""

    def __init__(
        self, classic: ScoringService[ClassicEndpoint], azureml: "Callable[[], AzureMlEngine]" = no_engine
    ) -> None:
        self._classic = classic
        self._azureml = azureml

    def patch(self, endpoint: Endpoint, location: BlobLocation, replaces: str = "") -> None:
        """Give the endpoint's resource another model. The service accepts it now and serves it some time later."""
        self._engine(endpoint).patch(endpoint, location, replaces)

    def resources(self, endpoint: Endpoint) -> list[Resource]:
        """Read the endpoint's updatable resources."""
        return self._engine(endpoint).resources(endpoint)

    def score(self, endpoint: Endpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Score rows in one request and return the scored columns of each, in order."""
        return self._engine(endpoint).score(endpoint, columns, rows)

    def _engine(self, endpoint: Endpoint) -> ScoringService:
        if isinstance(endpoint, ClassicEndpoint):
            return cast("ScoringService", self._classic)
        if endpoint.named:
            return cast("ScoringService", self._azureml().scoring)
        raise TypeError(f"There is no engine for {type(endpoint).__name__}.")


class EngineDeployments:
    """`DeploymentService` of the endpoints that have deployments."""

    def __init__(self, azureml: "Callable[[], AzureMlEngine]") -> None:
        self._azureml = azureml

    def deployments(self, endpoint: Endpoint) -> list[Deployment]:
        """List the deployments of an endpoint."""
        return self._engine(endpoint).deployments(endpoint)

    def remove(self, endpoint: Endpoint, name: str) -> None:
        """Delete a deployment; one that is gone counts as deleted.

        Raises:
            RejectedError: it has traffic in a look made just before, or is not this app's; nothing was deleted.
        """
        self._engine(endpoint).remove(endpoint, name)

    def _engine(self, endpoint: Endpoint) -> DeploymentService:
        if not endpoint.named:
            raise TypeError(f"Endpoint {endpoint.name} has no deployments.")
        return cast("DeploymentService", self._azureml().scoring)
