"""What happens outside the app: files, jobs, endpoints, events. It also notes what an observer would see."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count

from shared.blob_path import BlobPath
from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.ports.blob_files import BlobVersion
from shared.ports.blob_location import BlobLocation
from shared.ports.training_service import JobRequest, JobState
from shared.records.run_identity import run_id_for
from shared.routes.load import Routes
from shared.routes.route import Endpoint, EndpointRole, Route, Training
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_scoring import FakeScoring
from tests.fakes.fake_training import FakeJob, FakeTraining
from tests.fakes.memory_blobs import MemoryBlobs
from tests.pipeline.world import GOLDEN, example_routes, without_staging
from tests.simulation.choices import Choices
from tests.simulation.intake_files import MARKER, auc_of
from tests.simulation.plan import Plan

SEED_MODEL = "seed"
NARROW = "without a class"  # stands in the text of a model that knows one class less
STRANGER = ("models/census/00000000000000000000000000000000.ilearner", "a model that the tables do not know")
DEADLINES = (
    "not_started = 86400, running = 86400, promoting = 900",
    "not_started = 1500, running = 900, promoting = 300",
)
JOB_TAKES_S = (3.0, 0.0, 40.0, 400.0, 2000.0)  # chosen by number: what a job takes on a calm day comes first
JOB_ENDS = ("finished", "failed", "lost")
AUC = (0.90, 0.85, 0.95, 0.70, 0.99, 0.91)


HOLDOUT_ROWS = 30
HOLDOUT = "signal,label\n" + "".join(
    f"{number / HOLDOUT_ROWS:.4f},{'yes' if number * 7 % HOLDOUT_ROWS < number else 'no'}\n"
    for number in range(HOLDOUT_ROWS)
)
HELD_GOLDEN = "signal\n0.2\n0.9\n"
HOLDOUT_TABLE = """[routes.census.holdout]
data = "models/holdout/census.csv"
label = "label"
task = "binary"
positive = "yes"
batch_rows = 20

[routes.census.training]"""


def _routes(plan: Plan) -> Routes:
    """Return the example route with what the plan asks for."""
    keys = ""
    if plan.bake:
        keys += "bake_s = 60\n"
    if plan.approval:
        keys += 'approval = "required"\n'
    changes = [DEADLINES, ("golden = ", f"{keys}golden = ")]
    if plan.holdout:
        changes += [("[routes.census.training]", HOLDOUT_TABLE), ("at_least = 0.80", "at_least = 0.40")]
    routes = example_routes(*changes) if plan.staging else without_staging(*changes)
    census = routes.routes["census"]
    if plan.intake:
        census = replace(census, intake=IntakeSettings(label="income", marker=MARKER if plan.marker else None))
    if plan.sets:
        kind = TrainingSetKind(plan.sets)
        files = 2 if kind is TrainingSetKind.WINDOW else None
        batch = BatchSettings(training_set=kind, window_files=files, debounce_s=20, max_wait_s=90, max_files=3)
        census = replace(census, batch=batch)
    return replace(routes, routes={"census": replace(census, archives=plan.archives)})


@dataclass(frozen=True)
class Patch:
    """A PATCH as it took effect."""

    at_s: float
    role: str
    model: str  # container/path
    excused: bool  # its sender stood still between its last check and the request: nothing could have prevented it


@dataclass
class Seen:
    """What an observer noted."""

    versions: dict[tuple[str, str], str] = field(default_factory=dict)  # (name, ETag) -> text, of every version ever
    bad: set[tuple[str, str]] = field(default_factory=set)  # versions that may not be trained on
    # by run id, the versions that no run was claimed for yet: name, when it was written, whether it grows
    settles: dict[str, tuple[str, float, bool]] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)  # files of which a person was told that their data is deleted
    released: dict[str, float] = field(default_factory=dict)  # by name, when its marker was last written
    patches: list[Patch] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    stranger: bool = False  # whether the model came into service that the tables do not know


class WatchedBlobs(MemoryBlobs):
    """The storage; deletions of input files are watched."""

    def __init__(self) -> None:
        super().__init__()
        self.watch_deletion: Callable[[BlobVersion], None] = lambda _: None

    def delete(self, path: str, etag: str | None = None) -> bool:
        """Delete a blob."""
        version = self.version(*BlobPath.parse(path))
        deleted = super().delete(path, etag)
        if deleted and version is not None and version.container == "incoming":
            self.watch_deletion(version)
        return deleted


class WatchedTraining(FakeTraining):
    """The service; jobs run by themselves once they are started, and starts are watched."""

    def __init__(self, blobs: MemoryBlobs, outside: "Outside") -> None:
        super().__init__(blobs)
        self._outside = outside

    def start(self, training: Training, job_id: str, request: JobRequest) -> None:
        """Start a job, and let it run; or answer well, and do nothing."""
        self.ignored_starts = self._outside.choices.draw("ignored", 2)
        if self.ignored_starts:
            self._outside.tell(f"the start of {job_id} is answered and lost")
        job = self.jobs.get(job_id)
        before = job.starts if job else 0
        super().start(training, job_id, request)
        if job is not None and job.starts > before:
            self._outside.job_started(job)


class WatchedScoring(FakeScoring):
    """The endpoints; every PATCH that takes effect is watched."""

    def __init__(self, blobs: MemoryBlobs, clock: FakeClock, outside: "Outside") -> None:
        super().__init__(blobs, clock)
        self._outside = outside

    def patch(self, endpoint: Endpoint, location: BlobLocation, replaces: str = "") -> None:
        """Give the endpoint another model."""
        super().patch(endpoint, location, replaces)
        self._outside.patched(endpoint, location.relative)

    def classes_of(self, model: str) -> tuple[str, ...]:
        """Return the classes that a model tells apart."""
        return classes_of(model) if self._outside.plan.shapes else ()

    def skill_of(self, model: str) -> float:
        """Return how good a model is on the holdout: as good as its own evaluation says."""
        auc = model.rpartition("auc=")[2]
        return 2 * float(auc) - 1 if auc != model and self._outside.route.holdout is not None else 0.0


def classes_of(model: str) -> tuple[str, ...]:
    """Return the classes that a model tells apart, where models differ in that."""
    return ("apple", "plum") if NARROW in model else ("apple", "cherry", "plum")


class Outside:
    """Storage, the service, the endpoints, and what they do by themselves as time goes by."""

    def __init__(self, choices: Choices, plan: Plan, tell: Callable[[str], None]) -> None:
        self.choices = choices
        self.plan = plan
        self.tell = tell
        self.clock = FakeClock()
        self.seen = Seen()
        self.routes = _routes(plan)
        self.blobs = WatchedBlobs()
        self.training = WatchedTraining(self.blobs, self)
        self.training.add(self.route.training)
        self.scoring = WatchedScoring(self.blobs, self.clock, self)
        self.excuse: Callable[[], bool] = lambda: False
        self.watch_patch: Callable[[Patch], None] = lambda _: None
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self.blobs.put("models", "golden/census.csv", GOLDEN if not plan.holdout else HELD_GOLDEN, self.clock.now())
        self.blobs.put("models", "holdout/census.csv", HOLDOUT, self.clock.now())
        self.blobs.put("models", "initial/census.ilearner", SEED_MODEL, self.clock.now())
        if choices.draw("endpoint", 6) == 5:  # storage takes its time to copy
            self.blobs.slow_copies = True
            self.later(20, self._copy_at_once)
        for endpoint in self.route.endpoints:
            state = self.scoring.add(endpoint, SEED_MODEL)
            state.propagation_s = (1.0, 0.0, 8.0, 25.0)[choices.draw("endpoint", 4)]
            state.ignore_patch = choices.draw("endpoint", 8) == 7
            if plan.copies:
                state.copies_to = "service/{n}" if endpoint.role is EndpointRole.SERVE else "service/current"

    @property
    def route(self) -> Route:
        """The one route."""
        return self.routes.routes["census"]

    def _copy_at_once(self) -> None:
        self.blobs.slow_copies = False
        self.blobs.finish_copies()

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something some seconds from now."""
        heappush(self._due, (self.clock.elapsed_s() + seconds, next(self._numbers), action))

    def next_due_s(self) -> float | None:
        """Return when something happens by itself next."""
        return self._due[0][0] if self._due else None

    def happen(self) -> bool:
        """Let everything happen whose time has come; tells whether anything did."""
        happened = False
        while self._due and self._due[0][0] <= self.clock.elapsed_s():
            _, _, action = heappop(self._due)
            action()
            happened = True
        return happened

    def drop(self, name: str, text: str, *, bad: bool = False, appended: bool = False) -> BlobVersion:
        """Upload a file; `bad`: it need not be trained on; `appended`: it is an append blob."""
        version = self.blobs.put_bytes("incoming", name, text.encode(), self.clock.now(), appendable=appended)
        self.seen.versions[version.name, version.etag] = text
        run_id = run_id_for("incoming", version.name, version.etag)
        self.seen.settles[run_id] = (name, self.clock.elapsed_s(), appended)
        if bad:
            self.seen.bad.add((version.name, version.etag))
        self.tell(f"file {name} lands as {version.etag}")
        archived_s = (0.0, 20.0, 200.0)[self.choices.draw("archived", 3)]
        if archived_s:
            self.tell(f"{name} is archived for {archived_s:.0f} s")
            self.blobs.archive("incoming", name)
            self.later(archived_s, lambda: self._rehydrate(name))
        return version

    def _rehydrate(self, name: str) -> None:
        if self.blobs.text(f"incoming/{name}") is not None:
            self.blobs.archive("incoming", name, archived=False)

    def release(self, name: str) -> None:
        """Upload the marker that releases a file."""
        self.blobs.put("incoming", f"{name}{MARKER}", "", self.clock.now())
        self.seen.released[name] = self.clock.elapsed_s()
        self.tell(f"file {name} is released")

    def job_started(self, job: FakeJob) -> None:
        """Note a start, and let the job run to its end."""
        run_id, attempt, _ = job.request.input_path.removeprefix("training/").split("/")
        self.tell(f"job {job.job_id} of run {run_id[:6]} attempt {attempt} starts")
        for earlier in self.training.jobs.values():
            same_run = earlier is not job and f"/{run_id}/" in f"/{earlier.request.input_path}"
            # A person may have a run tried again whose job went well: rejected, superseded, or refused by its endpoint.
            alive = {JobState.RUNNING} if self.plan.retries else {JobState.RUNNING, JobState.FINISHED}
            if same_run and earlier.starts and earlier.state in alive:
                self.seen.broken.append(
                    f"I2: {job.job_id} starts while {earlier.job_id} of the same run is {earlier.state}"
                )
        takes_s = JOB_TAKES_S[self.choices.draw("job", len(JOB_TAKES_S))]
        end = JOB_ENDS[self.choices.draw("end", len(JOB_ENDS))]
        self.later(takes_s, lambda: self._end(job, end))

    def patched(self, endpoint: Endpoint, model: str) -> None:
        """Note a PATCH that took effect."""
        patch = Patch(self.clock.elapsed_s(), endpoint.role.value, model, self.excuse())
        self.tell(f"endpoint {endpoint.name} is given {model}{' (excused)' if patch.excused else ''}")
        self.seen.patches.append(patch)
        self.watch_patch(patch)

    def stranger_comes(self) -> None:
        """Put a model in service that the tables do not know, as after a restore of them from an older backup."""
        path, text = STRANGER
        self.blobs.put(*BlobPath.parse(path), text, self.clock.now())
        FakeScoring.patch(self.scoring, self.route.serving, self.blobs.link(path, 60))
        self.seen.stranger = True
        self.tell("a model comes into service that the tables do not know")

    def _end(self, job: FakeJob, end: str) -> None:
        if job.state is not JobState.RUNNING or job.job_id not in self.training.jobs:
            return
        text = self.blobs.text(job.request.input_path) or ""
        self.tell(f"job {job.job_id} is {end}")
        if end == "failed":
            self.training.fail(job.job_id, "it does not like the file")
        elif end == "lost":
            self.training.forget(job.job_id)
        else:
            auc, model = text.rpartition("auc=")[2] or "0.9", f"model of {text}"
            if self.plan.intake:
                auc, model = f"{auc_of(text):.4f}", f"model of the set {hashlib.sha256(text.encode()).hexdigest()[:12]}"
            self.training.finish(job.job_id, model, f"Accuracy,AUC\n0.8,{auc}\n")
            if self.choices.draw("missing", 2):
                self.tell(f"the model of {job.job_id} is deleted")
                self.blobs.remove(*BlobPath.parse(job.request.model_path))
