"""Events about new blobs: both schemas, base64 or not, every character a blob's name may have."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadMessageError
from shared.records.blob_created import BlobCreated
from tests.blob_events import cloud_event, event_grid_event, in_base64

NAMES = (
    "census/a.csv",
    "census/with space.csv",
    "census/Übersicht für März.csv",
    "census/100%.csv",
    "census/%41.csv",
    "census/%2F.csv",
    "census/a#b.csv",
    "census/a+b.csv",
    "census/a?b=c.csv",
    "census/a&b;c,d'e\"f.csv",
    "census/数据💎.csv",
    "blobs/census/containers/x/blobs/a.csv",
    "http://elsewhere/a.csv",
)


def as_text(event: Any) -> str:
    """Return an event as JSON."""
    return json.dumps(event)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [event_grid_event, cloud_event])
def test_the_name_of_the_blob_is_read(name: str, make: Any) -> None:
    """Both schemas, as the storage account writes them: the URL is percent-encoded, the subject is not."""
    event = BlobCreated.from_text(in_base64(make("incoming", name)))

    assert event == BlobCreated("incoming", (name,), "0x8D4BCC2E4835CD0", "PutBlob")
    assert event.foreign("incoming") == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_found_however_the_two_texts_are_encoded(name: str) -> None:
    """Nobody promises which of them is encoded, so each reading that the texts allow is a candidate."""
    for subject_name, url_name in ((name, name), (quote(name), quote(name))):
        event = event_grid_event("incoming", name)
        event["subject"] = f"/blobServices/default/containers/incoming/blobs/{subject_name}"
        event["data"]["url"] = f"https://stdata.blob.core.windows.net/incoming/{url_name}"
        assert name in BlobCreated.from_text(as_text(event)).names


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_every_name_survives(name: str) -> None:
    """Whatever the characters are, the name comes first."""
    assert BlobCreated.from_text(in_base64(event_grid_event("incoming", name))).names[0] == name


def test_a_message_may_be_plain_or_in_base64_or_a_list_of_one() -> None:
    """Event Grid writes base64; older documentation says plain text, and a webhook gets a list."""
    event = event_grid_event("incoming", "census/ä.csv")
    expected = BlobCreated.from_text(as_text(event))

    for text in (in_base64(event), in_base64([event]), as_text([event]), json.dumps(event, ensure_ascii=False)):
        assert BlobCreated.from_text(text) == expected


def test_a_url_of_data_lake_storage_is_read() -> None:
    """A call to Data Lake Storage gives the URL of its own host."""
    event = event_grid_event("incoming", "census/a b.csv")
    event["data"]["url"] = "https://stdata.dfs.core.windows.net/incoming/census/a%20b.csv"
    assert BlobCreated.from_text(as_text(event)).names == ("census/a b.csv",)


def test_a_url_to_another_container_is_not_believed() -> None:
    """The subject is: the subscription filters by it."""
    event = event_grid_event("incoming", "census/a.csv")
    event["data"]["url"] = "https://stdata.blob.core.windows.net/elsewhere/census/b.csv"
    assert BlobCreated.from_text(as_text(event)).names == ("census/a.csv",)


def changed(**members: Any) -> Any:
    """Return an event with other members; None removes one."""
    event = {**event_grid_event("incoming", "census/a.csv"), **members}
    return {name: member for name, member in event.items() if member is not None}


DATA = event_grid_event("incoming", "census/a.csv")["data"]
MALFORMED: tuple[tuple[Any, str], ...] = (
    ("", "not JSON"),
    ("{not json", "not JSON"),
    ("[" * 60_000, "not JSON"),
    (base64.b64encode(b"\xff\xfe").decode(), "not JSON"),
    ([], "one event"),
    (["x"], "one event"),
    ([changed(), changed()], "one event"),
    (3, "one event"),
    (changed(eventType="Microsoft.Storage.BlobDeleted"), "'Microsoft.Storage.BlobDeleted' is not about a new blob"),
    (changed(eventType=None), "None is not about a new blob"),
    (changed(specversion="1.0"), "None is not about a new blob"),
    (changed(data=None), "the object `data`"),
    (changed(data="x"), "the object `data`"),
    (changed(subject=None), "the texts `subject`"),
    (changed(data={**DATA, "url": 3}), "`data.url`"),
    (changed(data={name: DATA[name] for name in DATA if name != "api"}), "`data.api`"),
    (changed(subject="/blobServices/default/containers/incoming"), "The subject"),
    (changed(subject="/other/incoming/blobs/a.csv"), "The subject"),
    (changed(subject="/blobServices/default/containers/incoming/blobs/\ud83d.csv", data={**DATA, "url": "x"}), "subje"),
    (changed(subject=f"/blobServices/default/containers/c/blobs/{'n' * 1025}"), "The subject"),
)


@pytest.mark.parametrize(("event", "problem"), MALFORMED)
def test_a_malformed_event_is_an_error_that_says_what_is_wrong(event: Any, problem: str) -> None:
    """Never another exception, whatever the message is."""
    with pytest.raises(BadMessageError, match=r"An event|A message|The subject") as caught:
        BlobCreated.from_text(event if isinstance(event, str) else as_text(event))
    assert problem in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_an_event_or_a_bad_message(text: str) -> None:
    """Random text never crashes the reader."""
    with pytest.raises(BadMessageError):
        BlobCreated.from_text(text)


@pytest.mark.parametrize(
    ("container", "name", "api", "problem"),
    [
        ("elsewhere", "a.csv", "PutBlob", "about container elsewhere, and this app reads incoming only"),
        ("incoming", "a.txt", "PutBlob", "a.txt does not end in .csv"),
        ("incoming", "a.csv", "CreateFile", "the call CreateFile does not complete a.csv"),
        ("incoming", "A.CSV", "FlushWithClose", ""),
    ],
)
def test_a_foreign_event_says_why(container: str, name: str, api: str, problem: str) -> None:
    """The same conditions as the subscription's filter has, which ignores case."""
    event = event_grid_event(container, name)
    event["data"]["api"] = api
    reason = BlobCreated.from_text(as_text(event)).foreign("incoming")
    assert (problem in reason, bool(reason)) == (True, bool(problem))
