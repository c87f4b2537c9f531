"""A workspace over HTTP that remembers: jobs, model versions, an endpoint, its deployments, and who answers."""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.blob_path import BlobPath
from shared.records.times import iso_time
from tests.azureml.strict_contract import assert_in_contract
from tests.contract.scripted import ReceivedRequest
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_blobs import MemoryBlobs
from tests.local_server import QuietHandler, serving

if TYPE_CHECKING:
    from datetime import datetime

READY_S = 600.0  # how long a deployment is being made
_HEADER = "azureml-model-deployment"
_PROBLEM = {"error": {"code": "NotFound", "message": "there is none"}}


class Workspace:
    """The state, and switches for what may go wrong.

    Attributes:
        failing: models (by their text) whose deployments fail.
        ignores_traffic: whether a change of traffic is accepted and has no effect.
        lost: how many of the next answers to a PUT get lost after it took effect.
        broken: what a request was that is not in the contract.
    """

    def __init__(self, clock: FakeClock, blobs: MemoryBlobs) -> None:
        self.clock, self.blobs = clock, blobs
        self.base_url = ""
        self.jobs: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, str] = {}  # ARM id -> container/path
        self.endpoint: dict[str, Any] = {
            "location": "eastus2",
            "identity": {"type": "SystemAssigned", "principalId": "p"},
            "properties": {"authMode": "Key", "traffic": {"blue": 100}, "mirrorTraffic": None},
        }
        self.deployments: dict[str, tuple[dict[str, Any], datetime]] = {"blue": ({"tags": None}, clock.now())}
        self.failing: set[str] = set()
        self.ignores_traffic = False
        self.lost = 0
        self.asked: list[str] = []
        self.broken: list[str] = []

    # -- what the outside does ---------------------------------------------------------------------------------------

    def finish(self, job_id: str, model: str, auc: float) -> None:
        """Have a job write its model and its metrics, and end well."""
        outputs = self.jobs[job_id]["properties"]["outputs"]
        self.blobs.put("training", f"{self._place(outputs['model']['uri'])}model.txt", model)
        evaluation = f"{self._place(outputs['evaluation']['uri'])}metrics.json"
        self.blobs.put("training", evaluation, json.dumps({"metrics": {"AUC": auc}}))
        self.jobs[job_id]["properties"]["status"] = "Completed"

    def serving_model(self) -> str:
        """Return the text of the model that users are answered by."""
        (name,) = self.endpoint["properties"]["traffic"]
        return self._model(name)

    # -- what the app asks -------------------------------------------------------------------------------------------

    def answer(self, request: ReceivedRequest) -> tuple[int, object, dict[str, str]]:
        """Answer a request: status, body, headers."""
        path = urlsplit(request.path).path
        if path == "/score":
            return self._score(request)
        try:
            assert_in_contract(request)
        except AssertionError as error:
            self.broken.append(str(error))
        below = path.partition("/workspaces/ml")[2]
        self.asked.append(f"{request.method} {below}")
        body = json.loads(request.body) if request.body else None
        status, answer = self._managed(request.method, path, below, body)
        return status, answer, {}

    def _managed(self, method: str, path: str, below: str, body: Any) -> tuple[int, object]:  # noqa: PLR0911 - a table
        match below.strip("/").split("/"):
            case ["jobs", job_id]:
                return self._job(method, job_id, body)
            case ["components", *_]:
                spec = {"type": "command", "command": "python train.py", "environment": "azureml:e:1"}
                return 200, {"properties": {"componentSpec": spec}}
            case ["models", *_]:
                uri = body["properties"]["modelUri"]
                self.versions[path.casefold()] = f"models/{self._place(uri).rstrip('/')}"
                return 201, body
            case ["onlineEndpoints", _, "listKeys"]:
                return 200, {"primaryKey": "endpoint-key"}
            case ["onlineEndpoints", _]:
                return self._whole_endpoint(method, body)
            case ["onlineEndpoints", _, "deployments"]:
                return 200, {"value": [self._deployment(name) for name in self.deployments]}
            case ["onlineEndpoints", _, "deployments", name]:
                return self._one_deployment(method, name, body)
        return 404, _PROBLEM

    def _job(self, method: str, job_id: str, body: Any) -> tuple[int, object]:
        created = method == "PUT" and job_id not in self.jobs
        if created:
            self.jobs[job_id] = {**body, "properties": {**body["properties"], "status": "Running"}}
        return (201 if created else 200, self.jobs[job_id]) if job_id in self.jobs else (404, _PROBLEM)

    def _whole_endpoint(self, method: str, body: Any) -> tuple[int, object]:
        before = self._endpoint()
        if method == "PUT":
            if self.ignores_traffic:
                body["properties"]["traffic"] = self.endpoint["properties"]["traffic"]
            self.endpoint = body
        return (201 if method == "PUT" else 200), before

    def _one_deployment(self, method: str, name: str, body: Any) -> tuple[int, object]:
        if method == "PUT":
            self.deployments[name] = (body, self.clock.now())
            return 201, self._deployment(name)
        if name not in self.deployments:
            return 404, _PROBLEM
        if method == "DELETE":
            del self.deployments[name]
            return 202, None
        return 200, self._deployment(name)

    def _endpoint(self) -> dict[str, Any]:
        properties = {
            **self.endpoint["properties"],
            "provisioningState": "Succeeded",
            "scoringUri": f"{self.base_url}/score",
        }
        return {**self.endpoint, "name": "churn-prod", "properties": properties}

    def _deployment(self, name: str) -> dict[str, Any]:
        body, made_at = self.deployments[name]
        ready = name == "blue" or (self.clock.now() - made_at).total_seconds() >= READY_S
        state = "Succeeded" if ready else "Creating"
        if ready and name != "blue" and self._model(name) in self.failing:
            state = "Failed"
        properties = {**body.get("properties", {}), "provisioningState": state}
        return {**body, "name": name, "properties": properties, "systemData": {"createdAt": iso_time(made_at)}}

    def _model(self, name: str) -> str:
        if name == "blue":
            return "seed"
        path = self.versions[self.deployments[name][0]["properties"]["model"].casefold()]
        return self.blobs.text(f"{BlobPath.parse(path)}/model.txt") or ""

    def _score(self, request: ReceivedRequest) -> tuple[int, object, dict[str, str]]:
        named = {name.casefold(): value for name, value in request.headers.items()}.get(_HEADER)
        name = named or next(iter(self.endpoint["properties"]["traffic"]))
        model = self._model(name)
        rows = json.loads(request.body)["input_data"]["data"]
        digests = [hashlib.sha256(f"{model} {row}".encode()).digest() for row in rows]
        answers = [{"label": "yes" if digest[0] > 127 else "no", "probability": digest[0] / 255} for digest in digests]
        return 200, answers, {_HEADER: name}

    def _place(self, uri: str) -> str:
        """Return the path in its container that a datastore's address names."""
        place = re.fullmatch(r"azureml://datastores/landfall_\w+/paths/(.+)", uri)
        assert place is not None, uri
        return place[1]


@contextlib.contextmanager
def served(workspace: Workspace) -> Iterator[Workspace]:
    """Let a workspace answer on a free port for the time of the `with`."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = ReceivedRequest(self.command, self.path, dict(self.headers), self.rfile.read(length))
            status, body, headers = workspace.answer(request)
            if self.command == "PUT" and workspace.lost:
                workspace.lost -= 1
                self.close_connection = True
                return
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - the base class's names

    with serving(Handler) as port:
        workspace.base_url = f"http://127.0.0.1:{port}"
        yield workspace
