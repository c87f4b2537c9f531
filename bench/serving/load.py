"""A closed-loop load generator: keep-alive connections, each sending its next request after its answer.

`drive` runs it in a process of its own, so that no other work of the benchmark takes its time. Requests are built
and answers are known before it starts: it sends bytes and compares bytes.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.errors import BenchError
from bench.serving.stats import percentile
from landfall.stack.azurite import ROOT

RECEIVE_BYTES = 2**18
SEND_BUFFER_BYTES = 2**20  # larger than any request, so that sending never blocks
MAX_SILENCE_S = 30.0  # without any answer on any connection: the service hangs
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True)
class Load:
    """What to send, for how long, and which answers are right.

    Attributes:
        requests: whole HTTP requests, sent in turn.
        accepted: for each request the bodies that are right.
    """

    port: int
    requests: Sequence[bytes] = field(repr=False)
    accepted: Sequence[Sequence[bytes]] = field(repr=False)
    connections: int
    warm_up_s: float
    measured_s: float


@dataclass(frozen=True)
class Outcome:
    """The result. `failed`, `wrong` and `accepted` include the warm-up; everything else is of the measured time."""

    answers: int
    duration_s: float
    p50_s: float
    p99_s: float
    failed: int  # no answer, or a status other than 200
    wrong: int  # status 200 with a body that is not accepted
    accepted: Sequence[int]  # how often the first accepted body came, the second, …

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.duration_s


def drive(load: Load, core: int | None = None, niceness: int = 0) -> Outcome:
    """Put the load on a service from a process of its own, bound to `core` if one is given.

    With a `niceness` above 0 other processes on that core go first.

    Raises:
        BenchError: the service refuses connections or stops answering.
    """
    task = {
        "port": load.port,
        "requests": [request.decode("latin-1") for request in load.requests],
        "accepted": [[body.decode("latin-1") for body in bodies] for bodies in load.accepted],
        "connections": load.connections,
        "warm_up_s": load.warm_up_s,
        "measured_s": load.measured_s,
        "core": core,
        "niceness": niceness,
    }
    command = [sys.executable, "-m", "bench.serving.load"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(task), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the load on port {load.port} ended early: {done.stderr.strip().splitlines()[-1:]}")
    return Outcome(**json.loads(done.stdout))


class _Connection:
    """A keep-alive connection with one request in flight."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._connect()
        self.number = 0  # of the request in flight
        self.sent_at = 0.0
        self._received = bytearray()
        self._answer_bytes = 0  # length of head and body; 0 until the head has arrived
        self._body_at = 0

    def _connect(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), MAX_SILENCE_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        return opened

    def reconnect(self) -> None:
        self.socket.close()
        self.socket = self._connect()
        self._received.clear()
        self._answer_bytes = 0

    def send(self, number: int, request: bytes) -> None:
        self.number = number
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[bool, bytes] | None:
        """Read what has arrived; once the answer is complete, return whether its status is 200, and its body.

        Raises:
            OSError: the connection is closed, or the answer has no Content-Length.
        """
        chunk = self.socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionResetError
        self._received += chunk
        if not self._answer_bytes:
            end = self._received.find(_HEAD_END)
            if end < 0:
                return None
            _, header, rest = bytes(self._received[:end]).lower().partition(_LENGTH)
            if not header:
                raise ConnectionError
            self._body_at = end + len(_HEAD_END)
            self._answer_bytes = self._body_at + int(rest.partition(b"\r\n")[0])
        if len(self._received) < self._answer_bytes:
            return None
        answer = self._received.startswith(b"HTTP/1.1 200 "), bytes(self._received[self._body_at : self._answer_bytes])
        self._received.clear()
        self._answer_bytes = 0
        return answer


def send_once(port: int, request: bytes) -> tuple[bool, bytes]:
    """Send one request; return whether the status is 200, and the body.

    Raises:
        OSError: no answer came.
    """
    connection = _Connection(port)
    try:
        connection.send(0, request)
        while (answer := connection.receive()) is None:
            pass
        return answer
    finally:
        connection.socket.close()


class _Tally:
    """Counts answers and keeps the latencies of the measured time."""

    def __init__(self, accepted: Sequence[Sequence[bytes]]) -> None:
        self._accepted_bodies = accepted
        self.latencies_s: list[float] = []
        self.failed = self.wrong = 0
        self.accepted = [0] * max(map(len, accepted))

    def count(self, number: int, answer: tuple[bool, bytes]) -> None:
        ok, body = answer
        if not ok:
            self.failed += 1
            return
        for position, right in enumerate(self._accepted_bodies[number]):
            if body == right:
                self.accepted[position] += 1
                return
        self.wrong += 1


def put_load(load: Load) -> Outcome:
    """Put the load on a service from this process until its time is over.

    Raises:
        TimeoutError: no answer came for `MAX_SILENCE_S`.
        OSError: the service refuses connections.
    """
    tally, count = _Tally(load.accepted), len(load.requests)
    began = time.perf_counter() + load.warm_up_s
    ends = began + load.measured_s
    with selectors.DefaultSelector() as selector:
        for place in range(load.connections):
            connection = _Connection(load.port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            number = place * count // load.connections
            connection.send(number, load.requests[number])
        now = time.perf_counter()
        while now < ends:
            ready = selector.select(MAX_SILENCE_S)
            if not ready:
                raise TimeoutError(f"no answer for {MAX_SILENCE_S:g} s")
            for key, _ in ready:
                connection = key.data
                try:
                    answer = connection.receive()
                except OSError:
                    tally.failed += 1
                    selector.unregister(connection.socket)
                    connection.reconnect()
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                else:
                    if answer is None:
                        continue
                    now = time.perf_counter()
                    if now >= began:
                        tally.latencies_s.append(now - connection.sent_at)
                    tally.count(connection.number, answer)
                number = (connection.number + 1) % count
                connection.send(number, load.requests[number])
            now = time.perf_counter()
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    times = sorted(tally.latencies_s)
    return Outcome(
        len(times), now - began, percentile(times, 50), percentile(times, 99), tally.failed, tally.wrong, tally.accepted
    )


def _main() -> None:
    task: dict[str, Any] = json.load(sys.stdin)
    core = task.pop("core")
    os.nice(task.pop("niceness"))
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    task["requests"] = [request.encode("latin-1") for request in task["requests"]]
    task["accepted"] = [[body.encode("latin-1") for body in bodies] for bodies in task["accepted"]]
    outcome = put_load(Load(**task))
    json.dump(outcome.__dict__, sys.stdout)


if __name__ == "__main__":
    _main()
