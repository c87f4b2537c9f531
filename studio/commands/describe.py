"""Describes what a studio has published: the URLs and keys that callers configure."""

from studio.jobs.contract import INPUTS, OUTPUTS
from studio.json_values import Json
from studio.workspace.database import Database
from studio.workspace.publishing import seed_model_path
from studio.workspace.registry import Registry
from studio.workspace.services import DEFAULT_ENDPOINT, Endpoint, Kind, Service
from studio.workspace.urls import Urls


def describe(database: Database, base_url: str) -> Json:
    """Return the management URL and all experiments, with keys, and with URLs that begin with `base_url`.

    An experiment is left out if one of its services was deleted, until it is published again.
    """
    urls = Urls(base_url.rstrip("/"), database.workspace_id)
    registry = Registry(database)
    services = {(service.experiment, service.kind): service for service in registry.services()}
    return {
        "management": {"url": urls.management, "token": registry.workspace_token},
        "services": [
            _experiment(database, registry, urls, service, services[service.experiment, Kind.PREDICTIVE])
            for service in services.values()
            if service.kind is Kind.TRAINING and (service.experiment, Kind.PREDICTIVE) in services
        ],
    }


def _experiment(database: Database, registry: Registry, urls: Urls, training: Service, predictive: Service) -> Json:
    """Describe an experiment by its two services."""
    trains = registry.named_endpoint(training, DEFAULT_ENDPOINT)
    default = registry.named_endpoint(predictive, DEFAULT_ENDPOINT)
    return {
        "name": training.experiment,
        "experiment": training.experiment,
        "task": training.plan.task,
        "label": training.plan.label,
        "seed_model": str(seed_model_path(database, predictive)),
        "training": {
            "jobs_url": f"{urls.api(trains)}/jobs",
            "api_key": trains.primary_key,
            "inputs": list(INPUTS),
            "outputs": list(OUTPUTS),
        },
        "predictive": {
            "default": _execute(urls, default),
            "endpoints": [
                _added(urls, endpoint) for endpoint in registry.endpoints(predictive) if endpoint.id != default.id
            ],
        },
    }


def _added(urls: Urls, endpoint: Endpoint) -> Json:
    return {
        "name": endpoint.name,
        "role": endpoint.role,
        **_execute(urls, endpoint),
        "patch_url": urls.patch(endpoint),
        "resource": endpoint.service.resource,
    }


def _execute(urls: Urls, endpoint: Endpoint) -> Json:
    url = f"{urls.api(endpoint)}/execute?api-version=2.0&details=true"
    return {"execute_url": url, "api_key": endpoint.primary_key}
