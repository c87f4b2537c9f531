"""A stand-in for the endpoint where a function app in Azure gets the tokens of its managed identity."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from json import dumps
from urllib.parse import parse_qs, urlsplit

from tests.identity.tokens import STORAGE, a_token
from tests.local_server import QuietHandler, serving

SECRET = "CANARY-IDENTITY-HEADER"


@dataclass
class IdentityEndpoint:
    """A running endpoint: the environment variables that lead to it, and the client id of each token request."""

    environ: dict[str, str]
    client_ids: list[str] = field(default_factory=list)


@contextlib.contextmanager
def identity_endpoint() -> Iterator[IdentityEndpoint]:
    """Issue tokens on a free port of 127.0.0.1 for the time of the `with`."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
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

    with serving(Handler) as port:
        url = f"http://127.0.0.1:{port}/msi/token"
        running = IdentityEndpoint({"IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": SECRET})
        yield running
