"""The deployments of a managed online endpoint: made at 0 %, scored by name, given the traffic, removed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared.adapters.azureml import endpoint_wire as wire
from shared.adapters.azureml.arm_client import ArmClient
from shared.adapters.azureml.deployment_failures import is_of_quota, no_room, why_failed
from shared.adapters.azureml.deployment_scoring import DeploymentScoring
from shared.adapters.http.http_client import SINGLE_SEND_TIMEOUT_S
from shared.errors import (
    DeploymentPendingError,
    KeyRefusedError,
    NotFoundError,
    NotSentError,
    RejectedError,
    ServiceFault,
)
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.blob_location import BlobLocation
from shared.ports.clock import Clock
from shared.ports.deployment_service import Deployment
from shared.ports.scoring_service import Resource, Scored
from shared.routes.azureml_services import INITIAL, AzureMlEndpoint, deployment_name
from shared.routes.route import EndpointRole

log = get_log("azureml")

SHOWS_WITHIN_S = 600  # a deployment may be unknown for so long after its request
MIN_SEND_S = 10.0  # a change of traffic is not sent with less time than this


class AzureMlScoringService:
    """`ScoringService` and `DeploymentService` of Azure Machine Learning."""

    def __init__(self, arm: ArmClient, scoring: DeploymentScoring, clock: Clock) -> None:
        self._arm = arm
        self._scoring = scoring
        self._clock = clock

    def patch(self, endpoint: AzureMlEndpoint, location: BlobLocation, replaces: str = "") -> None:
        """Have a kept model deployed at 0 % (staging), or give its deployment all traffic (serving).

        `replaces`: the model whose deployment must have all traffic, unless the new one has it already.

        Raises:
            DeploymentPendingError: the endpoint or the deployment is not settled: look again.
            RejectedError: somebody else changed the traffic, or the service refused the request.
        """
        if endpoint.role is EndpointRole.STAGING:
            self._deploy(endpoint, location.relative)
        else:
            self._give_traffic(endpoint, location.relative, replaces)

    def resources(self, endpoint: AzureMlEndpoint) -> list[Resource]:
        """Name the model of the deployment that has all traffic; none if the traffic is shared or missing."""
        traffic = wire.traffic_of(self._endpoint(endpoint))
        if len(traffic) != 1:
            return []
        (name,) = traffic
        deployment = self._arm.get("read deployment", wire.deployment_path(endpoint, name))
        return [Resource(endpoint.resource, wire.model_of(deployment, name))]

    def score(self, endpoint: AzureMlEndpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Score rows on the deployment that is meant.

        Raises:
            DeploymentPendingError: it is not ready yet.
            OtherModelError: another deployment has the traffic, or gave the answer.
            RejectedError: the deployment failed, or its model cannot answer.
        """
        answer = self._endpoint(endpoint)
        if endpoint.role is EndpointRole.STAGING:
            deployment = self._deployment(endpoint, endpoint.deployment)
            if deployment is None:
                self._missing(endpoint)
            else:
                self._check_ready(endpoint, deployment)
        elif endpoint.deployment:
            self._scoring.check_traffic(endpoint, answer)
        return self._scoring.score(endpoint, answer, columns, [tuple(row) for row in rows])

    def deployments(self, endpoint: AzureMlEndpoint) -> list[Deployment]:
        """List the deployments of an endpoint, with their shares of requests and of mirrored ones."""
        answer = self._endpoint(endpoint)
        shares = {**wire.mirrored_of(answer), **wire.traffic_of(answer)}
        listed = self._arm.pages("list deployments", f"{wire.endpoint_path(endpoint)}/deployments")
        return [wire.read_deployment(deployment, shares) for deployment in listed]

    def remove(self, endpoint: AzureMlEndpoint, name: str) -> None:
        """Delete a deployment; one that is gone counts as deleted.

        Raises:
            RejectedError: it has traffic in a look made just before, or is not this app's; nothing was deleted.
        """
        path = wire.deployment_path(endpoint, name)
        try:
            deployment = self._arm.get("read deployment", path)
        except NotFoundError:
            return
        answer = self._endpoint(endpoint)
        if name.casefold() in {**wire.traffic_of(answer), **wire.mirrored_of(answer)}:
            raise _refused("delete deployment", path, f"deployment {name} has traffic")
        if not (deployment.get("tags") or {}).get(wire.MODEL_TAG):
            raise _refused("delete deployment", path, f"deployment {name} was not made by this app")
        self._arm.delete("delete deployment", path)
        log.info("deleted deployment %s", name, extra=log_fields(LogAction.ENDPOINT_PATCHED))

    def _deploy(self, endpoint: AzureMlEndpoint, model: str) -> None:
        """Register the kept model and have its deployment made; both are named by it, so repeating is harmless."""
        name = deployment_name(model)
        existing = self._deployment(endpoint, name)
        if existing is not None and wire.state_of(existing) not in {"failed", "canceled"}:
            return
        if existing is not None:
            self._arm.delete("delete deployment", wire.deployment_path(endpoint, name))
            raise DeploymentPendingError(f"Deployment {name} had failed: it is deleted, and then made again.")
        answer = self._settled(endpoint)
        self._arm.put(
            "register model", wire.model_version_path(endpoint, model), wire.model_version_body(endpoint, model)
        )
        body = wire.deployment_body(endpoint, model, str(answer["location"]), self._clock.now())
        try:
            self._arm.put("create deployment", wire.deployment_path(endpoint, name), body)
        except (RejectedError, KeyRefusedError) as error:
            if not is_of_quota(error.fault):
                raise
            raise DeploymentPendingError(no_room(name, str(error.fault.because("")))) from None
        log.info("deployment %s of %s is being made", name, model, extra=log_fields(LogAction.ENDPOINT_PATCHED))

    def _give_traffic(self, endpoint: AzureMlEndpoint, model: str, replaces: str) -> None:
        began_s = self._clock.elapsed_s()
        name, path = deployment_name(model), wire.endpoint_path(endpoint)
        answer = self._settled(endpoint)
        traffic, mirrored = wire.traffic_of(answer), wire.mirrored_of(answer)
        if traffic == {name: 100} and not mirrored:
            return
        expected = {deployment_name(replaces): 100} if replaces else traffic
        if traffic != expected or mirrored:
            present = _words(traffic) + (f", mirrored: {_words(mirrored)}" if mirrored else "")
            raise _refused(
                "change traffic", path, f"somebody else changed the traffic: it is {present}, not {_words(expected)}"
            )
        deployment = self._deployment(endpoint, name)
        if deployment is None and model.startswith(f"{INITIAL}/"):
            raise _refused("change traffic", path, f"deployment {name} is gone, and its model is none that was kept")
        if deployment is None:
            self._deploy(endpoint, model)
            raise DeploymentPendingError(f"Deployment {name} was gone, and is made again before it gets the traffic.")
        self._check_ready(endpoint.of_model(model), deployment)
        # Whoever waits for this worker counts on the request to be over by then, however long looking took.
        left_s = SINGLE_SEND_TIMEOUT_S - (self._clock.elapsed_s() - began_s)
        if left_s < MIN_SEND_S:
            raise NotSentError("Looking at the endpoint took so long that its traffic was not changed.")
        body = wire.endpoint_with_traffic(answer, name, next(iter(traffic), ""))
        self._arm.put("change traffic", path, body, within_s=left_s)
        log.info("deployment %s is given the traffic", name, extra=log_fields(LogAction.ENDPOINT_PATCHED))

    def _endpoint(self, endpoint: AzureMlEndpoint) -> dict[str, Any]:
        return self._arm.get("read endpoint", wire.endpoint_path(endpoint))

    def _settled(self, endpoint: AzureMlEndpoint) -> dict[str, Any]:
        answer = self._endpoint(endpoint)
        if wire.is_moving(answer):
            state = wire.state_of(answer)
            raise DeploymentPendingError(f"Endpoint {endpoint.endpoint} is {state}: it is looked at again.")
        return answer

    def _deployment(self, endpoint: AzureMlEndpoint, name: str) -> dict[str, Any] | None:
        try:
            return self._arm.get("read deployment", wire.deployment_path(endpoint, name))
        except NotFoundError:
            return None

    def _missing(self, endpoint: AzureMlEndpoint) -> None:
        """Wait for a deployment that does not show; long after it was asked for, its request was lost: send it again.

        Raises:
            DeploymentPendingError: always, but for
            RejectedError: nothing can make it again.
        """
        name, model = endpoint.deployment, endpoint.model
        if not model or not endpoint.stores(model):
            path = wire.deployment_path(endpoint, name)
            raise _refused("read deployment", path, f"deployment {name} is gone, and its model is none that was kept")
        try:
            version = self._arm.get("read model version", wire.model_version_path(endpoint, model))
            sent_at = wire.sent_at(version)
        except NotFoundError:
            sent_at = None
        if sent_at is None or self._clock.now() >= sent_at + timedelta(seconds=SHOWS_WITHIN_S):
            self._deploy(endpoint, model)
        raise DeploymentPendingError(f"Deployment {name} does not show yet.")

    def _check_ready(self, endpoint: AzureMlEndpoint, deployment: Mapping[str, Any]) -> None:
        """Check that a deployment can answer.

        Raises:
            DeploymentPendingError: it is still being made, or is made again once there is room for it.
            RejectedError: it failed, or is not ready in time.
        """
        name, path = endpoint.deployment, wire.deployment_path(endpoint, endpoint.deployment)
        state = wire.state_of(deployment)
        overdue = wire.is_overdue(deployment, endpoint.deploying_s, self._clock.now())
        if state in {"failed", "canceled"}:
            why, for_room = why_failed(self._arm, path, deployment)
            if for_room and not overdue and (deployment.get("tags") or {}).get(wire.MODEL_TAG):
                self._arm.delete("delete deployment", path)  # what failed stands there, and may take quota itself
                raise DeploymentPendingError(no_room(name, why))
            raise _refused("create deployment", path, f"deployment {name} {state}: {why}")
        if wire.is_moving(deployment):
            if overdue:
                late = f"deployment {name} is still {state} after deploying_s = {endpoint.deploying_s} s"
                raise _refused("create deployment", path, late)
            raise DeploymentPendingError(f"Deployment {name} is {state}, which takes 10 to 20 minutes.")


def _words(traffic: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {share} %" for name, share in sorted(traffic.items())) or "none"


def _refused(operation: str, path: str, why: str) -> RejectedError:
    return RejectedError(ServiceFault(operation, path, 0, cause=why))
