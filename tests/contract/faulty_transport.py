"""A transport below the storage SDK that loses answers after their effect, and alters headers, as a test arranges."""

from collections import deque
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport


class FaultyTransport(RequestsTransport):  # type: ignore[misc] # azure-core hides its type behind a lazy import
    """Sends every request for real; `sent` holds their methods."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self._lost: deque[tuple[str, Callable[[], None]]] = deque()
        self._headers: dict[str, deque[tuple[str, str]]] = {}

    def lose_answer(self, method: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Lose the next answer to a request of a method; `meanwhile` happens before the SDK sends it again."""
        self._lost.append((method, meanwhile))

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
        if self._headers.get(request.method):
            name, value = self._headers[request.method].popleft()
            answer.headers[name] = value
        return answer
