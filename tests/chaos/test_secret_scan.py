"""Secrets are found in whatever form they leak, and what only speaks of them is none."""

import base64

import pytest

from landfall.chaos.secret_scan import Leaks, secrets_of

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
    """And told with the place, once."""
    leaks = Leaks(LEAKS)
    leaks.search("host.log, line 3", text)
    leaks.search("host.log, line 3", text)

    assert leaks.sentences() == [f"{name} in host.log, line 3"]


def test_a_message_is_also_read_within_its_base64() -> None:
    """The host puts some messages into their queue that way."""
    leaks = Leaks(LEAKS)
    hidden = base64.b64encode(b'{"url": "http://a/b?sig=abc"}').decode()
    leaks.search_message("a queue message", f"<QueueMessage><MessageText>{hidden}</MessageText></QueueMessage>")

    assert leaks.sentences() == ["a SAS signature in a queue message"]


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
def test_what_is_none_is_not_found(text: str) -> None:
    """What the studio's log writes in the place of a secret is fine."""
    leaks = Leaks(LEAKS)
    leaks.search("studio.log", text)

    assert leaks.sentences() == []


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", '{"key": "'])
@pytest.mark.parametrize("after", ["", "z", "yz", '", "x": 1}'])
@pytest.mark.parametrize(
    "secret", ["0123456789abcdef", "s3cret-of-17-byte", "and-one-of-eightee", "~~~???>>>~~~???>>>"]
)
def test_a_secret_within_base64_is_found(before: str, after: str, secret: str) -> None:
    """Wherever it begins in what was encoded, in both alphabets; another text of that length is not taken for it."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        leaks = Leaks({"it": secret})
        leaks.search("other", encode(f"{before}{'q' * len(secret)}{after}".encode()).decode())
        assert leaks.sentences() == []
        leaks.search("there", encode(f"{before}{secret}{after}".encode()).decode())
        assert leaks.sentences() == ["it in there"]


def test_every_key_of_a_stack_is_searched_for() -> None:
    """Those of storage, functions, management, training and each endpoint."""
    endpoint = {"api_key": "key-of-default", "execute_url": "u"}
    document = {
        "storage": "AccountName=a;AccountKey=key-of-account==;BlobEndpoint=b",
        "functions_key": "key-of-functions",
        "management": {"url": "u", "token": "key-of-management"},
        "services": [
            {
                "name": "Census Model",
                "training": {"api_key": "key-of-training"},
                "predictive": {
                    "default": endpoint,
                    "endpoints": [{"name": "production", "api_key": "key-of-production"}],
                },
            }
        ],
    }

    assert set(secrets_of(document).values()) == {
        *("key-of-account==", "key-of-functions", "key-of-management", "key-of-training"),
        *("key-of-default", "key-of-production"),
    }
