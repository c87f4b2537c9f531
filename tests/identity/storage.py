"""A storage account that an identity may use: its URLs, and the app settings for it."""

import re
from dataclasses import dataclass, field

from tests.identity.tokens import IssuingCredential


@dataclass(frozen=True)
class IdentityStorage:
    """An Azurite that takes tokens; `connection_string` has its key, for what a test does beside the app."""

    connection_string: str = field(repr=False)

    def url(self, service: str) -> str:
        """Return the URL of a service: "Blob", "Queue" or "Table"."""
        match = re.search(rf"{service}Endpoint=([^;]+)", self.connection_string)
        assert match is not None
        return match[1]

    def credential(self) -> IssuingCredential:
        """Return a credential of an identity that may do everything."""
        return IssuingCredential()

    def settings(self) -> dict[str, str]:
        """Return the app settings for a managed identity."""
        return {
            **{f"AzureWebJobsStorage__{name.lower()}ServiceUri": self.url(name) for name in ("Blob", "Queue", "Table")},
            "AzureWebJobsStorage__credential": "managedidentity",
            "AzureWebJobsStorage__clientId": "00000000-0000-4000-8000-00000000000c",
        }
