"""What the studio sends to a storage host, and what it does not let such a host do."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from studio import storage
from studio.errors import StorageError
from studio.locations import BlobAddress


class Host(ThreadingHTTPServer):
    """A storage host on this machine that answers `/moved` with a redirect to `/secret`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Writes down what is asked for."""

    server: Host

    def do_GET(self) -> None:
        """Redirect, or give what must not be reached."""
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        self.send_response(302 if path == "/c/moved" else 200)
        self.send_header("Location", f"{self.server.url}/secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[Host]:
    """Give the host for the time of a test."""
    with Host() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_redirect_is_not_followed(host: Host) -> None:
    """A listed host cannot send the studio elsewhere: its redirect is an error, which shows no token."""
    with pytest.raises(StorageError) as caught:
        storage.fetch(BlobAddress(host.url, "c", "moved", sas_token="sv=1&sig=CANARY"), 1000)
    assert set(host.asked) == {"/c/moved"}
    assert "CANARY" not in str(caught.value)
