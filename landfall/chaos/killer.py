"""The killer: strikes at planned moments, half of them aimed at states that were not hit yet."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from landfall.chaos.invariant_checks import Hit
from landfall.chaos.observer import Lookout
from landfall.chaos.processes import Processes
from landfall.chaos.schedule import KILLS, Blow, Weapon
from shared.records.run import RunState

# What a run passes in this set-up; each must be hit at least once.
PASSED = frozenset(
    {
        *(RunState.LANDED, RunState.SUBMITTED, RunState.STARTED, RunState.TRAINED),
        *(RunState.STAGED, RunState.DECIDED, RunState.PROMOTING, RunState.VERIFYING),
    }
)
AIM_S = 20.0  # how long an aimed kill waits for a state that was not hit yet
LAST_AIM_S = 90.0  # and how long once only few kills are left
IDLE_S = 20.0  # how long any kill waits for a run that is unsettled
LOOK_PAUSE_S = 0.004


class Killer:
    """Carries out the blows of a plan, one after the other."""

    def __init__(self, processes: Processes, lookout: Lookout, blows: Sequence[Blow]) -> None:
        self._processes = processes
        self._lookout = lookout
        self._blows = blows
        self.hits: list[Hit] = []
        self.restarts: Counter[Weapon] = Counter()
        self.idle = threading.Event()  # set while a kill waits for work to disturb
        self.done = threading.Event()

    @property
    def missed(self) -> frozenset[RunState]:
        """The states that no kill has hit yet."""
        return PASSED - {state for hit in self.hits for state in hit.states.values()}

    def run(self, stop: threading.Event) -> None:
        """Strike until every blow has fallen or `stop` is set.

        Raises:
            CommandError: a part cannot be started again.
        """
        try:
            for number, blow in enumerate(self._blows):
                if stop.wait(blow.pause_s):
                    return
                self._processes.look_after()
                left = sum(one.weapon in KILLS for one in self._blows[number:])
                self._blow(blow, left, stop)
        finally:
            self.done.set()

    def _blow(self, blow: Blow, left: int, stop: threading.Event) -> None:
        """Strike once; a target that was gone by itself is looked for again."""
        while not stop.is_set():
            targets = self._processes.targets(blow.weapon)
            if not targets:  # the worker does not come back: the host is next
                self._processes.look_after()
                continue
            states = self._moment(blow, left, stop) if blow.weapon in KILLS else {}
            at = datetime.now(UTC)
            if self._processes.strike(blow.weapon, targets):
                if blow.weapon in KILLS:
                    self.hits.append(Hit(at, blow.weapon, states))
                else:
                    self.restarts[blow.weapon] += 1
                self._processes.mend(blow.weapon, targets, blow.stopped_s, stop)
                return

    def _moment(self, blow: Blow, left: int, stop: threading.Event) -> Mapping[str, RunState]:
        """Wait for the moment to strike, within bounds; returns what is unsettled then."""
        urgent = left <= 2 * len(self.missed)
        aimed = bool(self.missed) and (blow.aimed or urgent)
        began = time.monotonic()
        while True:
            states = self._lookout.unsettled()
            passed_s = time.monotonic() - began
            if aimed and passed_s < (LAST_AIM_S if urgent else AIM_S):
                good = bool(self.missed & set(states.values()))
            else:
                good = bool(states) or passed_s >= IDLE_S
            if good or stop.is_set():
                self.idle.clear()
                return states
            if not states:
                self.idle.set()
            time.sleep(LOOK_PAUSE_S)
