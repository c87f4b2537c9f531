"""The secret scan finds secrets in every form, and ignores texts that only mention them."""

import base64
from typing import TYPE_CHECKING

import pytest

from landfall.chaos.secret_scan import SecretScan, secrets_of

if TYPE_CHECKING:
    from landfall.stack.stack_document import NamedEndpoint, StackDocument

KEY = "Ab+c/d=="
LEAKS = {"the account key": KEY, "nothing": ""}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GET /models/a?sv=2020&sig=abc", "a SAS signature"),
        ("se=1%26sig%3Dabc", "a SAS signature"),
        ("AccountName=a;AccountKey=xyz", "an AccountKey"),
        (f"key {KEY}!", "the account key"),
        ("key Ab%2Bc%2Fd%3D%3D", "the account key"),
    ],
)
def test_each_form_is_found(text: str, name: str) -> None:
    """Each finding names its place, and appears once."""
    secret_scan = SecretScan(LEAKS)
    secret_scan.search("host.log, line 3", text)
    secret_scan.search("host.log, line 3", text)

    assert secret_scan.sentences() == [f"{name} in host.log, line 3"]


def test_a_message_is_also_read_within_its_base64() -> None:
    """The host encodes some messages that way."""
    secret_scan = SecretScan(LEAKS)
    hidden = base64.b64encode(b'{"url": "http://a/b?sig=abc"}').decode()
    secret_scan.search_message("a queue message", f"<QueueMessage><MessageText>{hidden}</MessageText></QueueMessage>")

    assert secret_scan.sentences() == ["a SAS signature in a queue message"]


@pytest.mark.parametrize(
    "text",
    [
        "sig=[redacted]",
        "sig=***&x",
        "AccountKey=***;x",
        "AccountKey=[redacted];x",
        "design=1",
        "the key is missing",
        "",
    ],
)
def test_a_text_without_secrets_gives_no_finding(text: str) -> None:
    """Neither does the marker that the studio's log writes in place of a secret."""
    secret_scan = SecretScan(LEAKS)
    secret_scan.search("studio.log", text)

    assert secret_scan.sentences() == []


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", '{"key": "'])
@pytest.mark.parametrize("after", ["", "z", "yz", '", "x": 1}'])
@pytest.mark.parametrize(
    "secret", ["0123456789abcdef", "s3cret-of-17-byte", "and-one-of-eightee", "~~~???>>>~~~???>>>"]
)
def test_a_secret_within_base64_is_found(before: str, after: str, secret: str) -> None:
    """A secret is found at any offset, in both alphabets; another text of that length is not."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        secret_scan = SecretScan({"it": secret})
        secret_scan.search("other", encode(f"{before}{'q' * len(secret)}{after}".encode()).decode())
        assert secret_scan.sentences() == []
        secret_scan.search("there", encode(f"{before}{secret}{after}".encode()).decode())
        assert secret_scan.sentences() == ["it in there"]


def test_every_key_of_a_stack_is_searched_for() -> None:
    """These are the keys of storage, functions, management, training and each endpoint."""
    production: NamedEndpoint = {
        "name": "production",
        "role": "serve",
        "resource": "r",
        "execute_url": "u",
        "patch_url": "u",
        "api_key": "key-of-production",
    }
    document: StackDocument = {
        "storage": "AccountName=a;AccountKey=key-of-account==;BlobEndpoint=b",
        "input": "incoming",
        "functions": "u",
        "functions_key": "key-of-functions",
        "functions_nonce": None,
        "studio": "u",
        "management": {"url": "u", "token": "key-of-management"},
        "services": [
            {
                "name": "Census Model",
                "training": {"jobs_url": "u", "api_key": "key-of-training"},
                "predictive": {
                    "default": {"api_key": "key-of-default", "execute_url": "u"},
                    "endpoints": [production],
                },
            }
        ],
        "studio_log": "requests.jsonl",
        "pids": {},
        "routes": "routes.toml",
    }

    assert set(secrets_of(document).values()) == {
        *("key-of-account==", "key-of-functions", "key-of-management", "key-of-training"),
        *("key-of-default", "key-of-production"),
    }
