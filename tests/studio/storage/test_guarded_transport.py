"""A transfer speaks to the host that it was given and to no other, as itself, and tells nobody the signature."""

import gzip
import logging
from pathlib import Path

import pytest

from studio.errors import StorageError, StorageFault
from studio.storage.blobs import BlobStorage
from tests.studio.odd_hosts import CANARY, answer, odd_host, part, saying
from tests.studio.storage.transfers import LIMIT, PATIENT, failure


def test_a_sound_host_is_read() -> None:
    """The odd hosts of this module can also behave: then the content comes."""
    with odd_host(saying(part(b"a,b\n1,2\n"))) as host:
        assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == b"a,b\n1,2\n"
        assert b"Accept-Encoding: identity" in host.requests[0]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_no_redirect_is_followed(status: str) -> None:
    """The host that a redirect names sees no request, for reading and for writing; the error says so."""
    with odd_host(saying(part(b"stolen"))) as target:
        url = f"http://127.0.0.1:{target.port}/account/c/x.csv"
        with odd_host(saying(answer(b"", status, Location=url, Content_Length="0"))) as host:
            error = failure(host)
            assert "redirect" in str(error)
            assert error.fault is not StorageFault.UNAVAILABLE
            with pytest.raises(StorageError, match="redirect"):
                BlobStorage(PATIENT).write(host.address(), b"model", "text/plain")
        assert target.requests == []


def test_nothing_is_unpacked() -> None:
    """A small body that would inflate to a huge one is not decompressed."""
    packed = gzip.compress(bytes(50 * 2**20))
    assert len(packed) < LIMIT
    with odd_host(saying(part(packed, Content_Encoding="gzip"))) as host:
        assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == packed


def test_no_proxy_and_no_password_file_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve names itself; a .netrc would send its passwords to hosts that callers name."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password canary\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with odd_host(saying(part(b"of the proxy"))) as proxy, odd_host(saying(part(b"of the host"))) as host:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == b"of the host"
        assert proxy.requests == []
        assert b"Authorization" not in host.requests[0]


def test_no_log_line_shows_a_signature(caplog: pytest.LogCaptureFixture) -> None:
    """Also not those that the libraries write about strange headers, and at the finest level."""
    caplog.set_level(logging.DEBUG)
    for strange in (b"HTTP/1.1 206 OK\r\nno colon\r\nX: y\r\n\r\n", part(b"a", 5), answer(b"", "503 Busy"), b"\xff"):
        with odd_host(saying(strange)) as host:
            failure(host)
    assert CANARY not in caplog.text
