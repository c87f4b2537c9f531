"""The internal queue of the blob trigger, made unreliable: it loses a fifth of the messages and triples the others.

The host's blob listener sends a message there for each version that it finds. A lost message is acknowledged as the
queue would acknowledge it. Only the app's own sweep can then find the file.
"""

import contextlib
import heapq
import http.client
import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from landfall.chaos.proxy import HOST, Answer, Request
from landfall.stack.settings import HOST_ID

QUEUE = f"azure-webjobs-blobtrigger-{HOST_ID}"
LOST_SHARE = 0.2
COPIES = 3
DELAY_S = (0.0, 6.0)  # drawn for each copy, so that copies and messages arrive out of order
TIMEOUT_S = 20


class LossyBlobQueue:
    """Intercepts requests in the queue service's proxy."""

    def __init__(self, rng: random.Random, queue_port: int) -> None:
        self._dice = rng
        self._queue_port = queue_port
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Request]] = []
        self._closing = False
        self.counts: Counter[str] = Counter()
        threading.Thread(target=self._deliver, name="events", daemon=True).start()

    def intercept(self, request: Request) -> Answer | None:
        """Drop a message for the queue, or deliver copies of it later; let every other request pass."""
        if request.method != "POST" or not request.path.endswith(f"/{QUEUE}/messages"):
            return None
        with self._changed:
            if self._dice.random() < LOST_SHARE:
                self.counts["lost"] += 1
            else:
                self.counts["tripled"] += 1
                for _ in range(COPIES):
                    due = time.monotonic() + self._dice.uniform(*DELAY_S)
                    heapq.heappush(self._waiting, (due, self._dice.getrandbits(32), request))
                self._changed.notify()
        return accepted()

    def close(self) -> None:
        """Stop, and discard the copies that are not delivered yet."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def _deliver(self) -> None:
        while True:
            with self._changed:
                while not self._closing and (not self._waiting or self._waiting[0][0] > time.monotonic()):
                    pause_s = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    self._changed.wait(pause_s)
                if self._closing:
                    return
                *_, request = heapq.heappop(self._waiting)
            with contextlib.suppress(OSError, http.client.HTTPException):  # Azurite restarts: this copy is lost
                self._send(request)

    def _send(self, request: Request) -> None:
        """Send the signed request unchanged: the signature covers neither host nor port."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self._queue_port, timeout=TIMEOUT_S)) as queue:
            headers = {name: value for name, value in request.headers if name.lower() != "connection"}
            queue.request("POST", request.target, request.body, headers)
            answer = queue.getresponse()
            answer.read()
        with self._changed:
            self.counts["delivered" if answer.status == http.client.CREATED else "refused"] += 1


def accepted() -> Answer:
    """Return the queue service's answer to an accepted message."""
    now = datetime.now(UTC)
    times = {"InsertionTime": now, "ExpirationTime": now + timedelta(days=7), "TimeNextVisible": now}
    parts = "".join(f"<{name}>{format_datetime(when, usegmt=True)}</{name}>" for name, when in times.items())
    message = f"<MessageId>00000000-0000-4000-8000-000000000000</MessageId>{parts}<PopReceipt>none</PopReceipt>"
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage>{message}</QueueMessage>'
        "</QueueMessagesList>"
    ).encode()
    return Answer(201, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body)
