"""What goes wrong on the way: seldom at any request, often in a gust, never once it is calm."""

import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from landfall.chaos.proxy import Fault, Proxy, Request, Treatment

SELDOM = 0.01  # the share of requests that meet a fault in ordinary weather
IN_A_GUST = 0.35
HANG_S = (0.2, 3.0)
LONG_HANG_S = 35.0  # longer than any of the app's own time-outs
LONG_HANGS = 0.08  # the share of hangs that are long
SLOW_SHARE = 0.6
SLOW_S = (0.1, 0.7)
_WEIGHTS = {Fault.HANG: 4, Fault.ANSWER_500: 4, Fault.ANSWER_NOTHING: 2}

# Calls made slow: states that last for one call are otherwise too short to be hit by a kill.
_SLOW = (
    ("POST", re.compile(r"/jobs$")),  # landed
    ("POST", re.compile(r"/jobs/[^/]+/start$")),  # submitted
    ("PUT", re.compile(r"^/[^/]+/models/")),  # decided: the model is being kept
    ("PATCH", re.compile(r"/endpoints/")),  # trained (staging) and promoting (serving)
)


@dataclass(frozen=True)
class Gust:
    """A short time in which one service is hardly reachable.

    Attributes:
        at_s: when it begins, from the beginning of the working phase.
        refuse: connections are refused all the time; otherwise many requests meet a fault.
        service: which of the proxies, by its number.
    """

    at_s: float
    lasts_s: float
    refuse: bool
    service: int


class Weather:
    """Decides what is done to each request of every proxy. Calm until it is let loose."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._lock = threading.Lock()
        self._loose = False
        self._gusty: set[int] = set()
        self.met: Counter[Fault] = Counter()

    def treat(self, service: int, request: Request) -> Treatment:
        """Return what is done to a request to a service."""
        with self._lock:
            if not self._loose:
                return Treatment()
            dice = self._dice
            slow = any(method == request.method and path.search(request.path) for method, path in _SLOW)
            delay_s = dice.uniform(*SLOW_S) if slow and dice.random() < SLOW_SHARE else 0.0
            if dice.random() >= (IN_A_GUST if service in self._gusty else SELDOM):
                return Treatment(delay_s=delay_s)
            (fault,) = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            self.met[fault] += 1
            return Treatment(fault, delay_s, LONG_HANG_S if dice.random() < LONG_HANGS else dice.uniform(*HANG_S))

    def let_loose(self) -> None:
        """Begin."""
        with self._lock:
            self._loose = True

    def calm_down(self) -> None:
        """End every fault and delay for good; gusts that come later have no effect."""
        with self._lock:
            self._loose = False

    def blow(self, gusts: Sequence[Gust], proxies: Sequence[Proxy], stop: threading.Event) -> None:
        """Let the gusts happen in their order, each at its time, until all have or `stop` is set."""
        passed_s = 0.0
        for gust in gusts:
            if stop.wait(max(0.0, gust.at_s - passed_s)):
                return
            passed_s = gust.at_s + gust.lasts_s
            proxy = proxies[gust.service]
            try:
                if gust.refuse:
                    proxy.refuse()
                else:
                    self._gusty.add(gust.service)
                stop.wait(gust.lasts_s)
            finally:
                self._gusty.discard(gust.service)
                proxy.open()
