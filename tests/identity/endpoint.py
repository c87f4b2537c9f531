"""A stand-in for the endpoint where a function app in Azure gets the tokens of its managed identity."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from urllib.parse import parse_qs, urlsplit

from tests.identity.tokens import STORAGE, a_token

SECRET = "CANARY-IDENTITY-HEADER"


@dataclass
class IdentityEndpoint:
    """A running endpoint: the environment variables that lead to it, and the client id of each token request."""

    environ: dict[str, str]
    client_ids: list[str] = field(default_factory=list)


@contextlib.contextmanager
def identity_endpoint() -> Iterator[IdentityEndpoint]:
    """Issue tokens on a free port of 127.0.0.1 for the time of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            right = self.headers.get("X-IDENTITY-HEADER") == SECRET and query["resource"] == [STORAGE]
            answer: dict[str, object] = {"statusCode": 400, "message": f"no identity for {self.headers}"}
            if right:
                token = a_token(3600)
                answer = {"access_token": token.token, "expires_on": str(token.expires_on), "token_type": "Bearer"}
                answer["resource"] = STORAGE
            body = dumps(answer).encode()
            running.client_ids.append(query.get("client_id", [""])[0])
            self.send_response(200 if right else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/msi/token"
        running = IdentityEndpoint({"IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": SECRET})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
