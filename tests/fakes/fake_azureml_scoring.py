"""A managed online endpoint in memory: deployments stand side by side, and traffic moves from one to another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import DeploymentPendingError, OtherModelError, PermanentError, RejectedError, ServiceFault
from shared.ports.blob_location import BlobLocation
from shared.ports.clock import Clock
from shared.ports.deployment_service import Deployment
from shared.ports.scoring_service import Resource, Scored
from shared.routes.azureml_services import INITIAL, AzureMlEndpoint, deployment_name
from shared.routes.route import EndpointRole
from tests.fakes.fake_scoring import SCORED_COLUMNS, answers_of
from tests.fakes.faults import Faults
from tests.fakes.memory_blobs import MemoryBlobs

URL = "https://management.azure.com/churn-prod"
MODEL_FILE = "model.txt"  # in the model's folder: its text is the model
DEPLOYED_AFTER_S = 900.0


@dataclass
class FakeDeployment:
    """One deployment: it takes the content of its model's folder when it is created."""

    model: str
    path: str  # of the kept model; "" for one that somebody else made
    run_id: str
    route: str
    created_at: datetime
    ready_at: datetime
    fails: bool = False


@dataclass
class FakeAzureMlScoring:
    """`ScoringService` and `DeploymentService` of one endpoint. `faults` are arranged by the methods' names."""

    blobs: MemoryBlobs
    clock: Clock
    deploying_s: float = DEPLOYED_AFTER_S  # until a new deployment is ready
    switching_s: float = 20.0  # from an accepted change of the traffic until it shows
    ignores_traffic: bool = False  # a change of the traffic is accepted, and nothing comes of it
    failing: set[str] = field(default_factory=set)  # models whose deployment fails
    updating_until: datetime | None = None  # until then the endpoint is Updating: it takes no change of its traffic
    unstable: bool = False  # every second request goes to the deployment before
    skill: dict[str, float] = field(default_factory=dict)
    stands: dict[str, FakeDeployment] = field(default_factory=dict)
    traffic: dict[str, int] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)  # the name of every deployment that was really made
    numbers: list[frozenset[str] | None] = field(default_factory=list)  # what each request said of its columns
    moved: list[str] = field(default_factory=list)  # the deployment that every accepted change gave the traffic to

    def __post_init__(self) -> None:
        """Begin with no deployment."""
        self.faults = Faults()
        self._pending: list[tuple[datetime, str]] = []
        self._before = ""
        self._requests = 0

    def stand(self, name: str, model: str) -> None:
        """Put a deployment there by hand, ready and without our tags."""
        now = self.clock.now()
        self.stands[name] = FakeDeployment(model, "", "", "", now, now)

    def serving(self) -> str:
        """Return the deployment that has all traffic now; "" if several share it."""
        due = [name for when, name in self._pending if when <= self.clock.now()]
        if due:
            self._before = next(iter(self.traffic))
            self.traffic = {due[-1]: 100}
            self._pending = [entry for entry in self._pending if entry[0] > self.clock.now()]
        return next(iter(self.traffic)) if len(self.traffic) == 1 else ""

    def patch(self, endpoint: AzureMlEndpoint, location: BlobLocation, replaces: str = "") -> None:
        """Make the deployment of a kept model, or give it all traffic if `replaces` has it."""
        with self.faults.call("patch"):
            if location.base or location.sas:
                raise AssertionError("A workspace reads by its datastores: it gets no link.")
            name = deployment_name(location.relative)
            if endpoint.role is EndpointRole.STAGING:
                self._deploy(name, location.relative)
            else:
                self._check_settled()
                self._switch(name, deployment_name(replaces))

    def resources(self, endpoint: AzureMlEndpoint) -> list[Resource]:
        """Return the model that has all traffic."""
        with self.faults.call("resources"):
            name = self.serving()
            if not name:
                return []
            return [Resource(endpoint.resource, self.stands[name].path or f"{INITIAL}/{name}")]

    def score(self, endpoint: AzureMlEndpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Answer as the deployment that is named, or as the one that has the traffic."""
        with self.faults.call("score"):
            self.numbers.append(endpoint.numbers)
            serving, self._requests = self.serving(), self._requests + 1
            name = endpoint.deployment if endpoint.role is EndpointRole.STAGING else serving
            if endpoint.role is EndpointRole.SERVE:
                if endpoint.deployment:
                    self._check_settled()
                if self.unstable and self._requests % 2 and self._before:
                    name = self._before
                if endpoint.deployment not in {"", name}:
                    raise OtherModelError(f"Deployment {name} answered, not {endpoint.deployment}.")
            stands = self.stands.get(name)
            if stands is None:
                raise PermanentError(f"There is no deployment {name}.")
            if self.clock.now() < stands.ready_at:
                raise DeploymentPendingError(f"Deployment {name} is Creating.")
            if stands.fails:
                raise PermanentError(f"Deployment {name} failed: the scoring script has no run().")
            skill = self.skill.get(stands.model, 0.0)
            return Scored(SCORED_COLUMNS, answers_of(stands.model, columns, rows, skill=skill))

    def deployments(self, endpoint: AzureMlEndpoint) -> list[Deployment]:
        """List the deployments."""
        del endpoint
        with self.faults.call("deployments"):
            self.serving()
            return [
                Deployment(
                    name,
                    stands.path,
                    stands.run_id,
                    stands.route,
                    bool(stands.path),
                    "Failed" if stands.fails else "Succeeded",
                    self.traffic.get(name, 0),
                    stands.created_at,
                )
                for name, stands in self.stands.items()
            ]

    def remove(self, endpoint: AzureMlEndpoint, name: str) -> None:
        """Delete a deployment of ours that has no traffic."""
        del endpoint
        with self.faults.call("remove"):
            self.serving()
            if self.traffic.get(name) or (name in self.stands and not self.stands[name].path):
                raise _refused(f"deployment {name} has traffic or is not ours")
            self.stands.pop(name, None)

    def _check_settled(self) -> None:
        if self.updating_until is not None and self.clock.now() < self.updating_until:
            raise DeploymentPendingError("Endpoint churn-prod is Updating.")

    def _deploy(self, name: str, path: str) -> None:
        if name in self.stands:
            return
        model = self.blobs.text(f"{path}/{MODEL_FILE}")
        if model is None:
            raise _refused(f"there is no model in {path}/")
        now, (_, route, run) = self.clock.now(), path.split("/")
        ready = now + timedelta(seconds=self.deploying_s)
        run_id = run.partition("-")[0]
        self.stands[name] = FakeDeployment(model, path, run_id, route, now, ready, model in self.failing)
        self.created.append(name)

    def _switch(self, name: str, replaces: str) -> None:
        serving = self.serving()
        coming = self._pending[-1][1] if self._pending else serving
        if name in {serving, coming}:
            return
        if serving != replaces:
            raise _refused(f"the traffic is {self.traffic}, and not all at {replaces}: somebody else changed it")
        if name not in self.stands:
            raise _refused(f"there is no deployment {name}")
        self.moved.append(name)
        if not self.ignores_traffic:
            self._pending.append((self.clock.now() + timedelta(seconds=self.switching_s), name))


def _refused(message: str) -> RejectedError:
    return RejectedError(ServiceFault("PUT endpoint", URL, 400, "BadArgument", message))
