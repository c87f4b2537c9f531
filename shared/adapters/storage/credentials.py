"""Signs in as the app's identity. Only an app without a key imports azure-identity, which slows a cold start."""

from typing import TYPE_CHECKING

from shared.storage_settings import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def credential_of(account: StorageAccount) -> "TokenCredential":
    """Return the credential of the identity that the settings name; nothing is sent yet.

    It caches its token and renews it before it expires, so a worker needs only one credential.
    """
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415 - see above

    if account.managed:
        return ManagedIdentityCredential(client_id=account.client_id or None)
    return DefaultAzureCredential()
