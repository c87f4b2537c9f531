"""Tells the deployment whether to recover a deleted Key Vault, before azd provisions. Idempotent.

The vault's name is always the same for an environment, and Azure keeps a deleted vault under its name. After
`azd down`, a deployment must recover the vault; otherwise it must not. This script asks Azure and stores the answer in
the azd environment. It never fails: without an answer the deployment itself reports a deleted vault.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from azure_cli import CliError, az_json, run

SETTING = "LANDFALL_RECOVER_VAULT"  # the parameter recoverVault in main.parameters.json
NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION")


def is_of(vault: dict[str, Any], environment: str, location: str) -> bool:
    """Return whether a deleted vault is the one that this environment would have there."""
    properties = vault.get("properties") or {}
    tags = properties.get("tags") or {}
    region = str(properties.get("location", "")).replace(" ", "").casefold()
    return tags.get("azd-env-name") == environment and region == location.replace(" ", "").casefold()


def main() -> int:
    """Store the answer; returns the exit status."""
    if any(not os.environ.get(name) for name in NEEDED):
        return 0  # azd asks for these at the first provision of an environment: there is no vault of it yet
    subscription, environment, location = (os.environ[name] for name in NEEDED)
    try:
        deleted = az_json("keyvault", "list-deleted", "--resource-type", "vault", "--subscription", subscription)
        names = [str(vault.get("name")) for vault in deleted if is_of(vault, environment, location)]
        value = "true" if names else "false"
        if value != (os.environ.get(SETTING) or "false"):
            run("azd", "env", "set", SETTING, value, "--environment", environment)
    except CliError as error:
        print(
            f"preprovision: deleted Key Vaults could not be looked up: {error}\n"
            f"If the deployment reports a deleted vault, run 'azd env set {SETTING} true' and provision again;"
            f" if it reports that there is none, run 'azd env set {SETTING} false'.",
            file=sys.stderr,
            flush=True,
        )
        return 0
    if names:
        print(f"preprovision: the deleted Key Vault {names[0]} is recovered, with its secrets.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
