"""An event about a new blob, as Event Grid puts it into a storage queue: which blob it may mean (pure).

Event Grid writes the message in base64
(https://learn.microsoft.com/azure/event-grid/custom-event-to-queue-storage), in its own schema or as a CloudEvent
(https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage).
"""

import base64
import json
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from shared.errors import BadMessageError

EVENT_TYPE = "Microsoft.Storage.BlobCreated"
FILE_SUFFIX = ".csv"  # the subscription's filter, which ignores case
# The calls that complete a blob. Other calls create it before its content is written.
COMPLETING_CALLS = frozenset({"PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"})

_SUBJECT_START, _SUBJECT_MIDDLE = "blobServices/default/containers/", "/blobs/"
_MAX_NAME_CHARACTERS = 1024  # Azure Storage's limit


class BlobCreated(NamedTuple):
    """A blob that was created, as far as an event tells.

    Attributes:
        names: what the blob may be called, the likeliest first: `data.url` with its percent-encoding undone and
            `subject` as it stands. Almost always both are the same.
        etag: without quotes; "" if the event has none.
        api: the call that created the blob.
    """

    container: str
    names: tuple[str, ...]
    etag: str
    api: str

    @classmethod
    def from_text(cls, text: str) -> "BlobCreated":
        """Read the text of a queue message: the event in JSON, with or without base64.

        Raises:
            BadMessageError: it is not JSON, is another event, lacks a member, or names no blob.
        """
        event = _event(text)
        # CloudEvents calls it `type`, and Event Grid's own schema `eventType`.
        kind = event.get("type") if "specversion" in event else event.get("eventType")
        if kind != EVENT_TYPE:
            raise BadMessageError(f"An event of type {kind!r} is not about a new blob; expected {EVENT_TYPE}.")
        data = event.get("data")
        if not isinstance(data, dict):
            raise BadMessageError("An event about a blob must have the object `data`.")
        subject, url, api = event.get("subject"), data.get("url"), data.get("api")
        if not isinstance(subject, str) or not isinstance(url, str) or not isinstance(api, str):
            raise BadMessageError("An event about a blob must have the texts `subject`, `data.url` and `data.api`.")
        container, name = _of_subject(subject)
        names = tuple(dict.fromkeys(name for name in (_of_url(url, container), name) if _is_blob_name(name)))
        if not container or not names:
            raise BadMessageError(
                f"The subject of an event must be /{_SUBJECT_START}CONTAINER{_SUBJECT_MIDDLE}NAME, not {subject!r}."
            )
        etag = data.get("eTag")
        return cls(container, names, etag.strip('"') if isinstance(etag, str) else "", api)

    def foreign(self, container: str) -> str:
        """Return why an app that reads `container` does not land this blob because of the event; "" if it does."""
        if self.container != container:
            return f"it is about container {self.container}, and this app reads {container} only"
        if not any(name.lower().endswith(FILE_SUFFIX) for name in self.names):
            return f"{self.names[0]} does not end in {FILE_SUFFIX}"
        if self.api not in COMPLETING_CALLS:
            return f"the call {self.api} does not complete {self.names[0]}"
        return ""


def plain_text(text: str) -> str:
    """Return the text of a message with base64 undone, if it is base64: JSON never is."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def _event(text: str) -> dict[str, Any]:
    try:
        body = json.loads(plain_text(text).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise BadMessageError(f"An event is not JSON: {error}.") from error
    if isinstance(body, list) and len(body) == 1:  # as a webhook gets it
        (body,) = body
    if not isinstance(body, dict):
        raise BadMessageError("A message must have one event, a JSON object.")
    return body


def _of_subject(subject: str) -> tuple[str, str]:
    """Return the container and the blob of a subject; both "" if it has another form. It is not percent-encoded."""
    path = subject.removeprefix("/")  # Microsoft's example of a CloudEvent has none
    container, middle, name = path.removeprefix(_SUBJECT_START).partition(_SUBJECT_MIDDLE)
    return (container, name) if path.startswith(_SUBJECT_START) and middle else ("", "")


def _of_url(url: str, container: str) -> str:
    """Return the blob of a URL, with its percent-encoding undone; "" if the URL leads to another container.

    The URL is cut by hand: `?` and `#` in a name would end the path if the sender had left them as they are.
    """
    path = url.partition("://")[2].partition("/")[2]
    named, _, name = path.partition("/")
    if unquote(named) != container:
        return ""
    try:
        return unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        return ""


def _is_blob_name(name: str) -> bool:
    """Tell whether a request can name the blob: Event Grid has sent halves of surrogate pairs."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(name) <= _MAX_NAME_CHARACTERS
