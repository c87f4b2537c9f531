"""A caller of the classic protocol written from its description alone, with plain requests: it shares no code."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests
from azure.storage.blob import BlobServiceClient

from tests.studio.running import COLUMNS, RunningStudio

NAMES = list(COLUMNS[:-1])
ROW = ["39", "60", "Exec", "north"]
VERSION = {"api-version": "2.0"}
TIMEOUT_S = 30


@dataclass(frozen=True)
class Storage:
    """A container of its own in the storage emulator."""

    connection_string: str
    container: str

    @classmethod
    def create(cls, connection_string: str) -> "Storage":
        """Make a container with a new name."""
        container = f"t{uuid4().hex}"
        with BlobServiceClient.from_connection_string(connection_string) as client:
            client.create_container(container).close()
        return cls(connection_string, container)

    def put(self, blob: str, data: str | bytes) -> None:
        """Write a blob."""
        with (
            BlobServiceClient.from_connection_string(self.connection_string) as client,
            client.get_blob_client(self.container, blob) as target,
        ):
            target.upload_blob(data, overwrite=True)

    def exists(self, blob: str) -> bool:
        """Tell whether a blob is there."""
        with (
            BlobServiceClient.from_connection_string(self.connection_string) as client,
            client.get_blob_client(self.container, blob) as target,
        ):
            return target.exists()

    def reference(self, blob: str, **members: Any) -> dict[str, Any]:
        """Return a blob reference by connection string."""
        return {"ConnectionString": self.connection_string, "RelativeLocation": f"{self.container}/{blob}", **members}


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def job_body(storage: Storage, source: str = "in.csv", name: str = "job") -> dict[str, Any]:
    """Return the body of a submit."""
    return {
        "Inputs": {"input1": storage.reference(source)},
        "Outputs": {
            "output1": storage.reference(f"{name}/model.ilearner"),
            "output2": storage.reference(f"{name}/evaluation.csv"),
        },
        "GlobalParameters": {},
    }


@dataclass(frozen=True)
class Trainer:
    """Calls the training service of a studio."""

    jobs_url: str
    key: str

    @classmethod
    def of(cls, studio: RunningStudio) -> "Trainer":
        """Return the caller of a studio's only training service."""
        training = studio.service()["training"]
        return cls(training["jobs_url"], training["api_key"])

    def call(self, method: str, path: str = "", **options: Any) -> requests.Response:
        """Send one request below the jobs URL."""
        settings: dict[str, Any] = {"params": VERSION, "headers": bearer(self.key)} | options
        return requests.request(method, self.jobs_url + path, timeout=TIMEOUT_S, **settings)

    def submit(self, body: Any) -> str:
        """Submit a job that must be accepted; returns its id."""
        answer = self.call("POST", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json())

    def start(self, job: str) -> requests.Response:
        """Start a job."""
        return self.call("POST", f"/{job}/start")

    def status(self, job: str) -> dict[str, Any]:
        """Return a job's status."""
        answer = self.call("GET", f"/{job}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, job: str) -> dict[str, Any]:
        """Wait until a job has ended; returns its status."""
        give_up = time.monotonic() + 60
        while (status := self.status(job))["StatusCode"] in ("NotStarted", "Running"):
            assert time.monotonic() < give_up, status
            time.sleep(0.05)
        return status

    def train(self, body: Any) -> dict[str, Any]:
        """Submit and start a job, and wait for its end."""
        job = self.submit(body)
        assert self.start(job).status_code == 204
        return self.ended(job)


def score(endpoint: dict[str, Any], names: list[str], rows: list[list[Any]], **query: str) -> requests.Response:
    """Send rows to an endpoint."""
    body = {"Inputs": {"input1": {"ColumnNames": names, "Values": rows}}, "GlobalParameters": {}}
    return requests.post(
        endpoint["execute_url"].partition("?")[0],
        params=VERSION | query,
        json=body,
        headers=bearer(endpoint["api_key"]),
        timeout=TIMEOUT_S,
    )


def patch(endpoint: dict[str, Any], location: Any, **members: Any) -> requests.Response:
    """Give an endpoint another model."""
    resource = {"Name": endpoint["resource"], "Location": location} | members
    return requests.patch(
        endpoint["patch_url"], json={"Resources": [resource]}, headers=bearer(endpoint["api_key"]), timeout=TIMEOUT_S
    )


def refresh(endpoint: dict[str, Any], body: Any) -> requests.Response:
    """Ask for the default endpoint's model again."""
    url = endpoint["patch_url"] + "/refresh"
    return requests.post(url, json=body, headers=bearer(endpoint["api_key"]), timeout=TIMEOUT_S)


def get_endpoint(endpoint: dict[str, Any]) -> dict[str, Any]:
    """Return the endpoint object."""
    answer = requests.get(endpoint["patch_url"], headers=bearer(endpoint["api_key"]), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@dataclass(frozen=True)
class Owner:
    """Calls the management API of a studio with the workspace's token."""

    url: str
    token: str

    @classmethod
    def of(cls, studio: RunningStudio) -> "Owner":
        """Return the owner of a studio's workspace."""
        management = studio.describe()["management"]
        return cls(management["url"] + "/webservices", management["token"])

    def call(self, method: str, path: str = "", **options: Any) -> requests.Response:
        """Send one request below the list of services."""
        settings: dict[str, Any] = {"headers": bearer(self.token)} | options
        return requests.request(method, self.url + path, timeout=TIMEOUT_S, **settings)

    def service(self, title: str) -> str:
        """Return the path of the service of that name."""
        (service,) = [service for service in self.call("GET").json() if service["Name"] == title]
        return f"/{service['Id']}"

    def add(self, service: str, name: str, **settings: Any) -> dict[str, Any]:
        """Add or change an endpoint, which must succeed; returns it as `score` and `patch` take endpoints."""
        answer = self.call("PUT", f"{service}/endpoints/{name}", json=settings)
        assert answer.status_code == 200, answer.text
        return self.described(answer.json())

    def described(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Return an endpoint object with what `score` and `patch` need beside it."""
        return shown | {
            "execute_url": shown["ApiLocation"] + "/execute",
            "patch_url": f"{self.url}/{shown['WebServiceId']}/endpoints/{shown['Name']}",
            "api_key": shown["PrimaryKey"],
            "resource": shown["Resources"][0]["Name"] if shown["Resources"] else None,
        }


def download(result: dict[str, Any]) -> bytes:
    """Read an output by its link: base, relative location and token, put together as they are (protocol 1.6)."""
    link = result["BaseLocation"] + result["RelativeLocation"] + result["SasBlobToken"]
    answer = requests.get(link, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return answer.content


def probability(endpoint: dict[str, Any]) -> str:
    """Return what an endpoint answers the sample row."""
    answer = score(endpoint, NAMES, [ROW])
    assert answer.status_code == 200, answer.text
    return str(answer.json()["Results"]["output1"]["value"]["Values"][0][-1])


def refusals(answer: requests.Response) -> set[str]:
    """Return the detail codes of a refusal that names several problems at once."""
    assert answer.status_code == 400, answer.text
    return {detail["code"] for detail in answer.json()["error"]["details"]}


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    """Return status, code and detail code of a documented error."""
    error = answer.json()["error"]
    assert error["message"]
    assert error["details"][0]["message"]
    return answer.status_code, error["code"], error["details"][0]["code"]
