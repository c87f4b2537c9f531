"""Injects faults into requests: rarely in the background, often in a burst, never once the run is calm."""

import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from landfall.chaos.proxy import Fault, Proxy, Request, Treatment

BACKGROUND_SHARE = 0.01  # share of requests that meet a fault outside of bursts
BURST_SHARE = 0.35  # share of requests that meet a fault in a burst
HANG_S = (0.2, 3.0)
LONG_HANG_S = 35.0  # longer than any of the app's own time-outs
LONG_HANG_SHARE = 0.08  # share of hangs that are long
SLOW_SHARE = 0.6
SLOW_S = (0.1, 0.7)
_WEIGHTS = {Fault.HANG: 4, Fault.ANSWER_500: 4, Fault.ANSWER_NOTHING: 2}

# Calls that are slowed down: a state that lasts for one call is otherwise too short for a kill to hit it.
_SLOW = (
    ("POST", re.compile(r"/jobs$")),  # landed
    ("POST", re.compile(r"/jobs/[^/]+/start$")),  # submitted
    ("PUT", re.compile(r"^/[^/]+/models/")),  # decided: the model is archived
    ("PATCH", re.compile(r"/endpoints/")),  # trained (staging) and promoting (serving)
)


@dataclass(frozen=True)
class FaultBurst:
    """A short time in which one service is hardly reachable.

    Attributes:
        at_s: when it begins, from the start of the working phase.
        refuse: whether all connections are refused; otherwise many requests meet a fault.
        service: the proxy's number.
    """

    at_s: float
    lasts_s: float
    refuse: bool
    service: int


class FaultInjector:
    """Decides what happens to each request of every proxy. Injects nothing before `start`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._lock = threading.Lock()
        self._started = False
        self._in_burst: set[int] = set()
        self.injected: Counter[Fault] = Counter()

    def treatment_for(self, service: int, request: Request) -> Treatment:
        """Return what happens to a request to a service."""
        with self._lock:
            if not self._started:
                return Treatment()
            rng = self._rng
            slow = any(method == request.method and path.search(request.path) for method, path in _SLOW)
            delay_s = rng.uniform(*SLOW_S) if slow and rng.random() < SLOW_SHARE else 0.0
            if rng.random() >= (BURST_SHARE if service in self._in_burst else BACKGROUND_SHARE):
                return Treatment(delay_s=delay_s)
            (fault,) = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            self.injected[fault] += 1
            return Treatment(fault, delay_s, LONG_HANG_S if rng.random() < LONG_HANG_SHARE else rng.uniform(*HANG_S))

    def start(self) -> None:
        """Start to inject faults."""
        with self._lock:
            self._started = True

    def stop(self) -> None:
        """End every fault and delay for good; later bursts have no effect."""
        with self._lock:
            self._started = False

    def run_bursts(self, bursts: Sequence[FaultBurst], proxies: Sequence[Proxy], stop: threading.Event) -> None:
        """Run the bursts in order, each at its time, until all are over or `stop` is set."""
        passed_s = 0.0
        for burst in bursts:
            if stop.wait(max(0.0, burst.at_s - passed_s)):
                return
            passed_s = burst.at_s + burst.lasts_s
            proxy = proxies[burst.service]
            try:
                if burst.refuse:
                    proxy.refuse()
                else:
                    self._in_burst.add(burst.service)
                stop.wait(burst.lasts_s)
            finally:
                self._in_burst.discard(burst.service)
                proxy.open()
