"""What opens a scoring endpoint: the app's token, a key, or a token of the endpoint; kept in memory only."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from shared.adapters.azureml.arm_client import ArmClient
from shared.adapters.azureml.endpoint_wire import endpoint_path
from shared.adapters.azureml.tokens import TokenSource
from shared.errors import ConfigError
from shared.routes.azureml_services import AzureMlEndpoint


class EndpointKeys:
    """The bearer of each endpoint, by the mode that its GET names."""

    def __init__(self, arm: ArmClient, tokens: TokenSource) -> None:
        """Ask nothing yet; `tokens` are of the audience of scoring."""
        self._arm = arm
        self._tokens = tokens
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, float]] = {}  # by address: the bearer, and when it is asked for anew

    def bearer(self, endpoint: AzureMlEndpoint, answer: Mapping[str, Any], *, renewed: bool = False) -> str:
        """Return what a request to the endpoint carries; `renewed` after it was refused.

        Raises:
            ConfigError: the endpoint has a mode that this release does not know.
        """
        mode = str((answer.get("properties") or {}).get("authMode") or "")
        match mode.casefold():
            case "aadtoken":
                return self._tokens.token(renewed=renewed)
            case "key" | "amltoken":
                return self._asked(endpoint, mode.casefold(), renewed=renewed)
        raise ConfigError([f"endpoint {endpoint.endpoint} has the authMode {mode!r}: use AADToken, Key or AMLToken"])

    def _asked(self, endpoint: AzureMlEndpoint, mode: str, *, renewed: bool) -> str:
        with self._lock:
            held, ends_at = self._held.get(endpoint.address, ("", 0.0))
            if held and not renewed and time.time() < ends_at:
                return held
            path = endpoint_path(endpoint)
            if mode == "key":
                bearer = str(self._arm.ask("list keys", f"{path}/listKeys")["primaryKey"])
                ends_at = float("inf")
            else:
                answer = self._arm.ask("endpoint token", f"{path}/token")
                bearer, ends_at = str(answer["accessToken"]), float(answer["refreshAfterTimeUtc"])
            self._held[endpoint.address] = (bearer, ends_at)
            return bearer
