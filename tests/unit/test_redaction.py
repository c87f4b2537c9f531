"""No secret of a text that others wrote gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.redaction import redact


@pytest.mark.parametrize(
    "text",
    [
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=CANARY==;EndpointSuffix=core.windows.net",
        "https://a.blob.core.windows.net/c/b?sv=2015-02-21&sr=b&sig=CANARY%3D&st=2017",
        "Authorization: Bearer CANARY+/abc==",
        "authorization: bearer CANARY",
        '{"SasBlobToken": "CANARY"}',
        "BlobEndpoint=https://a/;SharedAccessSignature=CANARY",
        "api_key = 'CANARY'",
        "x-functions-key: CANARY",
        "https://app/api/runs?limit=1&code=CANARY",
        "sr%3Db%26sig%3DCANARY",
        "Authorization: SharedKey account:CANARY=",
        "Authorization: Basic CANARY",
        'said {\\"access_token\\": \\"CANARY\\"}',
    ],
)
def test_known_shapes(text: str) -> None:
    """Keys, signatures and tokens become stars; what surrounds them stays readable."""
    assert "CANARY" not in redact(text)
    assert "***" in redact(text)


@given(st.text(alphabet="abcXYZ019+/=%", min_size=4, max_size=60))
def test_any_account_key(key: str) -> None:
    """Whatever the key is made of, nothing of it is left."""
    assert redact(f"AccountName=a;AccountKey=CANARY{key};x") == "AccountName=a;AccountKey=***;x"


def test_ordinary_text_is_left_alone() -> None:
    """A message without secrets is not changed."""
    text = "Error 1000: column 'signal' has 3 of 4 values; AccountName=a"
    assert redact(text) == text
