"""A transport below the storage SDK that loses answers after their effect, and alters headers, as a test arranges."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from urllib3.exceptions import ProtocolError

NO_PAUSE: dict[str, Any] = {  # between the tries of a request to the blob service
    "initial_backoff": 0,
    "increment_base": 0,
    "random_jitter_range": 0,
}


class _BrokenBody:
    """The body of an answer whose connection breaks at the first byte."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Break off."""
        self._body.close()
        raise ProtocolError("the connection was reset")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)


class FaultyTransport(RequestsTransport):  # type: ignore[misc] # azure-core hides its type behind a lazy import
    """Sends every request for real; `sent` holds their methods."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self._lost: deque[tuple[str, Callable[[], None]]] = deque()
        self._broken: list[str] = []
        self._headers: dict[str, deque[tuple[str, str]]] = {}

    def lose_answer(self, method: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Lose the next answer to a request of a method; `meanwhile` happens before the SDK sends it again."""
        self._lost.append((method, meanwhile))

    def break_answer_off(self, method: str) -> None:
        """Let the connection break in the middle of the next answer to a request of a method."""
        self._broken.append(method)

    def alter_header(self, method: str, name: str, value: str) -> None:
        """Give the next answer to a request of a method another header."""
        self._headers.setdefault(method, deque()).append((name, value))

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request and return its answer, or lose it."""
        self.sent.append(request.method)
        answer = super().send(request, **options)
        if self._lost and self._lost[0][0] == request.method:
            _, meanwhile = self._lost.popleft()
            answer.internal_response.close()
            meanwhile()
            raise ServiceResponseError("the connection was reset")
        if request.method in self._broken:
            self._broken.remove(request.method)
            answer.internal_response.raw = _BrokenBody(answer.internal_response.raw)
        if self._headers.get(request.method):
            name, value = self._headers[request.method].popleft()
            answer.headers[name] = value
        return answer
