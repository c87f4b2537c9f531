"""Checks the Azure CLI, and tells the deployment whether to recover a deleted Key Vault. Idempotent.

The hooks after the provision need `az`, so without it this one fails, before anything is created.

The vault's name is always the same for an environment, and Azure keeps a deleted vault under its name. After
`azd down`, a deployment must recover the vault; otherwise it must not. This script asks Azure and stores the answer in
the azd environment. Without an answer it goes on: the deployment itself reports a deleted vault.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from azure_cli import CliError, az_json, run

SETTING = "LANDFALL_RECOVER_VAULT"  # the parameter recoverVault in main.parameters.json
NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION")
PARAMETERS = Path(__file__).resolve().parents[1] / "main.parameters.json"
DERIVED = "kv-[a-z0-9]{13}"  # vaultName in main.bicep, without names.vault: uniqueString has 13 characters
VARIABLE = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")  # as azd replaces them in PARAMETERS


def name_pattern(parameters: str, environ: dict[str, str]) -> str:
    """Return the regular expression that the name of the deployment's vault matches, and no earlier name of it."""
    try:
        chosen = str(json.loads(parameters)["parameters"]["names"]["value"]["vault"])
    except (ValueError, LookupError, TypeError):
        return DERIVED
    name = VARIABLE.sub(lambda variable: environ.get(variable[1]) or variable[2] or "", chosen)
    return re.escape(name) if name else DERIVED


def is_of(vault: dict[str, Any], environment: str, location: str) -> bool:
    """Return whether a deleted vault was one of this environment, in this region."""
    properties = vault.get("properties") or {}
    tags = properties.get("tags") or {}
    region = str(properties.get("location", "")).replace(" ", "").casefold()
    return tags.get("azd-env-name") == environment and region == location.replace(" ", "").casefold()


def deleted_vaults(subscription: str, environment: str, location: str) -> list[str]:
    """Return the names of the deleted vaults of this environment, in this region.

    Raises:
        CliError: `az` fails.
    """
    vaults = az_json("keyvault", "list-deleted", "--resource-type", "vault", "--subscription", subscription)
    return [str(vault.get("name")) for vault in vaults if is_of(vault, environment, location)]


def tell(text: str) -> None:
    """Write to stderr at once: azd shows a hook's output while it runs."""
    print(f"preprovision: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Check the CLI and store the answer; returns the exit status."""
    subscription, environment, location = (os.environ.get(name) for name in NEEDED)
    try:
        az_json("account", "show", *(("--subscription", subscription) if subscription else ()))
    except CliError as error:
        tell(f"{error}\nThe hooks need the Azure CLI, signed in and with access to the subscription. Mend that first.")
        return 1
    if not (subscription and environment and location):
        return 0  # azd asks for these at the first provision of an environment: there is no vault of it yet
    try:
        deleted = deleted_vaults(subscription, environment, location)
    except CliError as error:
        tell(
            f"deleted Key Vaults could not be looked up: {error}\n"
            f"If the deployment reports a deleted vault, run 'azd env set {SETTING} true' and provision again;"
            f" if it reports that there is none, run 'azd env set {SETTING} false'."
        )
        return 0
    pattern = name_pattern(PARAMETERS.read_text(encoding="utf-8"), dict(os.environ))
    names = [name for name in deleted if re.fullmatch(pattern, name, re.IGNORECASE)]
    value = "true" if names else "false"
    if value != (os.environ.get(SETTING) or "false"):
        try:
            run("azd", "env", "set", SETTING, value, "--environment", environment)
        except CliError as error:
            tell(f"{error}\nRun 'azd env set {SETTING} {value}', then azd again: Azure would refuse the deployment.")
            return 1
    for name in deleted:
        if name in names:
            print(f"preprovision: the deleted Key Vault {name} is recovered, with its secrets.", flush=True)
        else:
            tell(f"the deleted Key Vault {name} stays deleted: the environment's vault has another name now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
