"""App settings that the platform should have replaced by a secret of the Key Vault, and has not (pure).

The platform replaces the value `@Microsoft.KeyVault(...)` before the app starts. Where it cannot (no such secret, no
role, no network), the app gets the reference itself as the value: it must never be used as one, least of all sent as a
key.
"""

_PREFIX = "@microsoft.keyvault("

UNRESOLVED = "is an unresolved Key Vault reference"
REMEDY = "`landfall doctor --azure` says why, and how to have it read again; if it is resolved by now, restart the app"


def is_unresolved(value: str) -> bool:
    """Tell whether the value of a setting is a reference instead of a secret."""
    return value.lstrip()[: len(_PREFIX)].lower() == _PREFIX


def unresolved_problem(setting: str) -> str:
    """Return the problem of a setting whose value is a reference; it does not quote the value."""
    return f"the setting {setting} {UNRESOLVED}: {REMEDY}"
