"""The killer: kills processes at planned moments, half of them aimed at states that no kill has hit yet."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from landfall.chaos.invariant_checks import KillRecord
from landfall.chaos.observer import Observer
from landfall.chaos.processes import Processes
from landfall.chaos.schedule import KILLS, Kill, KillSignal
from shared.records.run_states import RunState

AIM_S = 20.0  # how long an aimed kill waits for a state that no kill has hit yet
LAST_AIM_S = 90.0  # the same, once few kills are left
IDLE_S = 20.0  # how long any kill waits for an unsettled run
POLL_S = 0.004


class Killer:
    """Carries out the kills of a schedule, one after the other."""

    def __init__(
        self, processes: Processes, observer: Observer, kills: Sequence[Kill], passed_states: frozenset[RunState]
    ) -> None:
        self._processes = processes
        self._observer = observer
        self._kills = kills
        self._passed_states = passed_states
        self.kill_records: list[KillRecord] = []
        self.restarts: Counter[KillSignal] = Counter()
        self.idle = threading.Event()  # set while a kill waits for work to disturb
        self.done = threading.Event()

    @property
    def missed(self) -> frozenset[RunState]:
        """The states that no kill has hit yet."""
        return self._passed_states - {state for record in self.kill_records for state in record.states.values()}

    def run(self, stop: threading.Event) -> None:
        """Carry out every kill, unless `stop` is set before.

        Raises:
            CommandError: a part cannot be started again.
        """
        try:
            for number, kill in enumerate(self._kills):
                if stop.wait(kill.pause_s):
                    return
                self._processes.restart_dead_host()
                left = sum(remaining.signal in KILLS for remaining in self._kills[number:])
                self._carry_out(kill, left, stop)
        finally:
            self.done.set()

    def _carry_out(self, kill: Kill, left: int, stop: threading.Event) -> None:
        """Kill once; if the target ended by itself before the signal, choose the target again."""
        while not stop.is_set():
            targets = self._processes.targets(kill.signal)
            if not targets:  # the worker does not come back: the host is next
                self._processes.restart_dead_host()
                continue
            states = self._wait_for_moment(kill, left, stop) if kill.signal in KILLS else {}
            at = datetime.now(UTC)
            if self._processes.send(kill.signal, targets):
                if kill.signal in KILLS:
                    self.kill_records.append(KillRecord(at, kill.signal, states))
                else:
                    self.restarts[kill.signal] += 1
                self._processes.recover(kill, targets, stop)
                return

    def _wait_for_moment(self, kill: Kill, left: int, stop: threading.Event) -> Mapping[str, RunState]:
        """Wait, within bounds, for the moment to kill; returns the unsettled runs at that moment."""
        urgent = left <= 2 * len(self.missed)
        aimed = bool(self.missed) and (kill.aimed or urgent)
        began = time.monotonic()
        while True:
            states = self._observer.unsettled_states()
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
            time.sleep(POLL_S)
