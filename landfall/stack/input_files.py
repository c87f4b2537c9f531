"""Uploads files to the input container."""

from typing import BinaryIO

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from landfall.errors import CommandError
from shared.records.run_identity import run_id_for


def upload_input(storage: str, container: str, name: str, content: bytes | BinaryIO) -> str:
    """Upload a file's content, by the storage's connection string, and return the id of its run.

    Raises:
        CommandError: storage refuses it.
    """
    try:
        with BlobServiceClient.from_connection_string(storage) as blobs:
            answer = blobs.get_blob_client(container, name).upload_blob(content, overwrite=True)
    except AzureError as error:
        raise CommandError(f"{container}/{name} could not be uploaded: {str(error).splitlines()[0]}") from error
    return run_id_for(container, name, str(answer["etag"]))
