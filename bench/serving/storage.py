"""A container in the storage emulator, and references to its blobs in the protocol's form."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

from landfall.stack.azurite import ACCOUNT, ACCOUNT_KEY

LINK_LIFETIME = timedelta(hours=6)


@dataclass(frozen=True)
class Container:
    """A container for one measurement."""

    connection_string: str
    name: str

    @classmethod
    def create(cls, connection_string: str, name: str) -> "Container":
        """Create it in the account."""
        with BlobServiceClient.from_connection_string(connection_string) as client:
            client.create_container(name).close()
        return cls(connection_string, name)

    @property
    def host(self) -> str:
        """Host and port, in the form of `--allow-host`."""
        return self.connection_string.partition("BlobEndpoint=http://")[2].partition("/")[0]

    def put(self, name: str, data: bytes) -> None:
        """Write a blob."""
        with BlobServiceClient.from_connection_string(self.connection_string) as client:
            client.get_blob_client(self.name, name).upload_blob(data, overwrite=True)

    def get(self, name: str) -> bytes:
        """Read a blob."""
        with BlobServiceClient.from_connection_string(self.connection_string) as client:
            return client.get_blob_client(self.name, name).download_blob().readall()

    def location(self, name: str) -> dict[str, str]:
        """Return a reference that carries a SAS token for reading the blob (protocol 1.3)."""
        token = generate_blob_sas(
            ACCOUNT,
            self.name,
            name,
            account_key=ACCOUNT_KEY,
            permission=BlobSasPermissions(read=True),
            expiry=datetime.now(UTC) + LINK_LIFETIME,
        )
        base = f"http://{self.host}/{ACCOUNT}/"
        return {"BaseLocation": base, "RelativeLocation": f"{self.name}/{name}", "SasBlobToken": f"?{token}"}

    def reference(self, name: str) -> dict[str, str]:
        """Return a reference by connection string."""
        return {"ConnectionString": self.connection_string, "RelativeLocation": f"{self.name}/{name}"}
