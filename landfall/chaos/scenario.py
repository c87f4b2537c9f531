"""The scenario of a chaos run: the working phase with everything at once, then calm until every run is settled."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from landfall.chaos.acceptor import Acceptor
from landfall.chaos.killer import Killer
from landfall.chaos.observer import Observer
from landfall.chaos.processes import Processes
from landfall.chaos.proxied_stack import ProxiedStack
from landfall.chaos.schedule import Schedule
from landfall.chaos.uploader import Uploader
from shared.errors import LandfallError
from shared.records.run import Run

POLL_S = 1.0
LEAD = 0.05  # how far the files may be ahead of the kills, as a share of the working phase
SETTLED_POLLS = 3  # in a row: a file between its event and its claim has no row yet
STALL_S = 480.0  # a run that failed often waits up to five minutes for its next attempt
MAX_SETTLE_S = 2400.0


@dataclass(frozen=True)
class Progress:
    """How far the chaos run is, for the progress line."""

    phase: str
    written: int
    kills: int
    states: Counter[str]


class Scenario:
    """Plays a schedule on a stack behind proxies."""

    def __init__(self, proxied: ProxiedStack, schedule: Schedule, show: Callable[[Progress], None]) -> None:
        self._proxied = proxied
        self._schedule = schedule
        self._show = show
        self._observer = Observer(proxied.stack.document, proxied.studio)
        self._killer_observer = Observer(proxied.stack.document, proxied.studio)  # used by its thread alone
        self.processes = Processes(proxied)
        self.killer = Killer(self.processes, self._killer_observer, schedule.kills, schedule.passed_states)
        document = proxied.stack.document
        self.uploader = Uploader(document["storage"], document["input"], schedule.uploads, self._until_s)
        self.acceptor = Acceptor(document, self.uploader.acceptable)

    def play(self) -> bool:
        """Play the schedule; returns whether every run was settled in the end.

        Raises:
            CommandError: a part of the stack cannot be started again, or ended by itself.
        """
        stop, faults = threading.Event(), self._proxied.faults
        faults.start()
        try:
            with ThreadPoolExecutor(3, thread_name_prefix="chaos") as pool:
                uploads = pool.submit(self.uploader.run, stop)
                kills = pool.submit(self.killer.run, stop)
                bursts = pool.submit(faults.run_bursts, self._schedule.bursts, self._proxied.proxies, stop)
                try:
                    self._wait_for([uploads, kills])
                finally:
                    stop.set()
            for future in (uploads, kills, bursts):
                future.result()
            faults.stop()
            return self._settle()
        finally:
            self._observer.close()
            self._killer_observer.close()

    def _until_s(self) -> float:
        """Return how far in the schedule's time the files may be: a little further than the kills."""
        if self.killer.done.is_set() or self.killer.idle.is_set() or not self._schedule.kill_count:
            return math.inf
        return (len(self.killer.kill_records) / self._schedule.kill_count + LEAD) * self._schedule.working_s

    def _wait_for(self, work: Iterable[Future[None]]) -> None:
        """Show the progress until the work is done; an error in a thread ends the wait at once."""
        pending = list(work)
        while pending:
            time.sleep(POLL_S)
            for future in [future for future in pending if future.done()]:
                future.result()
                pending.remove(future)
            self._read_and_show("working")

    def _settle(self) -> bool:
        """Wait until every file has its outcome and no run is unsettled; False if that takes too long."""
        began = changed_at = time.monotonic()
        before: list[Run] | None = None
        settled_polls = 0
        while settled_polls < SETTLED_POLLS:
            time.sleep(POLL_S)
            self.processes.restart_dead_host()
            runs = self._read_and_show("calm")
            now = time.monotonic()
            if runs is not None:
                if runs != before:
                    before, changed_at = runs, now
                settled_polls = settled_polls + 1 if self._is_settled(runs) else 0
            if now - changed_at > STALL_S or now - began > MAX_SETTLE_S:
                return False
        return True

    def _is_settled(self, runs: list[Run]) -> bool:
        ended = {(run.blob, run.etag) for run in runs if run.terminal}
        try:
            if self.acceptor.pending(runs):
                return False
            return len(ended) == len(runs) and ended.issuperset(self._observer.present_versions())
        except LandfallError:
            return False

    def _read_and_show(self, phase: str) -> list[Run] | None:
        """Read all runs, show the progress, and accept what waits for it; None while the storage does not answer."""
        try:
            runs = self._observer.runs()
        except LandfallError:
            return None
        states = Counter(run.state.value for run in runs)
        self._show(Progress(phase, len(self.uploader.written), len(self.killer.kill_records), states))
        self.acceptor.accept(runs)
        return runs
