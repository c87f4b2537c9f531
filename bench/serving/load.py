"""A closed-loop load generator: kept connections, each sending its next request once it has its answer.

`drive` runs it in a process of its own, so that nothing else of the benchmark takes its time. Requests are made
and answers are known before it starts: it sends bytes, and compares bytes.
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
from bench.serving.figures import percentile
from landfall.stack.azurite import ROOT

RECEIVE_BYTES = 2**18
SEND_BUFFER_BYTES = 2**20  # more than a request, so that sending never waits
SILENCE_S = 30.0  # without any answer at all: the service hangs
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True)
class Load:
    """What to send, for how long, and what may come back.

    Attributes:
        requests: whole HTTP requests, sent in turn.
        accepted: for each of them the bodies that are right.
    """

    port: int
    requests: Sequence[bytes] = field(repr=False)
    accepted: Sequence[Sequence[bytes]] = field(repr=False)
    connections: int
    warm_up_s: float
    measured_s: float


@dataclass(frozen=True)
class Outcome:
    """What came of it. Failed and wrong answers are those of the warm-up too, all else is of the measured time."""

    answers: int
    duration_s: float
    p50_s: float
    p99_s: float
    failed: int  # another status than 200, or no answer
    wrong: int  # 200 and another body than the accepted ones
    seen: Sequence[int]  # how often each position of an accepted body came, such as 'by the first model'

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.duration_s


def drive(load: Load, core: int | None = None, niceness: int = 0) -> Outcome:
    """Put the load on a service, from a process of its own; on one core of the machine, if one is named.

    With a `niceness` above 0 other processes on that core go first.

    Raises:
        BenchError: the service takes no connection, or does not answer at all.
    """
    told = {
        "port": load.port,
        "requests": [one.decode("latin-1") for one in load.requests],
        "accepted": [[body.decode("latin-1") for body in bodies] for bodies in load.accepted],
        "connections": load.connections,
        "warm_up_s": load.warm_up_s,
        "measured_s": load.measured_s,
        "core": core,
        "niceness": niceness,
    }
    command = [sys.executable, "-m", "bench.serving.load"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(told), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the load on port {load.port} ended early: {done.stderr.strip().splitlines()[-1:]}")
    return Outcome(**json.loads(done.stdout))


class _Connection:
    """One kept connection: a request is out, or its answer is complete."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._connect()
        self.number = 0  # of the request that is out
        self.sent_at = 0.0
        self._got = bytearray()
        self._whole = 0  # bytes of the answer, head and body; 0 until the head is there
        self._body_at = 0

    def _connect(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), SILENCE_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        return opened

    def again(self) -> None:
        self.socket.close()
        self.socket = self._connect()
        self._got.clear()
        self._whole = 0

    def send(self, number: int, request: bytes) -> None:
        self.number = number
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[bool, bytes] | None:
        """Take what is there; gives whether the status is 200, and the body, once the answer is complete.

        Raises:
            OSError: the connection is gone.
        """
        chunk = self.socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionResetError
        self._got += chunk
        if not self._whole:
            end = self._got.find(_HEAD_END)
            if end < 0:
                return None
            _, found, rest = bytes(self._got[:end]).lower().partition(_LENGTH)
            if not found:
                raise ConnectionError
            self._body_at = end + len(_HEAD_END)
            self._whole = self._body_at + int(rest.partition(b"\r\n")[0])
        if len(self._got) < self._whole:
            return None
        answer = self._got.startswith(b"HTTP/1.1 200 "), bytes(self._got[self._body_at : self._whole])
        self._got.clear()
        self._whole = 0
        return answer


def ask(port: int, request: bytes) -> tuple[bool, bytes]:
    """Send one request; gives whether its status is 200, and the body.

    Raises:
        OSError: there is no answer.
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
    """Counts answers, and takes their times down while it is time to measure."""

    def __init__(self, accepted: Sequence[Sequence[bytes]]) -> None:
        self._accepted = accepted
        self.latencies_s: list[float] = []
        self.failed = self.wrong = 0
        self.seen = [0] * max(map(len, accepted))

    def judge(self, number: int, answer: tuple[bool, bytes]) -> None:
        fine, body = answer
        if not fine:
            self.failed += 1
            return
        for position, right in enumerate(self._accepted[number]):
            if body == right:
                self.seen[position] += 1
                return
        self.wrong += 1


def put_load(load: Load) -> Outcome:
    """Put the load on a service from this process, until the time is over.

    Raises:
        TimeoutError: the service does not answer at all.
        OSError: it takes no connection.
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
            ready = selector.select(SILENCE_S)
            if not ready:
                raise TimeoutError("no answer for too long")
            for key, _ in ready:
                connection = key.data
                try:
                    answer = connection.receive()
                except OSError:
                    tally.failed += 1
                    selector.unregister(connection.socket)
                    connection.again()
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                else:
                    if answer is None:
                        continue
                    now = time.perf_counter()
                    if now >= began:
                        tally.latencies_s.append(now - connection.sent_at)
                    tally.judge(connection.number, answer)
                number = (connection.number + 1) % count
                connection.send(number, load.requests[number])
            now = time.perf_counter()
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    times = sorted(tally.latencies_s)
    return Outcome(
        len(times), now - began, percentile(times, 50), percentile(times, 99), tally.failed, tally.wrong, tally.seen
    )


def _main() -> None:
    told: dict[str, Any] = json.load(sys.stdin)
    core = told.pop("core")
    os.nice(told.pop("niceness"))
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    told["requests"] = [one.encode("latin-1") for one in told["requests"]]
    told["accepted"] = [[body.encode("latin-1") for body in bodies] for bodies in told["accepted"]]
    outcome = put_load(Load(**told))
    json.dump(outcome.__dict__, sys.stdout)


if __name__ == "__main__":
    _main()
