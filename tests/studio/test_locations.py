"""Blob references: where they lead, and which are refused before any request leaves."""

import pytest

from studio.errors import StorageError
from studio.locations import AllowList, BlobReference, resolve

KEY = "c2VjcmV0LWtleQ=="
ALL = AllowList(["*.blob.core.windows.net", "127.0.0.1:10000"])


@pytest.mark.parametrize(
    ("connection_string", "account_url"),
    [
        (f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY}", "https://acct.blob.core.windows.net"),
        (f"accountname=acct;accountkey={KEY};EndpointSuffix=core.windows.net;", "https://acct.blob.core.windows.net"),
        (
            f"BlobEndpoint=https://acct.blob.core.windows.net/;TableEndpoint=https://t/;AccountName=a;AccountKey={KEY};",
            "https://acct.blob.core.windows.net",
        ),
        (
            f"AccountName=d;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/d;",
            "http://127.0.0.1:10000/d",
        ),
    ],
)
def test_connection_strings(connection_string: str, account_url: str) -> None:
    """Short and long forms lead to the account they name, whatever the case of their words."""
    address = resolve(BlobReference("/c/path/x.csv", connection_string), ALL)
    assert (address.account_url, address.account_key) == (account_url, KEY)
    assert (address.base_location, address.relative_location) == (account_url + "/", "c/path/x.csv")
    assert KEY not in repr(address)


@pytest.mark.parametrize("base", ["https://acct.blob.core.windows.net", "https://acct.blob.core.windows.net/"])
def test_base_locations(base: str) -> None:
    """With or without a slash at the end, and the token with or without its question mark."""
    for token in ("?sv=1&sig=x", "sv=1&sig=x"):
        address = resolve(BlobReference("c/x.csv", None, base, token), ALL)
        assert (address.account_url, address.sas_token) == ("https://acct.blob.core.windows.net", "sv=1&sig=x")


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example/",
        "https://acct.blob.core.windows.net.evil.example/",
        "https://a.b.blob.core.windows.net/",
        "https://blob.core.windows.net/",
        "https://acct.blob.core.windows.net:8443/",
        "https://acct.blob.core.windows.net@evil.example/",
        "https://user@acct.blob.core.windows.net/",
        "https://acct.blob.core.windows.net/?x=",
        "https://acct.blob.core.windows.net/#x",
        "https://acct.blob.core.windows.net/a/b",
        "https://acct.blob.core.windows.net/%2e%2e",
        "http://acct.blob.core.windows.net/",
        "http://127.0.0.1:10001/d",
        "http://127.0.0.1/d",
        "http://169.254.169.254/metadata",
        "http://[::1]:10000/d",
        "file:///etc/passwd",
        "https://[/",
        "//acct.blob.core.windows.net/",
    ],
)
def test_hosts_that_are_not_allowed(base: str) -> None:
    """No spelling of a URL leads past the list, and http never leaves the machine."""
    with pytest.raises(StorageError) as caught:
        resolve(BlobReference("c/x.csv", None, base, "?sig=secret"), ALL)
    assert caught.value.detail_code == "InvalidBlob"
    assert "secret" not in str(caught.value)


def test_a_connection_string_cannot_lead_elsewhere() -> None:
    """The endpoint it really leads to is checked, not the account it claims."""
    for part in ("BlobEndpoint=https://evil.example", "EndpointSuffix=evil.example", "EndpointSuffix=x@evil.example"):
        with pytest.raises(StorageError, match=r"not on this studio's allow-list|without user"):
            resolve(BlobReference("c/x.csv", f"AccountName=acct;AccountKey={KEY};{part}"), ALL)


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        (BlobReference("", "x"), "ContainerIsEmpty"),
        (BlobReference("c/", "x"), "InputBlobRelativeLocationInvalid"),
        (BlobReference("c/../d/x.csv", "x"), "InvalidBlob"),
        (BlobReference("c/a\nb.csv", "x"), "InvalidBlob"),
        (BlobReference("c/x.csv"), "MissingInputBlobInformation"),
        (BlobReference("c/x.csv", None, "https://acct.blob.core.windows.net"), "MissingInputBlobInformation"),
        (BlobReference("c/x.csv", "AccountName=a;AcountKey=c2VjcmV0"), "InvalidBlobConnectionString"),
        (BlobReference("c/x.csv", "AccountName=a;AccountKey=%secret%"), "InvalidBlobConnectionString"),
        (BlobReference("c/x.csv", "c2VjcmV0"), "InvalidBlobConnectionString"),
    ],
)
def test_incomplete_references(reference: BlobReference, code: str) -> None:
    """Each has its code, and what was given in the place of a key is not repeated."""
    with pytest.raises(StorageError) as caught:
        resolve(reference, ALL)
    assert caught.value.detail_code == code
    assert "c2VjcmV0" not in str(caught.value)


def test_forms_of_the_list() -> None:
    """A host alone means the scheme's own port; `*` as port means any; an empty list allows nothing."""
    url = "https://store.example:8443"
    for patterns in (["store.example"], [], ["*.example:443"], ["store.example:84"]):
        with pytest.raises(StorageError):
            AllowList(patterns).check(url)
    for patterns in (["store.example:8443"], ["STORE.example:*"], ["*.example:8443"]):
        AllowList(patterns).check(url)
    AllowList(["store.example"]).check("https://store.example")
