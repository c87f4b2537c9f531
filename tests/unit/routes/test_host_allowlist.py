"""The allow-list: nothing is sent to a host it does not name."""

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from shared.errors import HostNotAllowedError
from shared.routes.host_allowlist import AllowedHosts, redacted


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("127.0.0.1:*", "http://127.0.0.1:8600/jobs?x=1"),
        ("localhost:8600", "http://localhost:8600/"),
        ("*.blob.core.windows.net", "https://acct.blob.core.windows.net/c/b?sig=x"),
        ("*.services.azureml.net:443", "https://europewest.services.azureml.net/workspaces"),
        ("[::1]:80", "http://[::1]/x"),
        ("Example.com", "https://EXAMPLE.com/x"),
    ],
)
def test_allowed(pattern: str, url: str) -> None:
    """A URL whose host and port a pattern names may be called."""
    AllowedHosts([pattern]).check(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://evil.example.com/x?sig=CANARY", "allow_hosts"),
        ("https://acct.blob.core.windows.net.evil.com/x", "allow_hosts"),
        ("https://acct.blob.core.windows.net:8443/x", "allow_hosts"),
        ("http://acct.blob.core.windows.net/x", "https"),
        ("http://169.254.169.254/metadata", "https"),
        ("file:///etc/passwd", "no https URL"),
        ("//acct.blob.core.windows.net/x", "no https URL"),
        ("https://acct.blob.core.windows.net:x/", "no URL"),
        ("https://me:CANARY@acct.blob.core.windows.net/x", "user name"),
        ("https://acct.blob.core.windows.net@evil.com/x", "user name"),
        ("", "no https URL"),
        ("https://evil.com\\.blob.core.windows.net/x", "characters"),
        ("https://evil.com\t.blob.core.windows.net/x", "characters"),
        ("https://evil.com%2f.blob.core.windows.net/x", "characters"),
        ("https://evil.com\uff0f.blob.core.windows.net/x", "no URL"),
        ("https://b\u00fccher.blob.core.windows.net/x", "characters"),
        ("https://evil.com .blob.core.windows.net/x", "characters"),
    ],
)
def test_refused(url: str, message: str) -> None:
    """Everything else is refused, with a reason and without the URL's secrets."""
    with pytest.raises(HostNotAllowedError, match=message) as error:
        AllowedHosts(["*.blob.core.windows.net", "127.0.0.1:*"]).check(url)
    assert "CANARY" not in str(error.value)


HOSTILE = st.text(alphabet="ab.:/\\@?#[]%2f \t\n\x00-_;,\uff0e\u3002", max_size=12)


@given(HOSTILE, HOSTILE)
@example("evil.com\\", "/")
@settings(max_examples=500)
def test_who_checks_and_who_connects_read_the_same_host(before: str, after: str) -> None:
    """A URL that passes leads the client to the host that was looked up in the list, however it is written."""
    url = f"https://{before}.good.example{after}"
    try:
        AllowedHosts(["*.good.example:*"]).check(url)
    except HostNotAllowedError:
        return
    try:
        prepared = requests.Request("GET", url).prepare().url or ""
    except requests.exceptions.InvalidURL:  # then nothing is sent
        return
    assert (parse_url(prepared).host or "").endswith(".good.example")


def test_redacted_urls_have_no_query_and_no_user() -> None:
    """Only scheme, host and path are logged."""
    assert redacted("https://me:pw@a.example/b/c?sig=x#y") == "https://a.example/b/c"
    assert redacted("b/c?sig=x") == "b/c"
