"""The function app in its worker process, on a storage container of its own and a studio."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from azure.storage.blob import BlobServiceClient

from landfall.host.invoker import Invoker
from landfall.host.worker import Outcome, Value
from landfall.stack.settings import model_settings
from shared.records.run_identity import run_id_for
from tests.studio.running import RunningStudio, census_csv, publish_census, running_studio, storage_host

if TYPE_CHECKING:
    from landfall.stack.stack_document import Service

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunningApp:
    """The app in its worker process, with its storage, container and studio."""

    invoker: Invoker
    storage: str
    container: str
    studio: RunningStudio

    def invoke(self, name: str, inputs: dict[str, Value]) -> Outcome:
        """Run a function."""
        return self.invoker.invoke(self.invoker.functions[name], inputs, {})

    def get(self, name: str, **query: str) -> tuple[int, Any]:
        """Call an HTTP function; return status and JSON."""
        request = {"method": "GET", "url": "http://x/", "headers": {}, "query": query, "params": {}, "body": b""}
        outcome = self.invoke(name, {"req": ("http", request)})
        assert outcome.error is None, outcome.error
        assert outcome.returned is not None
        answer = outcome.returned[1]
        return answer["status"], json.loads(answer["body"])

    def call(self, name: str, method: str, body: bytes = b"", **params: str) -> tuple[int, str, dict[str, str]]:
        """Call an HTTP function; return status, text and headers."""
        request = {"method": method, "url": "http://x/", "headers": {}, "query": {}, "params": params, "body": body}
        outcome = self.invoke(name, {"req": ("http", request)})
        assert outcome.error is None, outcome.error
        assert outcome.returned is not None
        answer = outcome.returned[1]
        text = answer["body"]
        headers = {key.lower(): str(value) for key, value in answer["headers"].items()}
        return answer["status"], text.decode() if isinstance(text, bytes) else text, headers

    def reference(self, name: str) -> Value:
        """Return what the host sends for a blob."""
        names = {"Connection": "AzureWebJobsStorage", "ContainerName": self.container, "BlobName": name}
        return "model_binding_data", json.dumps(names)

    def tick(self) -> list[str]:
        """Fire the poll timer; return its output messages."""
        outcome = self.invoke("poll_pending_jobs", {"timer": ("json", '{"IsPastDue": false}')})
        assert outcome.error is None, outcome.error
        messages: list[str] = json.loads(outcome.outputs["messages"][1])
        return messages


@contextlib.contextmanager
def running_app(azurite: str, folder: Path, *, more_of_route: str = "") -> Iterator[RunningApp]:
    """Run the app with the example route and a studio behind it, all on a container of its own.

    `more_of_route`: tables of routes.toml, in which NAME stands for the route's name, which is the container's.
    """
    publish_census(folder, folder / "studio")
    container = f"in{uuid.uuid4().hex[:10]}"
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    text = text.replace('input = "incoming"', f'input = "{container}"').replace("models/", f"{container}-models/")
    text = text.replace("[routes.census", f"[routes.{container}")
    text = text.replace("[[routes.census", f"[[routes.{container}")
    text += more_of_route.replace("NAME", container)
    (folder / "routes.toml").write_text(text, encoding="utf-8")
    with running_studio(folder / "studio", [storage_host(azurite)]) as studio, pytest.MonkeyPatch.context() as patch:
        service = studio.service()
        settings = {
            "AzureWebJobsStorage": azurite,
            "LANDFALL_ROUTES": str(folder / "routes.toml"),
            "LANDFALL_INPUT": container,
            "LANDFALL_DATA_HOST": storage_host(azurite),
            **model_settings([cast("Service", service)]),
        }
        for name, value in settings.items():
            patch.setenv(name, value)
        with BlobServiceClient.from_connection_string(azurite) as blobs:
            for name in (container, f"{container}-models"):
                blobs.create_container(name)
            golden = "\n".join(line.rpartition(",")[0] for line in census_csv(10, 5).splitlines())
            blobs.get_blob_client(f"{container}-models", "golden/census.csv").upload_blob(golden)
            seed = Path(service["seed_model"]).read_bytes()
            blobs.get_blob_client(f"{container}-models", "initial/census.ilearner").upload_blob(seed)
        invoker = Invoker(ROOT, 60)
        yield RunningApp(invoker, azurite, container, studio)
        invoker.stop()


def drop(app: RunningApp, name: str, text: str) -> str:
    """Upload a file; return the id that its run will have."""
    with BlobServiceClient.from_connection_string(app.storage) as blobs:
        answer = blobs.get_blob_client(app.container, name).upload_blob(text, overwrite=True)
    return run_id_for(app.container, name, str(answer["etag"]))
