"""One simulation: some files, a few workers, a schedule; then a calm time in which all must come to rest."""

import functools
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.adapters.storage.table_client import Table
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.pipeline import erasing, evaluation_message, intake_message, landing, poison, polling, reconciling, sweeping
from shared.records.run_identity import run_id_for
from shared.services import Services
from tests.simulation.choices import Choices, Schedule, of_seed
from tests.simulation.fake_tables import Answer, FakeTableClient
from tests.simulation.intake_files import IntakeFiles
from tests.simulation.judge import Judge
from tests.simulation.operators import Operators
from tests.simulation.outside import AUC, NARROW, Outside
from tests.simulation.plan import Directed, Plan, Result, with_intake
from tests.simulation.workers import FAULTS, Invocation, Port, Worker, WorkerClock

WORKERS = 3
TICK_S, MAX_TICK_S = 5.0, 120.0
SWEEP_S = 30.0
DOWN_S = (0.0, 100.0, 1300.0)
WILD_S = 400.0  # how long things go wrong; then everybody has all the time there is to come to rest
WILD_STEPS = 3000
REST_S = 6 * 3600.0
MAX_STEPS = 60_000
MAX_DELIVERIES = 5


class Simulation:
    """Workers, and a host that gives them things to do."""

    def __init__(self, plan: Plan, choices: Choices) -> None:
        self.plan = plan
        self.choices = choices
        self.lines: list[str] = []
        self.outside = Outside(choices, plan, tell=self.tell)
        self.tables = {name: FakeTableClient(name, lambda _: Answer.GIVEN) for name in ("runs", "endpoints")}
        self.judge = Judge(self.outside, TableRunStore(_table(self.tables["runs"])))
        self.tables["endpoints"].changed = self.judge.endpoint_written
        self.tables["runs"].changed = self.judge.run_written
        self.outside.watch_patch = self.judge.patched
        self.outside.blobs.watch_deletion = self.judge.deleted
        self.outside.excuse = self._excuse
        self._intake_files = IntakeFiles(plan, choices, self.outside.later)
        self.waiting: list[Invocation] = []
        self.requests: list[str] = []
        self.down_until_s = 0.0
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self._last = self.workers[0]
        self._writes, self._quiet_ticks = -1, 0

    def tell(self, line: str) -> None:
        """Keep a line of the story."""
        clock = getattr(getattr(self, "outside", None), "clock", None)
        self.lines.append(f"{clock.elapsed_s() if clock else 0:8.1f}  {line}")

    def run(self) -> Result:
        """Simulate until all is quiet, and judge."""
        self._plan_files()
        self.outside.later(TICK_S, self._tick)
        self.outside.later(SWEEP_S, self._sweep)
        people = Operators(self.plan, self.choices, self.outside.later, self._add, self.outside.seen.erased.add)
        people.begin()
        requests: list[str] = []
        rest_s = 0.0
        for steps in range(MAX_STEPS):
            elapsed_s = self.outside.clock.elapsed_s()
            if not self.choices.calm and (elapsed_s > WILD_S or steps > WILD_STEPS or self._all_done()):
                requests = list(self.requests)
                self.choices.calm = True
                rest_s = elapsed_s + REST_S
                self.tell("calm")
            if self.outside.seen.broken or (self.choices.calm and (self._settled() or elapsed_s > rest_s)):
                break
            self._step()
        else:
            self.judge.breaks("it never came to rest")
        if not self.outside.seen.broken:  # else what is in the middle of things would only hide what broke first
            self.judge.look({name: table.rows for name, table in self.tables.items()})
        runs = [stored.run for stored in TableRunStore(_table(self.tables["runs"])).list_runs(limit=10_000)]
        outcomes = {state: sum(run.state == state for run in runs) for state in {run.state.value for run in runs}}
        return Result(self.plan, dict(self.choices.taken), self.outside.seen.broken, self.lines, requests, outcomes)

    # -- what happens next -------------------------------------------------------------------------------------------

    def _step(self) -> None:
        if self.outside.happen():
            return
        runnable = [worker for worker in self.workers if worker.runnable]
        idle = [worker for worker in self.workers if not worker.busy]
        if self.outside.clock.elapsed_s() < self.down_until_s:
            idle = []
        may_begin = bool(self.waiting and idle)
        if runnable and not (may_begin and self.choices.draw("start", 2)):
            runnable.sort(key=lambda worker: worker is not self._last)
            self._last = runnable[self.choices.draw("next", len(runnable))]
            self._last.go_on()
        elif may_begin:
            self._last = idle[0]
            self._last.begin(self.waiting.pop(self.choices.draw("which", len(self.waiting))))
        else:
            self._pass_time()

    def _pass_time(self) -> None:
        now_s = self.outside.clock.elapsed_s()
        moments = [worker.paused_until_s for worker in self.workers if worker.busy and worker.paused_until_s > now_s]
        due_s = self.outside.next_due_s()
        if due_s is not None:
            moments.append(due_s)
        self.outside.clock.advance(max(0.0, min(moments) - now_s))

    def _all_done(self) -> bool:
        """Every file was there, was seen, and has its outcome."""
        idle = not self.waiting and not any(worker.busy for worker in self.workers)
        versions = self.outside.seen.versions
        expected = self._intake_files.expected if self.plan.intake else self.plan.files * (1 + self.plan.overwrite)
        if not idle or len(versions) < expected:
            return False
        present = {
            run_id_for("incoming", version.name, version.etag)
            for version in self.outside.blobs.versions("incoming")
            if (version.name, version.etag) in versions
        }
        return self._quiet() and all(("census", f"run;{run_id}") in self.tables["runs"].rows for run_id in present)

    def _quiet(self) -> bool:
        return not any(
            key.startswith("active;") and not key.startswith("active;!") for _, key in self.tables["runs"].rows
        )

    def _settled(self) -> bool:
        """In calm, three sweeps with nothing left: the first may have to repair what came late."""
        return not self.waiting and not any(worker.busy for worker in self.workers) and self._calm_sweeps >= 3

    # -- the host ----------------------------------------------------------------------------------------------------

    _calm_sweeps = 0

    def _plan_files(self) -> None:
        if self.plan.intake:
            self._intake_files.begin(self._file, self.outside.release)
            return
        for number in range(self.plan.files):
            at_s = (0.0, 1.0, 7.0, 31.0, 90.0)[self.choices.draw("file", 5)] + number * 0.5
            auc = AUC[self.choices.draw("file", len(AUC))] + number / 1000
            shape = f"{NARROW} " * (self.plan.shapes and number % 2)
            text = f"rows {number} {shape}auc={auc:.4f}"
            self.outside.later(at_s, functools.partial(self._file, f"census/{number}.csv", text))
            if self.plan.overwrite:
                later_s = at_s + (2.0, 0.0, 0.1, 45.0)[self.choices.draw("file", 4)]
                text = f"other rows {number} auc={auc + 0.02:.4f}"
                self.outside.later(later_s, functools.partial(self._file, f"census/{number}.csv", text))

    def _file(self, name: str, text: str, *, bad: bool = False, appended: bool = False) -> None:
        version = self.outside.drop(name, text, bad=bad, appended=appended)
        if not self.plan.events:
            return
        for _ in range((1, 0, 2, 3)[self.choices.draw("event", 4)]):
            self._event(name, version.etag, 1)

    def _event(self, name: str, etag: str, delivery: int) -> None:
        def failed() -> None:
            if delivery < MAX_DELIVERIES:
                self._event(name, etag, delivery + 1)
            else:
                text = f'{{"ContainerName": "incoming", "BlobName": "{name}", "ETag": "{etag}"}}'
                self._add("on_blob_poison", lambda services: poison.blob_event(services, text))

        self._add("on_csv_landed", lambda services: landing.land(services, "incoming", name), failed)

    def _message(self, text: str, delivery: int) -> None:
        def failed() -> None:
            if delivery < MAX_DELIVERIES:
                self.outside.later(30, lambda: self._message(text, delivery + 1))
            else:
                self._add("on_evaluation_poison", lambda services: poison.evaluation(services, text))

        self._add("evaluate_and_promote", lambda services: evaluation_message.evaluate(services, text), failed)

    def _announced(self, text: str, delivery: int) -> None:
        """Deliver a message of the queue `intake`."""

        def failed() -> None:
            if delivery < MAX_DELIVERIES:
                self.outside.later(30, lambda: self._announced(text, delivery + 1))
            else:
                self._add("on_intake_poison", lambda services: poison.intake(services, text))

        self._add("read_and_assemble", lambda services: intake_message.read_and_assemble(services, text), failed)

    def _tick(self) -> None:
        writes = sum(len(table.rows) for table in self.tables.values()), self.choices.count("fault")
        self._quiet_ticks = self._quiet_ticks + 1 if writes[0] == self._writes else 0
        self._writes = writes[0]
        down_s = DOWN_S[self.choices.draw("down", len(DOWN_S))]
        if down_s:
            self.tell(f"the app is down for {down_s:.0f} s")
            for worker in self.workers:
                worker.kill()
            self.outside.later(down_s, self._tick)
            self.down_until_s = self.outside.clock.elapsed_s() + down_s
            return
        pause_s = min(MAX_TICK_S, TICK_S * 1.3 ** max(0, self._quiet_ticks - 10))
        self.outside.later(pause_s, self._tick)
        if not any(task.name == "poll_pending_jobs" for task in self.waiting):
            self._add("poll_pending_jobs", self._poll)

    def _poll(self, services: Services) -> None:
        messages = polling.tick(services).messages
        if not self.plan.events:
            return
        for message in messages:
            for _ in range((1, 0, 2)[self.choices.draw("event", 3)]):
                self._message(message.to_text(), 1)

    def _sweep(self) -> None:
        self.outside.later(SWEEP_S if not self.choices.calm else 4 * SWEEP_S, self._sweep)
        if not any(task.name == "sweep" for task in self.waiting):
            self._add("sweep", self._swept)

    def _swept(self, services: Services) -> None:
        calm = self.choices.calm
        alone = sum(worker.busy for worker in self.workers) == 1
        sweeping.sweep(services)
        reconciling.reconcile(services)
        erasing.erase_again(services)
        if calm:
            self._calm_sweeps = self._calm_sweeps + 1 if alone and self._quiet() else 0
            if self.plan.stranger and self._calm_sweeps == 2 and not self.outside.seen.stranger:
                self.outside.stranger_comes()
                self._calm_sweeps = 0

    def _add(self, name: str, run: Any, failed: Any = lambda: None) -> None:
        def invoke(worker: Worker) -> None:
            services: Services = worker.services.acting_as(name)
            run(services)
            for message in services.announced if self.plan.events else ():
                for _ in range((1, 0, 2)[self.choices.draw("announced", 3)]):
                    self._announced(message.to_text(), 1)

        self.waiting.append(Invocation(name, invoke, failed))

    # -- the workers -------------------------------------------------------------------------------------------------

    def _worker(self, number: int) -> Worker:
        outside = self.outside
        worker = Worker(f"worker {number}", outside.clock, self.choices, outside.later, self.tell, self.requests.append)
        skew_s = (0.0, 20.0, -20.0)[self.choices.draw("skew", 3)]
        worker.services = Services(
            routes=outside.routes,
            runs=TableRunStore(_table(self.tables["runs"].seen_by(worker.at_table, worker.answered))),
            endpoints=TableEndpointStore(_table(self.tables["endpoints"].seen_by(worker.at_table, worker.answered))),
            blobs=Port("blobs", outside.blobs, worker),
            training=Port("training", outside.training, worker),
            scoring=Port("scoring", outside.scoring, worker),
            clock=WorkerClock(outside.clock, skew_s),
            max_concurrency=1,
        )
        return worker

    def _excuse(self) -> bool:
        """Tell whether a PATCH that takes effect now may do so although its sender has lost the endpoint."""
        return any(worker.excused for worker in self.workers)


def _table(client: FakeTableClient) -> Table:
    return Table(client)  # type: ignore[arg-type]  # it has what the table uses of it


def simulate(plan: Plan, choices: Choices) -> Result:
    """Run one simulation."""
    return Simulation(plan, choices).run()


def simulate_seed(seed: int, plan: Plan | None = None) -> Result:
    """Run the simulation of a seed; without a plan the seed draws one."""
    choices = of_seed(seed)
    if plan is None:
        source = choices.source
        assert source is not None
        plan = Plan(
            files=source.choice([1, 2, 3, 5, 8]),
            staging=source.random() < 0.75,
            overwrite=source.random() < 0.3,
            events=source.random() < 0.8,
        )
        plan = _with_people(plan, random.Random(f"people of {seed}"))
    return simulate(plan, choices)


def _with_people(plan: Plan, source: random.Random) -> Plan:
    """Draw the rest of a plan, from a source of its own: what else a seed decides stays as it is."""
    peopled = replace(
        plan,
        bake=source.random() < 0.2,
        holdout=plan.staging and source.random() < 0.2,
        approval=source.random() < 0.2,
        overrides=source.random() < 0.25,
        copies=source.random() < 0.25,
        retries=source.random() < 0.25,
    )
    peopled = replace(peopled, shapes=source.random() < 0.25 and not peopled.holdout)
    if peopled.holdout or peopled.shapes or peopled.copies or source.random() < 0.5:
        return peopled
    return with_intake(peopled, source)


def simulate_directed(plan: Plan, special: Schedule, faults: Sequence[Directed]) -> Result:
    """Run a schedule in which besides the given requests, by operation and occurrence, meet with the given faults."""
    schedule = dict(special)
    for operation, occurrence, fault in faults:
        requests = simulate_schedule(plan, schedule).requests
        numbers = [number for number, name in enumerate(requests, start=1) if name == operation]
        schedule[f"fault:{numbers[occurrence - 1]}"] = FAULTS.index(fault)
    return simulate_schedule(plan, schedule)


def simulate_schedule(plan: Plan, schedule: Schedule) -> Result:
    """Run the simulation of a schedule: calm, but for what it names."""
    return simulate(plan, Choices(schedule=schedule))
