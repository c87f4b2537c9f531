"""Which model of an experiment is in service, as far as the studio knows it."""

from studio.training.previous_model import PreviousModel
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.errors import ModelUnavailableError
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind, Role

_ROLES = (Role.SERVE, Role.DEFAULT)  # whose callers come first


def model_in_service(registry: Registry, deployed: DeployedModels, experiment: str) -> PreviousModel:
    """Return the model that the callers of an experiment are answered by; one of nothing, if there is none.

    That is what its oldest endpoint for serving has, `production` of those that publishing makes; without one, what
    `default` has. A model that is damaged answers nobody.
    """
    endpoints = [
        endpoint
        for service in registry.services()
        if service.kind is Kind.PREDICTIVE and service.experiment == experiment
        for endpoint in registry.endpoints(service)
        if endpoint.role in _ROLES
    ]
    if not endpoints:
        return PreviousModel()
    try:
        return PreviousModel.of(deployed.scorer(min(endpoints, key=_order)).model)
    except ModelUnavailableError:
        return PreviousModel()


def _order(endpoint: Endpoint) -> tuple[int, str, str]:
    return _ROLES.index(endpoint.role), endpoint.created_at, endpoint.name
