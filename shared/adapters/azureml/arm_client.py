"""The client of Azure Resource Manager: versioned URLs, the app's token, and what each refusal means."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from shared.adapters.azureml.tokens import TokenSource
from shared.adapters.http.http_client import HttpClient
from shared.adapters.http.service_call import Call, Key
from shared.errors import (
    KeyRefusedError,
    NotFoundError,
    RejectedError,
    ServiceFault,
    UnavailableError,
    UnusableAnswerError,
)
from shared.routes.host_allowlist import AllowedHosts, host_of, redacted

API_VERSION = "2025-12-01"
PUBLIC_ARM_URL = "https://management.azure.com"
TOKEN = "LANDFALL_AML_TOKEN"  # noqa: S105 - the name of a setting

# "Cannot create a deployment in endpoint X because it is in Updating provisioning state", whatever its status is.
_NOT_SETTLED = re.compile(r"\bin \w+ provisioning state", re.IGNORECASE)
_NOT_NOW = "another operation on the same resource is not over yet"
_ROLE = "the app's identity lacks a role on the workspace, such as AzureML Data Scientist"


class ArmClient:
    """Sends management calls."""

    def __init__(self, web: HttpClient, tokens: TokenSource, arm_url: str = PUBLIC_ARM_URL) -> None:
        """Create the client; nothing is sent yet. The token goes to the host of `arm_url` alone."""
        self._web = web
        self._tokens = tokens
        self._arm_url = arm_url.rstrip("/")
        self._hosts = AllowedHosts([host_of(arm_url)], "the host of LANDFALL_ARM_URL, which the token is for")

    def get(self, operation: str, path: str) -> dict[str, Any]:
        """Read a resource: `path` is its id, or an absolute URL that ARM has named.

        Raises:
            NotFoundError: there is none.
            KeyRefusedError: the token is refused, or the identity lacks a role.
            LandfallError: see `HttpClient.send`.
        """
        return self._object(operation, "GET", path)

    def put(self, operation: str, path: str, body: dict[str, Any], *, within_s: float | None = None) -> dict[str, Any]:
        """Create or replace a resource; sending it twice is the same as once.

        `within_s`: it is sent once only, and nobody waits longer for its answer.

        Raises:
            UnavailableError: the resource cannot be changed now; look again later.
            RejectedError: it cannot be changed so.
            LandfallError: see `get`.
        """
        return self._object(operation, "PUT", path, body, within_s)

    def post(self, operation: str, path: str) -> None:
        """Have a resource do something. Raises as `put`."""
        self._send(operation, "POST", path, None)

    def ask(self, operation: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Have a resource answer what no GET tells, such as its keys. Raises as `get`."""
        return self._object(operation, "POST", path, body)

    def delete(self, operation: str, path: str) -> None:
        """Delete a resource; one that is not there counts as deleted. Raises as `put`."""
        with suppress(NotFoundError):
            self._send(operation, "DELETE", path, None)

    def pages(self, operation: str, path: str) -> Iterator[dict[str, Any]]:
        """Yield the resources of a list, page by page. Raises as `get`."""
        following = path
        while following:
            page = self.get(operation, following)
            yield from page.get("value") or ()
            following = page.get("nextLink") or ""

    def _object(
        self,
        operation: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        within_s: float | None = None,
    ) -> dict[str, Any]:
        text = self._send(operation, method, path, body, within_s)
        fault = ServiceFault(operation, redacted(self._url(path)), 200)
        try:
            answer = json.loads(text)
        except ValueError:
            raise UnusableAnswerError(fault.because("the answer is no JSON")) from None
        if not isinstance(answer, dict):
            raise UnusableAnswerError(fault.because("the answer is no JSON object"))
        return answer

    def _url(self, path: str) -> str:
        url = path if path.startswith(("https://", "http://")) else self._arm_url + path
        return url if "api-version=" in url else f"{url}?api-version={API_VERSION}"

    def _send(
        self, operation: str, method: str, path: str, body: dict[str, Any] | None, within_s: float | None = None
    ) -> str:
        url = self._url(path)
        call = Call(operation, method, url, (), body, within_s is None, hosts=self._hosts, within_s=within_s)
        began_s = time.monotonic()
        try:
            return self._sent(call, renewed=False)
        except KeyRefusedError as error:
            if error.fault.status != 401:
                raise KeyRefusedError(error.fault.because(_ROLE)) from None
        if within_s is not None:
            call = replace(call, within_s=max(within_s - (time.monotonic() - began_s), 0))
        return self._sent(call, renewed=True)

    def _sent(self, call: Call, *, renewed: bool) -> str:
        key = Key(self._tokens.token(renewed=renewed), TOKEN)
        try:
            return self._web.send(replace(call, keys=(key,)))
        except RejectedError as error:
            if is_not_now(error.fault):
                raise UnavailableError(error.fault.because(_NOT_NOW)) from None
            raise


def is_not_now(fault: ServiceFault) -> bool:
    """Tell whether a refusal only says that an operation is going on: 409, or a 400 that speaks of it."""
    texts = (fault.message, *(message for _, message in fault.details))
    return fault.status == 409 or (fault.status == 400 and any(map(_NOT_SETTLED.search, texts)))
