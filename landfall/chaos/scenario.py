"""The course of a run: the working phase with everything at once, the calm after it, until all is settled."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from landfall.chaos.killer import Killer
from landfall.chaos.observer import Lookout
from landfall.chaos.processes import Processes
from landfall.chaos.proxied_stack import Stage
from landfall.chaos.schedule import Plan
from landfall.chaos.uploader import Dropper
from shared.errors import LandfallError
from shared.records.run import Run

LOOK_S = 1.0
LEAD = 0.05  # how far the files may be ahead of the kills, as a share of the working phase
SETTLED_LOOKS = 3  # so often in a row: a file between its event and its claim is in no row yet
STALL_S = 480.0  # a run that failed often waits up to five minutes for its next try
SETTLE_MOST_S = 2400.0


@dataclass(frozen=True)
class Progress:
    """How far a run is, for the line that people see."""

    phase: str
    written: int
    kills: int
    states: Counter[str]


class Course:
    """Plays a plan on a stage."""

    def __init__(self, stage: Stage, plan: Plan, show: Callable[[Progress], None]) -> None:
        self._stage = stage
        self._plan = plan
        self._show = show
        self._lookout = Lookout(stage.stack.document, stage.studio)
        self._eyes = Lookout(stage.stack.document, stage.studio)  # the killer's own
        self.processes = Processes(stage)
        self.killer = Killer(self.processes, self._eyes, plan.blows)
        document = stage.stack.document
        self.dropper = Dropper(document["storage"], document["input"], plan.drops, self._until_s)

    def play(self) -> bool:
        """Play the plan; returns whether everything was settled in the end.

        Raises:
            CommandError: a part of the stack cannot be started again, or ended by itself.
        """
        stop, stage = threading.Event(), self._stage
        stage.weather.let_loose()
        try:
            with ThreadPoolExecutor(3, thread_name_prefix="chaos") as pool:
                work = [
                    pool.submit(self.dropper.run, stop),
                    pool.submit(self.killer.run, stop),
                    pool.submit(stage.weather.blow, self._plan.gusts, stage.proxies, stop),
                ]
                try:
                    self._work(work[:2])
                finally:
                    stop.set()
            for one in work:
                one.result()
            stage.weather.calm_down()
            return self._settle()
        finally:
            self._lookout.close()
            self._eyes.close()

    def _until_s(self) -> float:
        """Return how far the files may go: a little further than the kills are."""
        if self.killer.done.is_set() or self.killer.idle.is_set() or not self._plan.kills:
            return math.inf
        return (len(self.killer.hits) / self._plan.kills + LEAD) * self._plan.working_s

    def _work(self, work: Iterable[Future[None]]) -> None:
        """Show how it goes until files and kills are done; what a thread raises ends it at once."""
        pending = list(work)
        while pending:
            time.sleep(LOOK_S)
            for one in [one for one in pending if one.done()]:
                one.result()
                pending.remove(one)
            self._look("working")

    def _settle(self) -> bool:
        """Wait until every file has its outcome and no run is on its way; False if that takes too long."""
        began = changed_at = time.monotonic()
        before: list[Run] | None = None
        good = 0
        while good < SETTLED_LOOKS:
            time.sleep(LOOK_S)
            self.processes.look_after()
            runs = self._look("calm")
            now = time.monotonic()
            if runs is not None:
                if runs != before:
                    before, changed_at = runs, now
                good = good + 1 if self._is_settled(runs) else 0
            if now - changed_at > STALL_S or now - began > SETTLE_MOST_S:
                return False
        return True

    def _is_settled(self, runs: list[Run]) -> bool:
        ended = {(run.blob, run.etag) for run in runs if run.terminal}
        try:
            return len(ended) == len(runs) and ended.issuperset(self._lookout.present())
        except LandfallError:
            return False

    def _look(self, phase: str) -> list[Run] | None:
        """Read all runs and show them; None if storage does not answer just now."""
        try:
            runs = self._lookout.runs()
        except LandfallError:
            return None
        states = Counter(run.state.value for run in runs)
        self._show(Progress(phase, len(self.dropper.written), len(self.killer.hits), states))
        return runs
