"""The request log: what it shows, and that no secret gets into it."""

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from studio.api.protocol_errors import translate
from studio.api.request_body import MAX_BODY_BYTES
from studio.api.request_log import MAX_LOGGED_BYTES, loggable, logged_text
from studio.errors import StorageError
from studio.redaction import without_secrets
from studio.storage.blob_locations import BlobReference, HostAllowList, resolve
from tests.studio.running import RunningStudio

CANARY = "c4n4ry+/secret=="


@pytest.mark.parametrize(
    "value",
    [
        {"ConnectionString": f"AccountName=a;AccountKey={CANARY}"},
        {"connectionstring": CANARY},
        {"Location": {"SasBlobToken": f"?sig={CANARY}"}},
        {"BaseLocation": f"https://h/?sv=1&sig={CANARY}"},
        {"BaseLocation": f"https://h/?sv=1&SIG%3D{CANARY}"},
        {"GlobalParameters": {"note": f"AccountKey = {CANARY}"}},
        {"x": [f"SharedAccessSignature={CANARY}", {"Authorization": CANARY}]},
        {"x": f"Bearer {CANARY}"},
        {f"AccountKey={CANARY}": 1},
        {"api_key": CANARY},
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_secrets_are_taken_out(value: Any, ascii_only: bool) -> None:
    """Members named like a secret, and what looks like one in any text or name, are hidden."""
    body = json.dumps(value, ensure_ascii=ascii_only).replace("AccountKey", "\\u0041ccountKey").encode()
    for shown in (json.dumps(loggable(body)), logged_text(body), logged_text(json.dumps(value).encode())):
        assert "c4n4ry" not in shown
        assert "[redacted]" in shown


@given(st.binary(max_size=60))
def test_any_body_can_be_logged(body: bytes) -> None:
    """What is not JSON is not shown at all, only its length."""
    shown = loggable(body)
    json.dumps(shown)
    if shown is not None and not _is_json(body):
        assert shown == f"[{len(body)} bytes]"


TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["a\nb", "Kansas", "sig=1", "\x7f", "\u2028", "a\\b", "BEARER x", "AccountKey=k"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_the_short_way_writes_the_same(value: Any, indent: int | None, ascii_only: bool, encoding: str) -> None:
    """A body that is written as it came is one line of ASCII, and reads as what the long way shows."""
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(encoding, "surrogatepass")
    text = logged_text(body)
    assert text.isascii()
    assert len(text.splitlines()) == 1
    assert json.dumps(json.loads(text)) == json.dumps(loggable(body))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def test_what_a_line_holds(studio: RunningStudio) -> None:
    """Each request is one line with its time, method, path, body and status; a long body is only measured."""
    url = studio.base_url + "/no/such/place"
    assert requests.post(url, json={"A": [1, None], "sasblobtoken": CANARY}, timeout=30).status_code == 404
    assert requests.post(url, json={"A": "x" * MAX_LOGGED_BYTES}, timeout=30).status_code == 404
    lines = [json.loads(line) for line in (studio.data / "requests.jsonl").read_text(encoding="utf-8").splitlines()]
    ours = [line for line in lines if line["path"] == "/no/such/place"]
    assert [set(line) for line in ours] == [{"time", "method", "path", "body", "status"}] * 2
    assert (ours[0]["method"], ours[0]["status"]) == ("POST", 404)
    assert ours[0]["body"] == {"A": [1, None], "sasblobtoken": "[redacted]"}
    assert ours[1]["body"] == f"[{MAX_LOGGED_BYTES + 9} bytes]"
    assert ours[0]["time"].endswith("Z")


def test_every_answer_has_a_request_id(studio: RunningStudio) -> None:
    """The id of the answer differs from request to request."""
    ids = {requests.get(studio.base_url + "/health", timeout=30).headers["x-ms-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_body_without_end_is_refused(studio: RunningStudio) -> None:
    """A body beyond the limit is answered with the documented error, not with the memory of the machine."""
    chunk = b"x" * 2**20
    body = (chunk for _ in range(MAX_BODY_BYTES // len(chunk) + 1))
    answer = requests.post(studio.base_url + "/health", data=body, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "RequestBodyInvalid"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the query of a URL (sv=…&sp=…&se=…&sig=…), percent-encoded", None),
        ("Authorization: Bearer …", None),
        ("AccountKey=…;AccountName=x", None),
        ("sig=…c4n4ry", "sig=[redacted]"),
        ("sig=c4n4ry), percent-encoded", "sig=[redacted] percent-encoded"),
    ],
)
def test_what_the_studio_itself_says_of_secrets_stays(text: str, shown: str | None) -> None:
    """Its hints write an ellipsis where a secret belongs; anything more there is hidden."""
    assert without_secrets(text) == (shown or text)


def test_the_hint_of_a_wrong_token_reaches_its_reader() -> None:
    """Whole, with the form that a token must have."""
    reference = BlobReference("c/x.csv", None, "https://acct.blob.core.windows.net", "sp=r&se=2030-01-01")
    with pytest.raises(StorageError) as caught:
        resolve(reference, HostAllowList(["*"]))
    message = translate(caught.value).details[0].message
    assert message.endswith(
        "it must be the query of a URL (sv=…&sp=…&se=…&sig=…), percent-encoded, without comp and restype."
    )
