"""Which model of an experiment is in service."""

from studio.training.previous_model import NO_PREVIOUS_MODEL, PreviousModel
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.errors import ModelUnavailableError
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind, Role

_ROLES = (Role.SERVE, Role.DEFAULT)  # in order of precedence


def model_in_service(registry: Registry, deployed: DeployedModels, experiment: str) -> PreviousModel:
    """Return what the model in service has of columns and classes; nothing, if there is no model or it is damaged.

    In service is the model of the oldest endpoint for serving, which is `production` of those that publishing creates.
    Without such an endpoint it is the model of `default`.
    """
    endpoints = [
        endpoint
        for endpoint in registry.all_endpoints()
        if endpoint.service.kind is Kind.PREDICTIVE
        and endpoint.service.experiment == experiment
        and endpoint.role in _ROLES
    ]
    if not endpoints:
        return NO_PREVIOUS_MODEL
    try:
        return PreviousModel.of(deployed.scorer(min(endpoints, key=_order)).model)
    except ModelUnavailableError:
        return NO_PREVIOUS_MODEL


def _order(endpoint: Endpoint) -> tuple[int, str, str]:
    return _ROLES.index(endpoint.role), endpoint.created_at, endpoint.name
