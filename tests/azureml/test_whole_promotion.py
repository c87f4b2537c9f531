"""From a file to the traffic, through the real clients; every request is in the contract of the service."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from shared.adapters.azureml.arm_client import ArmClient
from shared.adapters.azureml.deployment_scoring import DeploymentScoring
from shared.adapters.azureml.endpoint_client import AzureMlScoringService
from shared.adapters.azureml.endpoint_keys import EndpointKeys
from shared.adapters.azureml.engine import AzureMlEngine
from shared.adapters.azureml.tokens import FixedToken
from shared.adapters.azureml.training_client import AzureMlTrainingService
from shared.adapters.engines.engine_services import EngineDeployments, EngineScoring, EngineTraining
from shared.adapters.http.http_client import HttpClient
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.azureml_services import AnswerKeys, AzureMlEndpoint
from shared.routes.host_allowlist import AllowedHosts
from tests.azureml.workspace_stand_in import Workspace, served
from tests.fakes.fake_scoring import FakeScoring
from tests.fakes.fake_training import FakeTraining
from tests.pipeline.azureml_world import AzureMlWorld, azureml_routes, deployment_of


class WholeWorld(AzureMlWorld):
    """The pipeline with the real clients, and a workspace behind them."""

    def __init__(self, web: HttpClient) -> None:
        routes = azureml_routes()
        route = routes.routes["census"]
        endpoint = route.serving
        assert isinstance(endpoint, AzureMlEndpoint)
        keyed = replace(
            endpoint,
            code="score_churn:1",
            environment="serve_churn:2",
            scoring_script="score.py",
            answer=AnswerKeys("label", "probability"),
        )
        super().__init__(replace(routes, routes={"census": replace(route, endpoints=(keyed,))}))
        self.workspace = Workspace(self.clock, self.blobs)
        self._web = web

    def connect(self) -> None:
        """Put the real clients in place of the fakes."""
        arm = ArmClient(self._web, FixedToken("arm-token"), self.workspace.base_url)
        keys = EndpointKeys(arm, FixedToken("scoring-token"))
        scoring = DeploymentScoring(self._web, keys, local=True)
        engine = AzureMlEngine(AzureMlTrainingService(arm), AzureMlScoringService(arm, scoring, self.clock))
        self.services = replace(
            self.services,
            training=EngineTraining(FakeTraining(self.blobs), lambda: engine),
            scoring=EngineScoring(FakeScoring(self.blobs, self.clock), lambda: engine),
            deployments=EngineDeployments(lambda: engine),
        )

    def finish(self, run: Run, model: str = "better", auc: float | str = 0.9) -> None:
        """Let the run's job end well."""
        self.workspace.finish(run.job_id, model, float(auc))

    def settle(self, run: Run, seconds: float = 60, ticks: int = 100) -> Run:
        """Tick until the run has its outcome: a tick a minute, since each asks over HTTP."""
        return super().settle(run, seconds, ticks)

    def served(self, endpoint: object = None) -> str:
        """Return the model that users are answered with now."""
        del endpoint
        return self.workspace.serving_model()


@pytest.fixture
def world() -> Iterator[WholeWorld]:
    """Give the pipeline with a workspace; at the end every request must have been in the contract."""
    with closing(HttpClient(AllowedHosts(["127.0.0.1:*"]), retries=0)) as web:
        made = WholeWorld(web)
        with served(made.workspace):
            made.connect()
            yield made
        assert made.workspace.broken == []


def test_a_better_model_gets_the_traffic(world: WholeWorld) -> None:
    """Job, kept model, model version, deployment, golden rows by name, traffic, golden rows by everyone."""
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED, run.reason
    assert world.served() == "better"
    assert world.workspace.endpoint["properties"]["traffic"] == {deployment_of(run): 100}
    assert world.workspace.endpoint["tags"] == {"live": deployment_of(run), "previous": "blue"}
    job = world.workspace.jobs[f"census-{run.run_id}-1"]
    assert job["properties"]["tags"]["landfall-run"] == run.run_id
    puts = [sent for sent in world.workspace.asked if sent.startswith("PUT")]
    assert len(puts) == 4, puts


def test_a_second_model_takes_over_and_the_same_way_back_is_open(world: WholeWorld) -> None:
    """The deployment before stays beside the new one."""
    first = world.promote("better", 0.9, "census/a.csv")
    second = world.promote("best", 0.95, "census/b.csv")

    assert (first.state, second.state) == (RunState.PROMOTED, RunState.PROMOTED), second.reason
    assert world.served() == "best"
    assert set(world.workspace.deployments) >= {deployment_of(first), deployment_of(second)}


def test_a_worse_model_makes_no_deployment(world: WholeWorld) -> None:
    """The gates decide before anything costs money."""
    world.promote("better", 0.9, "census/a.csv")
    before = list(world.workspace.deployments)
    worse = world.settle(world.train("worse", 0.85, "census/b.csv"))

    assert worse.state is RunState.REJECTED
    assert list(world.workspace.deployments) == before


def test_a_deployment_that_fails_leaves_the_traffic_alone(world: WholeWorld) -> None:
    """The run says that it failed, and users notice nothing."""
    world.workspace.failing.add("better")
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    assert "failed" in run.reason
    assert world.served() == "seed"


def test_a_change_of_traffic_without_effect_is_taken_back(world: WholeWorld) -> None:
    """Accepted is not served: the old deployment goes on answering, and is verified."""
    world.workspace.ignores_traffic = True
    run = world.settle(world.train())

    assert run.state is RunState.ROLLED_BACK, run.reason
    assert world.served() == "seed"


def test_somebody_elses_traffic_is_not_fought(world: WholeWorld) -> None:
    """The promotion ends with that reason."""
    run = world.train()
    world.workspace.deployments["green"] = ({"tags": None}, world.clock.now())
    world.workspace.endpoint["properties"]["traffic"] = {"blue": 50, "green": 50}
    run = world.settle(run)

    assert run.state is RunState.FAILED
    assert "traffic" in run.reason
    assert world.workspace.endpoint["properties"]["traffic"] == {"blue": 50, "green": 50}


def test_lost_answers_start_nothing_twice(world: WholeWorld) -> None:
    """Each PUT may take effect and its answer get lost: a look tells."""
    version = world.drop()
    world.workspace.lost = 1
    run = world.land_version(version)
    for _ in range(20):
        if world.run(run.run_id).state is RunState.STARTED:
            break
        world.tick(60)
    world.workspace.lost = 3
    world.finish(world.run(run.run_id))
    ended = world.settle(world.run(run.run_id))

    assert ended.state is RunState.PROMOTED, ended.reason
    assert len(world.workspace.jobs) == 1
    assert set(world.workspace.deployments) == {"blue", deployment_of(ended)}
