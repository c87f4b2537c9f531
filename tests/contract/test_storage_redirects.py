"""A storage that redirects: none does, so the request stays where it was sent."""

from contextlib import closing

import pytest

from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import LandfallError
from tests.contract.scripted import Reply, scripted

KEY = "c2VjcmV0LWNhbmFyeS1rZXk="


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_request_to_storage_follows_a_redirect(status: int) -> None:
    """Neither for blobs nor for rows: the host that it names sees nothing."""
    with scripted(Reply(200, b"{}")) as elsewhere:
        away = Reply(status, b"", {"Location": f"{elsewhere.base_url}/a"})
        with scripted(away) as account:
            base = account.base_url
            text = f"AccountName=a;AccountKey={KEY};BlobEndpoint={base}/a;TableEndpoint={base}/a"
            with closing(BlobStorageFiles.from_connection_string(text)) as files, pytest.raises(LandfallError):
                files.version("input", "a.csv")
            with closing(TableRunStore.from_connection_string(text)) as runs, pytest.raises(LandfallError):
                runs.heartbeats()
        assert account.received
        assert elsewhere.received == []
