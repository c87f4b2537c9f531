"""A file from landing to promotion under an identity: the app's wiring, a real studio, storage without a key."""

import json
import os
import time
import uuid
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from landfall.commands.verify import verify
from landfall.host.invoker import Invoker
from landfall.stack.azurite import ACCOUNT_KEY
from landfall.stack.settings import model_settings
from shared import wiring
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import ConfigError
from shared.operators.output_links import links
from shared.pipeline import evaluation_message, landing, sweeping
from shared.pipeline.polling import Ticker
from shared.records.run_identity import run_id_for
from shared.records.run_states import RunState
from shared.services import Services
from tests.identity.endpoint import identity_endpoint
from tests.identity.storage import IdentityStorage
from tests.studio.running import RunningStudio, census_csv, publish_census, running_studio, storage_host

if TYPE_CHECKING:
    from landfall.stack.stack_document import Service

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def studio(identity_storage: IdentityStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio that may use the storage; it trusts its certificate by the environment."""
    folder = tmp_path_factory.mktemp("studio")
    publish_census(folder, folder / "data")
    with running_studio(folder / "data", [storage_host(identity_storage.connection_string)]) as running:
        yield running


@pytest.fixture
def settings(
    identity_storage: IdentityStorage, studio: RunningStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Give the app's settings under a managed identity, with the example route on containers of its own."""
    container = f"in{uuid.uuid4().hex[:10]}"
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    text = text.replace('input = "incoming"', f'input = "{container}"').replace("models/", f"{container}-models/")
    text = text.replace("routes.census", f"routes.{container}")
    (tmp_path / "routes.toml").write_text(text, encoding="utf-8")
    service = studio.service()
    with BlobServiceClient.from_connection_string(identity_storage.connection_string) as blobs:
        blobs.create_container(container)
        models = blobs.create_container(f"{container}-models")
        golden = "\n".join(line.rpartition(",")[0] for line in census_csv(10, 5).splitlines())
        models.upload_blob("golden/census.csv", golden)
        models.upload_blob("initial/census.ilearner", Path(service["seed_model"]).read_bytes())
    with identity_endpoint() as endpoint:
        for name, value in endpoint.environ.items():
            monkeypatch.setenv(name, value)
        yield {
            **identity_storage.settings(),
            "REQUESTS_CA_BUNDLE": os.environ["REQUESTS_CA_BUNDLE"],
            "LANDFALL_ROUTES": str(tmp_path / "routes.toml"),
            "LANDFALL_INPUT": container,
            "LANDFALL_DATA_HOST": storage_host(identity_storage.connection_string),
            **model_settings([cast("Service", service)]),
        }


def drop(storage: IdentityStorage, container: str, name: str, text: str) -> str:
    """Upload a file as its owner does; returns the id its run will have."""
    with BlobServiceClient.from_connection_string(storage.connection_string) as blobs:
        answer = blobs.get_blob_client(container, name).upload_blob(text)
    return run_id_for(container, name, str(answer["etag"]))


def settle(services: Services, run_id: str) -> RunState:
    """Tick, and deliver what the ticks announce, until a run has its outcome."""
    ticker = Ticker()
    for _ in range(600):
        for message in ticker.tick(services.acting_as("poll_pending_jobs")).messages:
            evaluation_message.evaluate(services.acting_as("evaluate_and_promote"), message.to_text())
        stored = services.runs.find(run_id)
        assert stored is not None
        if stored.run.terminal:
            return stored.run.state
        time.sleep(0.05)  # the next look at a job that trains
    raise AssertionError(f"run {run_id} did not end: {stored}")


@pytest.mark.timeout(120)
def test_a_file_is_promoted_without_any_key(
    settings: dict[str, str], identity_storage: IdentityStorage, studio: RunningStudio, tmp_path: Path
) -> None:
    """The file is landed, trained, staged, promoted, verified and audited; no key or link is written anywhere."""
    services, container = wiring.build_services(settings), settings["LANDFALL_INPUT"]
    run_id = drop(identity_storage, container, "census/june.csv", census_csv(600, 3, shift=1.5))

    landing.land(services.acting_as("on_csv_landed"), container, "census/june.csv")
    outcome = settle(services, run_id)
    swept = sweeping.sweep(services.acting_as("sweep"))

    stored = services.runs.find(run_id)
    assert stored is not None
    assert (outcome, swept) == (RunState.PROMOTED, 0), stored.run.reason
    record = services.endpoints.get(container, "production").record
    assert record.champion is not None
    assert record.champion.run_id == run_id
    assert {"model", "evaluation"} <= set(links(services, run_id))
    with TableServiceClient.from_connection_string(identity_storage.connection_string) as tables:
        written = repr([list(tables.get_table_client(name).list_entities()) for name in ("runs", "endpoints")])
    written += (studio.data / "requests.jsonl").read_text(encoding="utf-8")
    for secret in ("sig=", ACCOUNT_KEY, "CANARY", settings["CENSUS_TRAINING_KEY"]):
        assert secret not in written
    assert verified(settings, tmp_path) == 0


def verified(settings: dict[str, str], folder: Path) -> int:
    """Return the status of `landfall verify` on the app's settings, for whoever is signed in."""
    path = folder / "settings.json"
    path.write_text(json.dumps({"Values": settings}), encoding="utf-8")
    return verify(Namespace(state_given=False, settings=path, json=True, chain=True))


def test_the_real_runtime_lands_a_file_without_any_key(
    settings: dict[str, str], identity_storage: IdentityStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app is indexed and invoked as in Azure, its settings in the environment: its job is started."""
    monkeypatch.delenv("AzureWebJobsStorage", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    container = settings["LANDFALL_INPUT"]
    run_id = drop(identity_storage, container, "census/july.csv", census_csv(60, 4))
    names = {"Connection": "AzureWebJobsStorage", "ContainerName": container, "BlobName": "census/july.csv"}
    invoker = Invoker(ROOT, 60)
    try:
        landed = invoker.invoke(
            invoker.functions["on_csv_landed"], {"blob": ("model_binding_data", json.dumps(names))}, {}
        )
    finally:
        invoker.stop()

    assert landed.error is None, landed.error
    with closing(TableRunStore.from_connection_string(identity_storage.connection_string)) as runs:
        stored = runs.find(run_id)
    assert stored is not None
    assert stored.run.state is RunState.STARTED


def test_deadlines_that_no_link_can_live_for_are_named(settings: dict[str, str]) -> None:
    """The problem is listed beside all other problems of the settings, and only under an identity."""
    path = Path(settings["LANDFALL_ROUTES"])
    text = path.read_text(encoding="utf-8").replace("running = 86400", "running = 604800")
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        wiring.build_services({**settings, "LANDFALL_INPUT": "other"})

    assert len(caught.value.problems) == 2
    assert "LANDFALL_INPUT" in caught.value.problems[0]
    assert "deadlines_s: not_started and running are 691,200 s" in caught.value.problems[1]
    key = {name: value for name, value in settings.items() if not name.startswith("AzureWebJobsStorage")}
    assert wiring.build_services({**key, "AzureWebJobsStorage": "UseDevelopmentStorage=true"})
