"""Signs in as the app's identity. Importing azure-identity costs a cold start, so only an app without a key does it."""

from typing import TYPE_CHECKING

from shared.storage_settings import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def credential_of(account: StorageAccount) -> "TokenCredential":
    """Return the credential of the identity that the settings name; nothing is asked yet.

    It keeps its token, and gets a new one in good time before that ends: one credential serves a worker for ever.
    """
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415 - see above

    if account.managed:
        return ManagedIdentityCredential(client_id=account.client_id or None)
    return DefaultAzureCredential()
