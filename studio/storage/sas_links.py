"""Signs links to outputs: read-only and valid for a day, as the original did."""

from datetime import UTC, datetime, timedelta

from azure.storage.blob import (
    BlobSasPermissions,
    ContainerSasPermissions,
    generate_blob_sas,
    generate_container_sas,
)

from studio.storage.blob_locations import BlobAddress

SAS_BACKDATED_BY = timedelta(minutes=5)
SAS_VALID_FOR = timedelta(hours=24)


def read_token(address: BlobAddress, now: datetime) -> str:
    """Return a new SAS token for reading the one blob: valid from 5 minutes ago for 24 hours (protocol 1.6).

    An address by a SAS has no key to sign with: the SAS itself is returned.
    """
    if not address.account_key or not address.account_name:
        return f"?{address.sas_token}"
    token = generate_blob_sas(
        address.account_name,
        address.path.container,
        address.path.name,
        account_key=address.account_key,
        permission=BlobSasPermissions(read=True),
        start=now.astimezone(UTC) - SAS_BACKDATED_BY,
        expiry=now.astimezone(UTC) + SAS_VALID_FOR,
    )
    return f"?{token}"


def container_token(address: BlobAddress, now: datetime) -> str:
    """Return a new SAS token for reading and listing the address's container, valid as long as `read_token`'s."""
    token = generate_container_sas(
        address.account_name or "",
        address.path.container,
        account_key=address.account_key or "",
        permission=ContainerSasPermissions(read=True, list=True),
        start=now.astimezone(UTC) - SAS_BACKDATED_BY,
        expiry=now.astimezone(UTC) + SAS_VALID_FOR,
    )
    return f"?{token}"
