"""Events about new blobs, as Microsoft's pages show them.

The members are those of https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage.
"""

import base64
import json
from typing import Any
from urllib.parse import quote

_SUBJECT = "blobServices/default/containers/{}/blobs/{}"
_ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/stdata"


def event_grid_event(container: str, name: str, etag: str = "0x8D4BCC2E4835CD0") -> dict[str, Any]:
    """Return an event in Event Grid's own schema."""
    return {
        "topic": _ACCOUNT,
        "subject": f"/{_SUBJECT.format(container, name)}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-06-26T18:41:00.9584103Z",
        "id": "831e1650-001e-001b-66ab-eeb76e069631",
        "data": _data(container, name, etag),
        "dataVersion": "",
        "metadataVersion": "1",
    }


def cloud_event(container: str, name: str, etag: str = "0x8D4BCC2E4835CD0") -> dict[str, Any]:
    """Return the same event as a CloudEvent, whose subject begins without a slash in Microsoft's example."""
    return {
        "specversion": "1.0",
        "type": "Microsoft.Storage.BlobCreated",
        "source": _ACCOUNT,
        "id": "9aeb0fdf-c01e-0131-0922-9eb54906e209",
        "time": "2026-11-18T15:13:39.4589254Z",
        "subject": _SUBJECT.format(container, name),
        "data": _data(container, name, etag),
    }


def in_base64(event: Any) -> str:
    """Return the text that Event Grid puts into a storage queue."""
    return base64.b64encode(json.dumps(event).encode()).decode()


def _data(container: str, name: str, etag: str) -> dict[str, Any]:
    return {
        "api": "PutBlob",
        "clientRequestId": "6d79dbfb-0e37-4fc4-981f-442c9ca65760",
        "requestId": "831e1650-001e-001b-66ab-eeb76e000000",
        "eTag": etag,
        "contentType": "text/csv",
        "contentLength": 524288,
        "blobType": "BlockBlob",
        "url": f"https://stdata.blob.core.windows.net/{container}/{quote(name)}",
        "sequencer": "00000000000004420000000000028963",
        "storageDiagnostics": {"batchId": "b68529f3-68cd-4744-baa4-3c0498ec19f0"},
    }
