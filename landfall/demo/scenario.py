"""The demo's three acts, each with its facts and whether it succeeded."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from landfall.demo.datasets import Dataset
from landfall.demo.probes import Probes
from landfall.errors import CommandError
from landfall.follow_run import follow_run
from landfall.run_display import step_lines
from landfall.stack.input_files import upload_input
from landfall.stack.up import RunningStack
from landfall.times import clock
from shared.adapters.storage.table_runs import TableRunStore
from shared.plurals import counted
from shared.records.run import Run
from shared.records.run_states import RunState

RUN_LIMIT_S = 180
REPEATS = 3


@dataclass
class Act:
    """One act: its title, the facts, and whether it succeeded."""

    title: str
    ok: bool = False
    facts: list[str] = field(default_factory=list)
    run: Run | None = None
    elapsed_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the act for scripts."""
        run = None if self.run is None else {"run_id": self.run.run_id, "state": self.run.state.value}
        return {
            "title": self.title,
            "ok": self.ok,
            "facts": self.facts,
            "run": run,
            "elapsed_s": round(self.elapsed_s, 1),
        }


class Scenario:
    """Plays the acts on a running stack; `begin` gets the title of each act, `report` a line for each step."""

    def __init__(
        self,
        stack: RunningStack,
        dataset: Dataset,
        begin: Callable[[str], None],
        report: Callable[[str], None],
    ) -> None:
        self._stack = stack
        self._dataset = dataset
        self._begin = begin
        self._report = report
        self._store = TableRunStore.from_connection_string(stack.document["storage"])
        self._probes = Probes(stack.document, stack.state.log("host"))

    def play(self) -> list[Act]:
        """Play all acts."""
        good = self._timed(self._good_file)
        return [good, self._timed(self._shuffled_labels), self._timed(lambda: self._same_file_again(good))]

    def _timed(self, play: Callable[[], Act]) -> Act:
        began = time.monotonic()
        act = play()
        act.elapsed_s = time.monotonic() - began
        return act

    def _good_file(self) -> Act:
        act = Act("a good file is promoted")
        self._begin(f"1. A good file lands: {self._dataset.rows:,} rows")
        before = self._probes.prediction(self._dataset.watched)
        run = self._drop("good.csv", self._dataset.good)
        after = self._probes.prediction(self._dataset.watched)
        act.run = run
        act.facts = [run.reason, f"prediction for the watched row: {before} before, {after} after"]
        act.ok = run.state is RunState.PROMOTED and before != after
        return act

    def _shuffled_labels(self) -> Act:
        act = Act("shuffled labels are rejected")
        self._begin("2. A bad file lands: the same rows, with the labels shuffled")
        before, patches = self._probes.prediction(self._dataset.watched), self._probes.patches()
        run = self._drop("shuffled.csv", self._dataset.shuffled)
        after, more = self._probes.prediction(self._dataset.watched), self._probes.patches() - patches
        act.run = run
        act.facts = [
            run.reason,
            f"the endpoint got {counted(more, 'update')}; prediction for the watched row: still {after}",
        ]
        act.ok = run.state is RunState.REJECTED and more == 0 and before == after
        return act

    def _same_file_again(self, good: Act) -> Act:
        act = Act("the same file is not trained twice")
        self._begin("3. The good file's event comes again, three times, and a sweep passes")
        if good.run is None:
            return act
        jobs, runs = self._probes.jobs_started(), len(self._store.list_runs())
        landings, sweeps = self._probes.executions("on_csv_landed"), self._probes.executions("sweep")
        began = time.monotonic()
        for _ in range(REPEATS):
            self._probes.deliver_again(good.run.blob, good.run.etag)
        landed, swept, reported = 0, 0, (0, 0)
        # The second sweep begins after the last event was handled.
        while landed < REPEATS or swept < 2:
            self._check(began + RUN_LIMIT_S)
            time.sleep(0.2)
            landed = self._probes.executions("on_csv_landed") - landings
            swept = self._probes.executions("sweep") - sweeps
            if reported != (landed, swept):
                reported = (landed, swept)
                self._report(
                    f"{clock(datetime.now(UTC))}  {time.monotonic() - began:6.1f} s  events: {landed}, sweeps: {swept}"
                )
        more_jobs, more_runs = self._probes.jobs_started() - jobs, len(self._store.list_runs()) - runs
        more = f"{counted(more_runs, 'new run')}, {counted(more_jobs, 'more job')} started ({jobs} in all)"
        act.facts = [f"{counted(landed, 'event')} and 2 sweeps later: {more}"]
        act.ok = more_jobs == 0 and more_runs == 0
        return act

    def _drop(self, file_name: str, text: str) -> Run:
        """Upload a file and follow its run to the end."""
        container, name = self._stack.document["input"], f"{self._dataset.folder}/{file_name}"
        run_id = upload_input(self._stack.document["storage"], container, name, text.encode())
        deadline = time.monotonic() + RUN_LIMIT_S
        steps = follow_run(self._store, self._dataset.route, run_id, lambda: self._check(deadline))
        for line in step_lines(steps):
            self._report(line)
        stored = self._store.get(self._dataset.route, run_id)
        if stored is None:
            raise CommandError(f"run {run_id} has no row any more: somebody deleted it from the table")
        return stored.run

    def _check(self, deadline: float) -> None:
        """Check that waiting still makes sense.

        Raises:
            CommandError: a part of the stack ended, or the deadline has passed.
        """
        dead = self._stack.dead_part()
        if dead is not None:
            raise CommandError(dead.end_report())
        if time.monotonic() > deadline:
            raise CommandError(
                f"the act did not end within {RUN_LIMIT_S} s: read the logs in {self._stack.state.path / 'logs'}"
            )
