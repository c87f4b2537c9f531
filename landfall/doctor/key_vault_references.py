"""Checks that the platform could read each secret of the Key Vault that an app setting refers to.

API: Microsoft.Web/sites/config/configreferences/appsettings (Get App Settings Key Vault References) and its `refresh`,
https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
"""

from collections.abc import Iterator, Mapping
from typing import Any

from landfall.doctor.azure_cli import az
from landfall.doctor.checks import Checks
from shared.redaction import redact

WHAT = "the Key Vault references"
API_VERSION = "2022-03-01"
RESOLVED = "Resolved"
MAX_PAGES = 20

_ROLE = "give the app's identity the role Key Vault Secrets User on the vault (`azd provision` does)"
# What to do about each status but `Resolved` (ResolveStatus of the API); {set} creates the secret.
_REMEDIES = {
    "Initialized": "the platform has not tried yet",
    "InvalidSyntax": "write @Microsoft.KeyVault(SecretUri=https://VAULT.vault.azure.net/secrets/NAME)",
    "MSINotEnabled": "give the app its identity again: `azd provision`",
    "VaultNotFound": "correct the vault's name in the setting, or create the vault: `azd provision`",
    "SecretNotFound": "create the secret: {set}",
    "SecretVersionNotFound": "leave the version out of the reference, or create the secret: {set}",
    "AccessToKeyVaultDenied": f"{_ROLE}, and let the vault's firewall admit the app",
    "UnauthorizedClient": _ROLE,
    "FetchTimedOut": "see that the app can reach the vault over the network",
}


def check_references(checks: Checks, app_id: str) -> None:
    """Check the status of each reference; `app_id`: the ARM id of the function app."""
    references = list(_references(app_id))
    wrong = [reference for reference in references if _members(reference).get("status") != RESOLVED]
    if not wrong:
        checks.add(WHAT, f"{len(references)} resolved")
    for reference in wrong:
        members = _members(reference)
        status = str(members.get("status"))
        details = redact(str(members.get("details") or "")).strip()
        result = f"{reference['name']} is {status}{f': {details}' if details else ''}"
        again = f"then have all of them read again: {refresh_command(app_id)}, and restart the app"
        checks.add(WHAT, result, f"{_remedy(status, members)}; {again}")


def refresh_command(app_id: str) -> str:
    """Return the command that makes the platform read all referenced secrets again; a restart does not promise it."""
    return f"`az rest --method post --url {_url(app_id)}/refresh?api-version={API_VERSION}`"


def _url(app_id: str) -> str:
    """Return the resource of the references; without a host, `az rest` puts the cloud's own before it."""
    return f"{app_id}/config/configreferences/appsettings"


def _references(app_id: str) -> Iterator[dict[str, Any]]:
    """Yield every reference, page by page."""
    url = f"{_url(app_id)}?api-version={API_VERSION}"
    for _ in range(MAX_PAGES):
        page = az("rest", "--method", "get", "--url", url)
        yield from page["value"]
        url = page.get("nextLink") or ""
        if not url:
            return


def _members(reference: Mapping[str, Any]) -> Mapping[str, Any]:
    members: Mapping[str, Any] = reference.get("properties") or {}
    return members


def _remedy(status: str, members: Mapping[str, Any]) -> str:
    vault, secret = members.get("vaultName") or "VAULT", members.get("secretName") or "NAME"
    command = f"`az keyvault secret set --vault-name {vault} --name {secret} --value …`"
    return _REMEDIES.get(status, "see the reference in the portal (Environment variables)").format(set=command)
