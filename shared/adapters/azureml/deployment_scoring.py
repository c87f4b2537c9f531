"""Scores rows on a managed online endpoint, and takes no answer of another deployment than the one that is meant."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from shared.adapters.azureml import endpoint_wire as wire
from shared.adapters.azureml.endpoint_keys import EndpointKeys
from shared.adapters.azureml.score_wire import NoAnswersError, read_answers, score_body
from shared.adapters.http.http_client import HttpClient
from shared.adapters.http.service_call import Answer, Call, Key
from shared.errors import (
    BadAnswerError,
    DeploymentPendingError,
    HostNotAllowedError,
    KeyRefusedError,
    NotFoundError,
    OtherModelError,
    RejectedError,
    RetryableError,
    ServiceFault,
    UnavailableError,
)
from shared.ports.scoring_service import Scored
from shared.routes.azureml_services import AzureMlEndpoint
from shared.routes.host_allowlist import AllowedHosts, host_of, redacted
from shared.routes.route import EndpointRole

DEPLOYMENT = "azureml-model-deployment"  # the header that names a deployment, in requests and in answers
TOKEN = "LANDFALL_AML_SCORING_TOKEN"  # noqa: S105 - the name of a setting
_SCORING_HOST = re.compile(r"[a-z0-9.-]+\.inference\.ml\.azure\.([a-z]+)")
_VERDICT_TRIES = 3  # of a model that does not answer: as many in a row are its verdict
_CANNOT_ANSWER = (408, 424)  # slower than its own limit, or its container answered otherwise than 200


class DeploymentScoring:
    """Sends rows to endpoints."""

    def __init__(self, web: HttpClient, keys: EndpointKeys, *, cloud: str = "com", local: bool = False) -> None:
        """Create the client.

        Args:
            web: sends the requests.
            keys: what opens the endpoints.
            cloud: how the scoring hosts of ARM's own cloud end: "com", "us" or "cn".
            local: ARM is a stand-in on this machine, which names endpoints beside itself.
        """
        self._web = web
        self._cloud = cloud
        self._keys = keys
        self._local = local

    def check_traffic(self, endpoint: AzureMlEndpoint, answer: Mapping[str, Any]) -> None:
        """Check that the deployment that is meant has all traffic, and that no change is going on.

        Raises:
            DeploymentPendingError: a change is going on, so the traffic that the service names is not yet the new one.
            OtherModelError: another deployment has traffic.
        """
        traffic = wire.traffic_of(answer)
        if wire.is_moving(answer):
            raise DeploymentPendingError(f"Endpoint {endpoint.endpoint} is {wire.state_of(answer)}.")
        if traffic != {endpoint.deployment: 100}:
            raise OtherModelError(
                f"Endpoint {endpoint.endpoint} is {wire.state_of(answer)} and its traffic is on"
                f" {', '.join(sorted(traffic)) or 'no deployment'}, not on {endpoint.deployment} alone."
            )

    def score(
        self,
        endpoint: AzureMlEndpoint,
        answer: Mapping[str, Any],
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
    ) -> Scored:
        """Score rows; `answer` is the endpoint's, which says where and with what it is asked.

        Raises:
            OtherModelError: another deployment answered a request that followed the traffic.
            UnavailableError: another deployment answered a request that named one, or the weather is bad.
            RejectedError: the model cannot answer these rows.
        """
        url = str((answer.get("properties") or {}).get("scoringUri") or "")
        self._check_host(url)
        named = {DEPLOYMENT: endpoint.deployment} if endpoint.role is EndpointRole.STAGING else {}
        body = score_body(columns, rows, endpoint.numbers)
        reply = self._answer(endpoint, answer, url, body, named)
        self._check_who(endpoint, reply, url)
        try:
            return read_answers(reply.text, len(rows), endpoint.answer)
        except NoAnswersError as error:
            raise RejectedError(ServiceFault("score rows", redacted(url), 200, cause=f"{error}")) from None

    def _answer(
        self, endpoint: AzureMlEndpoint, answer: Mapping[str, Any], url: str, body: object, named: Mapping[str, str]
    ) -> Answer:
        renewed = False
        for number in range(1, _VERDICT_TRIES + 1):
            key = Key(self._keys.bearer(endpoint, answer, renewed=renewed), TOKEN)
            call = Call("score rows", "POST", url, (key,), body, headers=named, hosts=AllowedHosts([host_of(url)]))
            try:
                return self._web.exchange(call)
            except KeyRefusedError as error:
                if renewed or error.fault.status != 401:
                    raise
                renewed = True
            except NotFoundError as error:
                raise UnavailableError(error.fault.because("no deployment has traffic")) from None
            except (BadAnswerError, UnavailableError) as error:
                if error.fault.status not in _CANNOT_ANSWER:
                    raise
                if number == _VERDICT_TRIES:
                    why = f"the model did not answer, {_VERDICT_TRIES} times in a row"
                    raise RejectedError(error.fault.because(why)) from None
        raise RetryableError(f"Endpoint {endpoint.endpoint} did not accept a renewed token at once.")

    def _check_who(self, endpoint: AzureMlEndpoint, reply: Answer, url: str) -> None:
        """Check who answered, if the answer says it: the header was recorded of requests that named none."""
        who = reply.headers.get(DEPLOYMENT, endpoint.deployment)
        if not endpoint.deployment or who.casefold() == endpoint.deployment:
            return
        if endpoint.role is EndpointRole.STAGING:
            fault = ServiceFault("score rows", redacted(url), 200)
            raise UnavailableError(fault.because(f"{who} answered a request that named {endpoint.deployment}"))
        raise OtherModelError(f"Endpoint {endpoint.endpoint} was answered by {who}, not by {endpoint.deployment}.")

    def _check_host(self, url: str) -> None:
        """Check the host that ARM names before a token goes there.

        Raises:
            HostNotAllowedError: it is none of Azure's scoring hosts, nor of this machine where ARM is.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").casefold()
        azure = _SCORING_HOST.fullmatch(host)
        if parts.scheme == "https" and azure and azure[1] == self._cloud:
            return
        if self._local and host == "127.0.0.1":
            return
        raise HostNotAllowedError([f"the scoring URL {redacted(url)!r} of the workspace is no host of Azure ML"])
