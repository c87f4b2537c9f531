"""Builds the Azure Machine Learning engine from settings: on first use, and only for an app with such a route."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from shared.adapters.azureml.arm_client import PUBLIC_ARM_URL, TOKEN, ArmClient
from shared.adapters.azureml.deployment_scoring import TOKEN as SCORING_TOKEN
from shared.adapters.azureml.deployment_scoring import DeploymentScoring
from shared.adapters.azureml.endpoint_client import AzureMlScoringService
from shared.adapters.azureml.endpoint_keys import EndpointKeys
from shared.adapters.azureml.tokens import MANAGEMENT_SCOPE, FixedToken, IdentityToken, TokenSource
from shared.adapters.azureml.training_client import AzureMlTrainingService
from shared.adapters.http.http_client import HttpClient
from shared.errors import ConfigError
from shared.ports.clock import Clock
from shared.routes.host_allowlist import LOOPBACK, AllowedHosts, host_of

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

ARM_URL = "LANDFALL_ARM_URL"
SCORING_SCOPE = "https://ml.azure.com/.default"
# How the scoring hosts of a cloud end, by its ARM's host: no token goes to another cloud.
_CLOUDS = {"management.azure.com": "com", "management.usgovcloudapi.net": "us", "management.chinacloudapi.cn": "cn"}


class AzureMlEngine(NamedTuple):
    """Both services of the engine."""

    training: AzureMlTrainingService
    scoring: AzureMlScoringService


def build_engine(
    environ: Mapping[str, str], allow_hosts: Iterable[str], clock: Clock, ca_bundle: str | None
) -> AzureMlEngine:
    """Build the engine; nothing is sent and nobody signs in yet.

    `allow_hosts` of routes.toml counts only where ARM is a stand-in on this machine: Azure's hosts are known.

    Raises:
        ConfigError: a setting is wrong; every problem is listed.
    """
    arm_url = environ.get(ARM_URL, "").strip() or PUBLIC_ARM_URL
    local = is_local(arm_url)
    problems = _problems(environ, arm_url, local=local)
    if problems:
        raise ConfigError(problems)
    cloud = _CLOUDS.get((urlsplit(arm_url).hostname or "").casefold(), "com")
    hosts = [host_of(arm_url), *(allow_hosts if local else [f"*.inference.ml.azure.{cloud}"])]
    web = HttpClient(AllowedHosts(hosts, "the hosts of Azure Machine Learning"), ca_bundle=ca_bundle)
    management, scoring = _tokens(environ)
    arm = ArmClient(web, management, arm_url)
    keys = EndpointKeys(arm, scoring)
    deployments = DeploymentScoring(web, keys, cloud=cloud, local=local)
    return AzureMlEngine(AzureMlTrainingService(arm), AzureMlScoringService(arm, deployments, clock))


def is_local(arm_url: str) -> bool:
    """Tell whether ARM is a stand-in on this machine."""
    return (urlsplit(arm_url).hostname or "") in LOOPBACK


def _problems(environ: Mapping[str, str], arm_url: str, *, local: bool) -> list[str]:
    problems = []
    parts = urlsplit(arm_url)
    if not parts.hostname or parts.scheme != ("http" if local else "https"):
        problems.append(f"the setting {ARM_URL} is {arm_url!r}: write https://management.azure.com, or leave it out")
    if not local:
        problems += [
            f"the setting {name} holds a fixed token, which is for a stand-in on this machine: remove it"
            for name in (TOKEN, SCORING_TOKEN)
            if environ.get(name)
        ]
    elif not environ.get(TOKEN):
        problems.append(f"the setting {TOKEN} is missing: {ARM_URL} is on this machine, where nobody signs in")
    return problems


def _tokens(environ: Mapping[str, str]) -> tuple[TokenSource, TokenSource]:
    """Return the tokens of management and of scoring, which are of two audiences."""
    fixed = environ.get(TOKEN, "")
    if fixed:
        return FixedToken(fixed), FixedToken(environ.get(SCORING_TOKEN) or fixed)

    def credential() -> "TokenCredential":
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - signing in is slow to import

        return DefaultAzureCredential()

    return IdentityToken(credential, MANAGEMENT_SCOPE), IdentityToken(credential, SCORING_SCOPE)
