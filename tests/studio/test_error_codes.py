"""The documented error codes, row by row: each is produced by a request here, or the manual says why it is not."""

import csv
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.studio.caller import (
    NAMES,
    ROW,
    TIMEOUT_S,
    VERSION,
    Storage,
    Trainer,
    bearer,
    get_endpoint,
    job_body,
    patch,
    score,
)
from tests.studio.running import ROOT, RunningStudio, census_csv, running_studio, storage_host

type Code = tuple[str, str, str]  # HTTP status, code, detail code

TABLE = Path(__file__).with_name("error_codes.csv")
MANUAL = ROOT / "docs" / "studio.md"
EXPERIMENT = """
name = "Strict Model"
data = "strict.csv"
label = "income"
task = "binary"
positive = ">50K"

[parameters]
"Seed of chance" = { sets = "seed", required = true }
"""


@dataclass(frozen=True)
class World:
    """What the requests need: a studio with two experiments, and storage."""

    studio: RunningStudio
    storage: Storage

    def service(self, name: str = "Census Model") -> dict[str, Any]:
        """Return the description of a service."""
        return dict(next(each for each in self.studio.describe()["services"] if each["name"] == name))

    def endpoint(self, name: str = "staging", service: str = "Census Model") -> dict[str, Any]:
        """Return the description of an added endpoint."""
        endpoints = self.service(service)["predictive"]["endpoints"]
        return dict(next(each for each in endpoints if each["name"] == name))

    def trainer(self, service: str = "Census Model") -> Trainer:
        """Return the caller of a training service."""
        training = self.service(service)["training"]
        return Trainer(training["jobs_url"], training["api_key"])

    def submit(self, **changes: Any) -> requests.Response:
        """Submit a job with some members of its body changed; None leaves one out."""
        body = {key: value for key, value in (job_body(self.storage) | changes).items() if value is not None}
        return self.trainer().call("POST", json=body)

    def submit_input(self, **changes: Any) -> requests.Response:
        """Submit a job with some members of its input changed."""
        return self.submit(Inputs={"input1": self.storage.reference("in.csv") | changes})

    def manage(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request below the workspace's management URL, with the workspace's token."""
        management = self.studio.describe()["management"]
        options.setdefault("headers", bearer(management["token"]))
        return requests.request(method, management["url"] + path, timeout=TIMEOUT_S, **options)

    def service_path(self) -> str:
        """Return the management path of the predictive service of the census."""
        url = str(self.endpoint()["patch_url"])
        return "/webservices/" + url.split("/webservices/")[1].split("/", maxsplit=1)[0]

    def execute(self, inputs: Any = None, query: dict[str, str] | None = None, **changes: Any) -> requests.Response:
        """Send a scoring request with another body."""
        table = {"ColumnNames": NAMES, "Values": [ROW]}
        body = {"Inputs": {"input1": table} if inputs is None else inputs, "GlobalParameters": {}} | changes
        endpoint = self.endpoint()
        return requests.post(
            endpoint["execute_url"].partition("?")[0],
            params=VERSION | (query or {}),
            json=body,
            headers=bearer(endpoint["api_key"]),
            timeout=TIMEOUT_S,
        )


@pytest.fixture(scope="module")
def world(published: Path, azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a studio with a second, stricter experiment, and a damaged endpoint."""
    from studio.training.experiment import load_experiment  # noqa: PLC0415 (only here)
    from studio.workspace.database import Database  # noqa: PLC0415
    from studio.workspace.publishing import publish  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("strict")
    data = Path(shutil.copytree(published, folder / "data"))
    (folder / "strict.csv").write_text(census_csv().replace("region", "area", 1), encoding="utf-8")
    (folder / "strict.toml").write_text(EXPERIMENT, encoding="utf-8")
    with Database(data) as database:
        publish(database, load_experiment(folder / "strict.toml"), "http://127.0.0.1:8600")
    storage = Storage.create(azurite)
    storage.put("in.csv", census_csv(seed=2, shift=2.0))
    storage.put("text.ilearner", "hello")
    with running_studio(data, [storage_host(azurite), "127.0.0.1:9"]) as studio:
        yield World(studio, storage)


def start_twice(world: World) -> requests.Response:
    """Start a job again."""
    trainer = world.trainer()
    job = trainer.submit(job_body(world.storage, name="twice"))
    trainer.start(job)
    return trainer.start(job)


def unfitting_model(world: World) -> requests.Response:
    """Give an endpoint the model of the other experiment."""
    body = job_body(world.storage, "other.csv", "other")
    world.storage.put("other.csv", census_csv(seed=5).replace("region", "area", 1))
    body["GlobalParameters"] = {"Seed of chance": 4}
    model = world.trainer("Strict Model").train(body)["Results"]["output1"]
    return patch(world.endpoint(), model)


def crowd(world: World) -> requests.Response:
    """Ask an endpoint that takes one request at a time many large ones at once."""
    path = world.service_path() + "/endpoints/narrow"
    made = world.manage("PUT", path, json={"ThrottleLevel": "High", "MaxConcurrentCalls": 1})
    assert made.status_code == 200, made.text
    shown = get_endpoint({"patch_url": made.request.url, "api_key": made.json()["PrimaryKey"]})
    endpoint = {"execute_url": shown["ApiLocation"] + "/execute", "api_key": shown["PrimaryKey"]}
    refused: list[requests.Response] = []

    def ask() -> None:
        while not refused:
            answer = score(endpoint, NAMES, [ROW] * 3000)
            if answer.status_code != 200:
                refused.append(answer)

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    return refused[0]


def damaged(world: World) -> requests.Response:
    """Ask an endpoint whose model was damaged on the disk, after a start of the studio."""
    data = Path(shutil.copytree(world.studio.data, world.studio.data.with_name("damaged")))
    for file in (data / "models").iterdir():
        file.write_bytes(b"x")
    with running_studio(data) as studio:
        service = next(each for each in studio.describe()["services"] if each["name"] == "Census Model")
        return score(service["predictive"]["endpoints"][0], NAMES, [ROW])


def scored_before(world: World) -> requests.Response:
    """Score what has been scored already, with the columns of the answer."""
    return score(world.endpoint(), [*NAMES, "Scored Labels"], [[*ROW, ">50K"]])


PRODUCED: dict[Code, Callable[[World], requests.Response]] = {
    ("400", "BadArgument", "BadParameterValue"): lambda world: world.submit(GlobalParameters={"Random seed": "x"}),
    ("400", "BadArgument", "BadSubscriptionId"): lambda world: requests.post(
        re.sub(r"/workspaces/\w+", f"/subscriptions/{'0' * 32}", world.trainer().jobs_url),
        params=VERSION,
        json=job_body(world.storage),
        headers=bearer(world.trainer().key),
        timeout=TIMEOUT_S,
    ),
    ("400", "BadArgument", "BadVersionCall"): lambda world: world.execute(query={"api-version": "1.0"}),
    ("400", "BadArgument", "BatchJobInputsNotSpecified"): lambda world: world.submit(Inputs=None),
    ("400", "BadArgument", "BlobNameTooLong"): lambda world: world.submit_input(RelativeLocation=f"c/{'a' * 1100}.csv"),
    ("400", "BadArgument", "BlobNotFound"): lambda world: patch(
        world.endpoint(), world.storage.reference("none.ilearner")
    ),
    ("400", "BadArgument", "ContainerIsEmpty"): lambda world: world.submit_input(RelativeLocation="/"),
    ("400", "BadArgument", "ContainerSegmentInvalid"): lambda world: world.submit_input(
        RelativeLocation="No_Name/a.csv"
    ),
    ("400", "BadArgument", "DuplicateInputInBatchCall"): lambda world: world.submit(
        Input=world.storage.reference("in.csv")
    ),
    ("400", "BadArgument", "InputBlobRelativeLocationInvalid"): lambda world: world.submit_input(
        RelativeLocation="container"
    ),
    ("400", "BadArgument", "InvalidBlob"): lambda world: patch(
        world.endpoint(), world.storage.reference("text.ilearner")
    ),
    ("400", "BadArgument", "InvalidBlobConnectionString"): lambda world: world.submit_input(ConnectionString="Key=1"),
    ("400", "BadArgument", "InvalidBlobExtension"): lambda world: world.submit_input(RelativeLocation="c/in.txt"),
    ("400", "BadArgument", "InvalidInputNames"): lambda world: world.submit(
        Inputs={"Input1": world.storage.reference("in.csv")}
    ),
    ("400", "BadArgument", "InvalidOutputOverrideName"): lambda world: world.submit(
        Outputs={"Output1": world.storage.reference("a.ilearner")}
    ),
    ("400", "BadArgument", "InvalidQueryParameter"): lambda world: world.execute(query={"details": "perhaps"}),
    ("400", "BadArgument", "MissingInputBlobInformation"): lambda world: world.submit_input(ConnectionString=None),
    ("400", "BadArgument", "MissingJobId"): lambda world: world.trainer().call("GET", "/"),
    ("400", "BadArgument", "MissingOutputOverrideSpecification"): lambda world: world.submit(Outputs={"output1": None}),
    ("400", "BadArgument", "MissingRequestInput"): lambda world: world.execute(inputs={}),
    ("400", "BadArgument", "MissingRequiredGlobalParameters"): lambda world: world.trainer("Strict Model").call(
        "POST", json=job_body(world.storage)
    ),
    ("400", "BadArgument", "MissingRequiredOutputOverrides"): lambda world: world.submit(Outputs=None),
    ("400", "BadArgument", "RequestBodyInvalid"): lambda world: world.trainer().call("POST", data="{"),
    ("400", "BadArgument", "UnexpectedParameter"): lambda world: world.submit(GlobalParameters={"random seed": 1}),
    ("400", "BadArgument", "WebServiceConcurrentRequestRequirementInvalid"): lambda world: world.manage(
        "PUT",
        world.service_path() + "/endpoints/slow",
        json={"ThrottleLevel": "Low", "MaxConcurrentCalls": 5},
    ),
    ("400", "BadArgument", "WebServiceIdInvalid"): lambda world: world.manage("GET", "/webservices/no-guid"),
    ("400", "BadArgument", "WebServiceTooManyConcurrentRequestRequirement"): lambda world: world.manage(
        "PUT",
        world.service_path() + "/endpoints/wide",
        json={"ThrottleLevel": "High", "MaxConcurrentCalls": 201},
    ),
    ("400", "BadUserArgument", "InputMismatchError"): lambda world: score(world.endpoint(), ["aeg", *NAMES[1:]], [ROW]),
    ("400", "BadUserArgument", "InputParseError"): lambda world: score(world.endpoint(), NAMES, [["old", *ROW[1:]]]),
    ("400", "BadUserArgument", "UnexpectedParameter"): lambda world: world.execute(GlobalParameters={"Seed": 1}),
    ("400", "InvalidOperation", "CannotStartJob"): start_twice,
    ("400", "InvalidOperation", "IncompatibleModel"): unfitting_model,
    ("400", "InvalidOperation", "MultipleInputsNotAllowed"): lambda world: world.submit(
        Inputs=dict.fromkeys(("input1", "input2"), world.storage.reference("in.csv"))
    ),
    ("401", "Unauthorized", "ManagementRequestUnauthorized"): lambda world: world.manage(
        "GET", "/webservices", headers=bearer("wrong")
    ),
    ("401", "Unauthorized", "ScoreRequestUnauthorized"): lambda world: score(
        world.endpoint() | {"api_key": "wrong"}, NAMES, [ROW]
    ),
    ("404", "NotFound", "WebServiceNotFound"): lambda world: world.manage("GET", f"/webservices/{'0' * 32}"),
    ("404", "NotFound", "WorkspaceNotFound"): lambda world: requests.get(
        f"{world.studio.base_url}/management/workspaces/{'0' * 32}/webservices", timeout=TIMEOUT_S
    ),
    ("409", "Conflict", "ModelOutputMetadataMismatch"): scored_before,
    ("500", "InternalError", "ResourceDownload"): lambda world: patch(
        world.endpoint(),
        {"BaseLocation": "http://127.0.0.1:9/account", "RelativeLocation": "c/m.ilearner", "SasBlobToken": "?sig=x"},
    ),
    ("500", "InternalError", "ResourceLoadFailed"): damaged,
    ("503", "ServiceUnavailable", "RequestThrottled"): crowd,
}


def documented() -> set[Code]:
    """Return the rows of the documented table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["http_status", "code", "detail_code"]
    return {(status, code, detail) for status, code, detail in rows}


def excused() -> dict[Code, str]:
    """Return the rows that the manual says are not produced, each with its reason."""
    section = (
        MANUAL.read_text(encoding="utf-8").partition("## Error codes that are not produced")[2].partition("\n## ")[0]
    )
    reasons = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) == 3 and cells[0][:1].isdigit():
            (status, code), reason = cells[0].split(), cells[2]
            for detail in re.findall(r"`(\w+)`", cells[1]) or [""]:
                reasons[status, code.strip("`"), detail] = reason
    return reasons


def test_every_documented_code_is_produced_or_excused() -> None:
    """Each row stands in exactly one of the two lists, and each excuse has words."""
    produced, without = set(PRODUCED), excused()
    assert produced | set(without) == documented()
    assert not produced & set(without)
    assert all(len(reason.split()) >= 3 for reason in without.values())
    sentence = f"documented {len(documented())} codes. {len(produced)} of them are answered here"
    assert sentence in MANUAL.read_text(encoding="utf-8")


@pytest.mark.parametrize("expected", PRODUCED, ids="-".join)
def test_a_code_is_produced(world: World, expected: Code) -> None:
    """The request is answered by the status, code and detail code, in the documented shape, with words."""
    answer = PRODUCED[expected](world)
    error = answer.json()["error"]
    codes = (str(answer.status_code), error["code"], error["details"][0]["code"])
    assert codes == expected, answer.text
    assert error["message"].endswith(".")
    assert error["details"][0]["message"]
    assert "sig=" not in answer.text
