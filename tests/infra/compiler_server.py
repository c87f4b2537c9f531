"""The Bicep compiler as a server (`bicep jsonrpc`): one process that evaluates many deployments, and starts once."""

import json
import subprocess
from pathlib import Path
from typing import Any, Self


class Server:
    """A running compiler, which takes requests of JSON-RPC over its standard input."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen([program, "jsonrpc", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._requests = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the compiler."""
        self._process.communicate()

    def snapshot(self, parameters: Path, metadata: dict[str, str]) -> dict[str, Any]:
        """Evaluate a deployment.

        Returns:
            The answer: `result` with the snapshot, or `error`.
        """
        return self._ask("bicep/getSnapshot", [{"path": str(parameters), "metadata": metadata}])

    def _ask(self, method: str, parameters: list[Any]) -> dict[str, Any]:
        """Send a request, and read its answer."""
        sent, read = self._process.stdin, self._process.stdout
        assert sent is not None
        assert read is not None
        self._requests += 1
        members = {"jsonrpc": "2.0", "id": self._requests, "method": method, "params": parameters}
        body = json.dumps(members).encode()
        sent.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        sent.flush()
        length = 0
        while header := read.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        answer = json.loads(read.read(length))
        assert isinstance(answer, dict)
        assert answer["id"] == self._requests
        return answer
