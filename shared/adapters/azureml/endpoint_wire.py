"""The bodies of endpoints, deployments and model versions, and the reading of their answers (pure)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.ports.deployment_service import Deployment
from shared.records.times import iso_time
from shared.routes.azureml_services import AzureMlEndpoint, ModelType, deployment_name

ROUTE_TAG, RUN_TAG, MODEL_TAG, MADE_TAG = "landfall-route", "landfall-run", "landfall-model", "landfall-made"
LIVE_TAG, PREVIOUS_TAG = "live", "previous"
_ENDED = frozenset({"succeeded", "failed", "canceled"})
# What the service writes itself; beside these, an endpoint is sent back as it was read.
_OWN_PROPERTIES = ("AzureAsyncOperationUri", "azureml.onlineendpointid")
_KEPT_PROPERTIES = ("authMode", "description", "publicNetworkAccess", "compute")


def endpoint_path(endpoint: AzureMlEndpoint) -> str:
    """Return the ARM id of an endpoint."""
    return f"{endpoint.workspace}/onlineEndpoints/{endpoint.endpoint}"


def deployment_path(endpoint: AzureMlEndpoint, name: str) -> str:
    """Return the ARM id of a deployment."""
    return f"{endpoint_path(endpoint)}/deployments/{name}"


def model_version_path(endpoint: AzureMlEndpoint, model: str) -> str:
    """Return the ARM id of a kept model's version: named by its route, and by a digest of its place."""
    route = model.split("/")[1]
    return f"{endpoint.workspace}/models/{route}/versions/{deployment_name(model).removeprefix('m-')}"


def state_of(resource: Mapping[str, Any]) -> str:
    """Return the word of a resource's provisioning state, in lower case."""
    return str((resource.get("properties") or {}).get("provisioningState") or "").casefold()


def is_moving(resource: Mapping[str, Any]) -> bool:
    """Tell whether an operation on the resource is not over yet; a word that no list knows says so too."""
    return state_of(resource) not in _ENDED


def traffic_of(endpoint: Mapping[str, Any]) -> dict[str, int]:
    """Return the deployments with live traffic, and their shares in percent."""
    traffic = (endpoint.get("properties") or {}).get("traffic") or {}
    return {name.casefold(): share for name, share in traffic.items() if share}


def mirrored_of(endpoint: Mapping[str, Any]) -> dict[str, int]:
    """Return the deployments that get copies of requests, and their shares in percent."""
    traffic = (endpoint.get("properties") or {}).get("mirrorTraffic") or {}
    return {name.casefold(): share for name, share in traffic.items() if share}


def model_version_body(endpoint: AzureMlEndpoint, model: str) -> dict[str, Any]:
    """Return the body that registers a kept model: its folder in the datastore of the container `models`."""
    return {
        "properties": {
            "modelType": endpoint.model_type.value,
            "modelUri": f"azureml://datastores/{endpoint.models_datastore}/paths/{model.partition('/')[2]}/",
            "tags": _tags(model),
        }
    }


def deployment_body(endpoint: AzureMlEndpoint, model: str, location: str, now: datetime) -> dict[str, Any]:
    """Return the body of the deployment that serves a kept model; it has no traffic until it is named there."""
    properties: dict[str, Any] = {
        "endpointComputeType": "Managed",
        "instanceType": endpoint.instance_type,
        "model": model_version_path(endpoint, model),
        "appInsightsEnabled": False,
        "scaleSettings": {"scaleType": "Default"},
    }
    if endpoint.model_type is ModelType.CUSTOM:
        properties["codeConfiguration"] = {
            "codeId": _asset(endpoint, "codes", endpoint.code),
            "scoringScript": endpoint.scoring_script,
        }
        properties["environmentId"] = _asset(endpoint, "environments", endpoint.environment)
    return {
        "location": location,
        "sku": {"name": "Default", "capacity": endpoint.instance_count},
        "tags": {**_tags(model), MADE_TAG: iso_time(now)},
        "properties": properties,
    }


def endpoint_with_traffic(endpoint: Mapping[str, Any], live: str, previous: str) -> dict[str, Any]:
    """Return the whole endpoint as it was read, with all traffic on `live`: what a PUT leaves out is lost."""
    properties = endpoint.get("properties") or {}
    kept = {name: properties[name] for name in _KEPT_PROPERTIES if properties.get(name) is not None}
    own = {name: value for name, value in (properties.get("properties") or {}).items() if name not in _OWN_PROPERTIES}
    body: dict[str, Any] = {
        "location": endpoint["location"],
        "tags": {**(endpoint.get("tags") or {}), LIVE_TAG: live, PREVIOUS_TAG: previous},
        "properties": {**kept, "properties": own, "traffic": {live: 100}, "mirrorTraffic": {}},
    }
    identity = endpoint.get("identity") or {}
    if identity.get("type"):
        body["identity"] = {"type": identity["type"]}
        assigned = identity.get("userAssignedIdentities") or {}
        if assigned:
            body["identity"]["userAssignedIdentities"] = {name: {} for name in assigned}
    if endpoint.get("kind"):
        body["kind"] = endpoint["kind"]
    return body


def model_of(deployment: Mapping[str, Any], name: str) -> str:
    """Return which model a deployment serves, container/path; of one that is not ours, its name as a model."""
    return str((deployment.get("tags") or {}).get(MODEL_TAG) or f"deployments/{name}")


def read_deployment(answer: Mapping[str, Any], traffic: Mapping[str, int]) -> Deployment:
    """Read a deployment of a list; `traffic` and what is mirrored together."""
    tags, name = answer.get("tags") or {}, str(answer.get("name") or "")
    return Deployment(
        name=name,
        model=str(tags.get(MODEL_TAG) or ""),
        run_id=str(tags.get(RUN_TAG) or ""),
        route=str(tags.get(ROUTE_TAG) or ""),
        ours=bool(tags.get(MODEL_TAG)),
        state=str((answer.get("properties") or {}).get("provisioningState") or ""),
        traffic=traffic.get(name.casefold(), 0),
        created_at=made_at(answer),
    )


def made_at(deployment: Mapping[str, Any]) -> datetime | None:
    """Return when a deployment was asked for, by our tag; else when the service made it. None if neither says so."""
    tags, system = deployment.get("tags") or {}, deployment.get("systemData") or {}
    for text in (tags.get(MADE_TAG), system.get("createdAt")):
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        if moment.tzinfo is not None:
            return moment
    return None


def sent_at(version: Mapping[str, Any]) -> datetime | None:
    """Return when a model version was sent last, by the service: an equal request changes nothing but this."""
    system = version.get("systemData") or {}
    try:
        moment = datetime.fromisoformat(str(system.get("lastModifiedAt") or system.get("createdAt")))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def is_overdue(deployment: Mapping[str, Any], deploying_s: int, now: datetime) -> bool:
    """Tell whether a deployment should have been ready by now."""
    moment = made_at(deployment)
    return moment is not None and now >= moment + timedelta(seconds=deploying_s)


def _tags(model: str) -> dict[str, str]:
    route, _, kept = model.partition("/")[2].partition("/")
    return {ROUTE_TAG: route, RUN_TAG: kept.partition("-")[0], MODEL_TAG: model}


def _asset(endpoint: AzureMlEndpoint, kind: str, asset: str) -> str:
    name, _, version = asset.partition(":")
    return f"{endpoint.workspace}/{kind}/{name}/versions/{version}"
