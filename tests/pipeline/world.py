"""A whole world in memory for the pipeline's tests: the example route, fakes for every port, and a clock by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shared.errors import ServiceFault
from shared.pipeline import evaluation_message, intake_message, landing, polling, sweeping
from shared.ports.blob_files import BlobVersion
from shared.records.json_codec import Json
from shared.records.messages import EvaluationMessage
from shared.records.run import Run
from shared.records.run_identity import run_id_for
from shared.records.run_json import run_to_json
from shared.records.run_states import RunState
from shared.routes.load import Routes, parse_routes
from shared.routes.route import Endpoint, Route
from shared.services import Services
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_scoring import FakeEndpoint, FakeScoring
from tests.fakes.fake_training import FakeTraining
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_endpoints import MemoryEndpointStore
from tests.fakes.memory_runs import MemoryRunStore

ROOT = Path(__file__).resolve().parents[2]
BASE = "http://127.0.0.1:8600"
SETTINGS = {
    "LANDFALL_DATA_HOST": "127.0.0.1:10000",
    "CENSUS_JOBS_URL": f"{BASE}/workspaces/w/services/t/jobs",
    "CENSUS_TRAINING_KEY": "training-key",
    "CENSUS_PATCH_URL": f"{BASE}/management/workspaces/w/webservices/s/endpoints/production",
    "CENSUS_EXECUTE_URL": f"{BASE}/workspaces/w/services/p/execute",
    "CENSUS_ENDPOINT_KEY": "endpoint-key",
    "CENSUS_STAGING_PATCH_URL": f"{BASE}/management/workspaces/w/webservices/s/endpoints/staging",
    "CENSUS_STAGING_EXECUTE_URL": f"{BASE}/workspaces/w/services/q/execute",
    "CENSUS_STAGING_KEY": "staging-key",
}
FAULT = ServiceFault("some call", "http://127.0.0.1:8600/x", 503, "ServiceUnavailable")
DOWN = ServiceFault("submit job", "http://127.0.0.1:8600/jobs", 0, "", "connection refused")
GOLDEN = "age,workclass\n39,State-gov\n50,Private\n"


def example_routes(*changes: tuple[str, str]) -> Routes:
    """Load the example routes, with some texts of the file replaced."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    for change in changes:
        text = text.replace(*change)
    return parse_routes(text, SETTINGS)


def without_staging(*changes: tuple[str, str]) -> Routes:
    """Load the example routes without the staging endpoint, with some texts of the file replaced."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    for change in changes:
        text = text.replace(*change)
    return parse_routes(text[: text.rindex("[[routes.census.endpoints]]")], SETTINGS)


@dataclass
class World:
    """The ports, the services made of them, and shorthands for what a user or the outside does."""

    routes: Routes = field(default_factory=example_routes)

    def __post_init__(self) -> None:
        """Publish the route's endpoints with the seed model and put golden rows and the initial model in place."""
        self.clock = FakeClock()
        self.blobs = MemoryBlobs()
        self.runs = MemoryRunStore()
        self.endpoints = MemoryEndpointStore()
        self.training = FakeTraining(self.blobs)
        for route in self.routes.routes.values():
            self.training.add(route.training)
        self.scoring = FakeScoring(self.blobs, self.clock)
        self.services = Services(
            self.routes, self.runs, self.endpoints, self.blobs, self.training, self.scoring, self.clock
        )
        self.blobs.put("models", "golden/census.csv", GOLDEN)
        self.blobs.put("models", "initial/census.ilearner", "seed")
        self.at: dict[str, FakeEndpoint] = {
            endpoint.name: self.scoring.add(endpoint, "seed") for endpoint in self.route.endpoints
        }

    @property
    def route(self) -> Route:
        """The example route."""
        return self.routes.routes["census"]

    def served(self, endpoint: Endpoint | None = None) -> str:
        """Return the model that users are answered with now."""
        return self.scoring.served(endpoint or self.route.serving)

    def drop(self, name: str = "census/a.csv", text: str = "a,b\n1,2\n") -> BlobVersion:
        """Upload a file; no event is delivered."""
        return self.blobs.put("incoming", name, text, self.clock.now())

    def land(self, name: str = "census/a.csv", text: str = "a,b\n1,2\n") -> Run:
        """Upload a file and deliver its event; returns its run."""
        return self.land_version(self.drop(name, text))

    def land_version(self, version: BlobVersion) -> Run:
        """Deliver the event of an uploaded version; returns its run."""
        landing.land(self.services, version.container, version.name)
        return self.run(run_id_for(version.container, version.name, version.etag))

    def run(self, run_id: str | None = None) -> Run:
        """Return a run, by default the newest."""
        stored = self.runs.find(run_id) if run_id else self.runs.list_runs()[0]
        assert stored is not None
        return stored.run

    def finish(self, run: Run, model: str = "better", auc: float | str = 0.9) -> None:
        """Let the run's job end well."""
        self.training.finish(run.job_id, model, f"Accuracy,AUC\n0.8,{auc}\n")

    def tick(self, seconds: float = 2) -> list[EvaluationMessage]:
        """Let time pass, then tick."""
        self.clock.advance(seconds)
        return polling.tick(self.services).messages

    def tick_after(self, previous: datetime) -> list[EvaluationMessage]:
        """Tick, where the tick before was at `previous`."""
        return polling.tick(self.services, previous).messages

    def evaluate(self, messages: list[EvaluationMessage]) -> None:
        """Deliver messages."""
        for message in messages:
            evaluation_message.evaluate(self.services, message.to_text())

    def read(self) -> int:
        """Deliver the messages of the queue `intake`, and those that follow from them; return their number."""
        delivered = 0
        while self.services.announced:
            intake_message.read_and_assemble(self.services, self.services.announced.pop(0).to_text())
            delivered += 1
        return delivered

    def sweep(self) -> int:
        """Sweep."""
        return sweeping.sweep(self.services)

    def train(self, model: str = "better", auc: float | str = 0.9, name: str = "census/a.csv", text: str = "1") -> Run:
        """Land a file, let its job finish, tick, and deliver the message."""
        run = self.land(name, text)
        self.finish(run, model, auc)
        self.evaluate(self.tick())
        return self.run(run.run_id)

    def settle(self, run: Run, seconds: float = 2, ticks: int = 200) -> Run:
        """Tick until the run has its outcome."""
        for _ in range(ticks):
            if self.run(run.run_id).terminal:
                break
            self.tick(seconds)
        return self.run(run.run_id)

    def states(self, run: Run) -> list[RunState]:
        """Return the states the run went through, each once in a row."""
        entries = [entry.state for entry in self.runs.history(run.route, run.run_id)]
        return [state for index, state in enumerate(entries) if index == 0 or entries[index - 1] is not state]


class DiedError(BaseException):
    """The worker is gone: not an error that anybody could catch and record."""


def die() -> None:
    """End the worker."""
    raise DiedError


def assert_closed(world: World) -> None:
    """Nobody holds the endpoint and nothing is left open."""
    record = world.endpoints.get("census", "production").record
    assert record.lease is None
    assert record.intent is None


def decision_of(run: Run) -> Json:
    """Return the record of a run's decision as other tools read it."""
    decision: Json | None = run_to_json(run)["decision"]
    return decision if decision is not None else {}


def raising(error: Exception) -> Callable[[], None]:
    """Return an action that raises."""

    def action() -> None:
        raise error

    return action
