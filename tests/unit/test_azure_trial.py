"""The trial in a real subscription, with fakes of az, azd and docker on its PATH: its calls, their order, its ends."""

import importlib.util
import json
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST = "ca-studio.example.azurecontainerapps.io"
# Records its arguments. It answers with what `answers.json` has for the longest beginning of them, and fails if that is
# a number: the exit status.
FAKE = f"""#!{sys.executable} -S
import json, sys
from pathlib import Path
here = Path(__file__).parent
call = [Path(__file__).name, *sys.argv[1:]]
with (here / "calls").open("a", encoding="utf-8") as file:
    file.write(json.dumps(call) + chr(10))
answers = json.loads((here / "answers.json").read_text(encoding="utf-8"))
line = " ".join(call)
answer = answers.get(max((key for key in answers if line.startswith(key)), key=len, default=""), "")
if type(answer) is int:
    print("it is forbidden", file=sys.stderr)
    raise SystemExit(answer)
print(answer if isinstance(answer, str) else json.dumps(answer))
"""
TOKEN = "e30.eyJvaWQiOiAib3BlcmF0b3ItaWQifQ.x"  # its claims are {"oid": "operator-id"}


class App(BaseHTTPRequestHandler):
    """The function app's `runs`: each request gets the next answer."""

    answers: ClassVar[list[dict[str, str]]] = []
    keys: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        """Answer with one run; or, as GitHub does, with a token for whoever has the right one."""
        if self.path.startswith("/token"):
            allowed = self.headers["Authorization"] == "Bearer of-the-job"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps({"value": f"for {self.path}"}).encode())
            return
        App.keys.append(self.headers["x-functions-key"])
        body = json.dumps({"runs": [App.answers.pop(0)]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class Subscription:
    """A folder with the fakes, and the script run with them."""

    def __init__(self, folder: Path, script: ModuleType, app: str) -> None:
        self.folder, self.script = folder, script
        self.answers: dict[str, Any] = {
            "az account get-access-token": {"accessToken": TOKEN},
            "az resource list": [{"id": "/subscriptions/s/containerApps/ca-studio"}],
            "az resource show --ids /subscriptions/s/containerApps/ca-studio": {
                "properties": {"configuration": {"ingress": {"fqdn": HOST}}}
            },
            "az functionapp keys list": {"functionKeys": {"default": "function-key"}},
            "az functionapp show": {"id": "/subscriptions/s/sites/func-x"},
            "az group exists": False,
            "az keyvault list-deleted": [
                {"name": "kv-x", "properties": {"location": "westeurope", "tags": {"azd-env-name": name}}}
                for name in ("landfall-trial-7", "landfall-prod")
            ],
            "azd env get-value AZURE_RESOURCE_GROUP": "rg-trial",
            "azd env get-value AZURE_KEY_VAULT_NAME": "kv-x",
            "azd env get-value AZURE_STORAGE_ACCOUNT_NAME": "stx",
            "azd env get-value AZURE_FUNCTION_APP_NAME": "func-x",
            "azd env get-value AZURE_FUNCTION_APP_URL": app,
            "azd env get-value LANDFALL_INPUT": "incoming",
        }
        for name in ("az", "azd", "docker"):
            (folder / name).write_text(FAKE, encoding="utf-8")
            (folder / name).chmod(0o755)

    def step(self, name: str, *options: str) -> tuple[int, list[list[str]]]:
        """Run a step; return its exit status and the calls that it made."""
        (self.folder / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")
        (self.folder / "calls").write_text("", encoding="utf-8")
        sys.argv = ["azure_trial.py", name, "--work", str(self.folder), *options]
        status = self.script.main()
        return status, [json.loads(line) for line in (self.folder / "calls").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """Give the URL of the function app."""
    server = HTTPServer(("127.0.0.1", 0), App)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def subscription(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: str) -> Subscription:
    """Give a subscription in which nothing is yet; the doctor is content."""
    spec = importlib.util.spec_from_file_location("azure_trial", ROOT / "scripts" / "azure_trial.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    routes = tmp_path / "routes.toml"
    routes.write_bytes((ROOT / "routes.toml").read_bytes())
    monkeypatch.setattr(sys.modules["azure_commands"], "PAUSE_S", 0)
    for name, value in {"DOCTOR_S": 0, "ROUTES": routes}.items():
        monkeypatch.setattr(script, name, value)
    monkeypatch.setattr(script.Trial, "doctor", lambda _: True)
    for name in ("AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION"):
        monkeypatch.setenv(name, "00000000-1111" if name.endswith("ID") else "swedencentral")
    monkeypatch.setenv("AZURE_ENV_NAME", "landfall-trial-7")
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [])
    App.keys.clear()
    return Subscription(tmp_path, script, app)


def run_of(state: str) -> dict[str, str]:
    """Return a run as the app lists it."""
    return {"state": state, "step": "", "reason": "AUC 0.7: at least 0.8 required"}


def test_a_round_ends_with_a_promoted_file_and_nothing_left(subscription: Subscription) -> None:
    """It deploys the studio, then all with the studio's address; fills vault and storage; waits; removes everything."""
    assert subscription.step("prepare")[0] == 0
    App.answers[:] = [run_of("started"), run_of("promoted")]
    routes = (subscription.folder / "routes.toml").read_bytes()

    status, calls = subscription.step("round")

    assert status == 0
    steps = [" ".join(call[:2]) for call in calls if call[:2] in (["azd", "provision"], ["azd", "up"], ["azd", "down"])]
    assert steps == ["azd provision", "azd up", "azd down"]
    settings = {call[3]: call[4] for call in calls if call[:3] == ["azd", "env", "set"]}
    assert settings["LANDFALL_OPERATOR_ID"] == "operator-id"
    parameters = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")
    assert [name for name in settings if f"${{{name}}}" not in parameters and f"${{{name}=" not in parameters] == []
    assert {name: value for name, value in settings.items() if name.startswith("CENSUS_")}.keys() == {
        "CENSUS_JOBS_URL",
        "CENSUS_PATCH_URL",
        "CENSUS_EXECUTE_URL",
        "CENSUS_STAGING_PATCH_URL",
        "CENSUS_STAGING_EXECUTE_URL",
    }
    assert settings["CENSUS_JOBS_URL"].startswith(f"https://{HOST}/workspaces/")
    (refresh,) = [call[-1] for call in calls if call[:2] == ["az", "rest"]]
    assert refresh.startswith("https://management.azure.com/subscriptions/s/sites/func-x/config/configreferences/")
    secrets = [call[call.index("--name") + 1] for call in calls if call[1:4] == ["keyvault", "secret", "set"]]
    assert sorted(secrets) == ["census-endpoint-key", "census-staging-key", "census-training-key"]
    blobs = [
        (call[call.index("--container-name") + 1], call[call.index("--name") + 1])
        for call in calls
        if call[1:4] == ["storage", "blob", "upload"]
    ]
    assert blobs == [
        ("models", "initial/census.ilearner"),
        ("models", "golden/census.csv"),
        ("incoming", "census/trial.csv"),
    ]
    assert App.keys == ["function-key", "function-key"]
    assert (subscription.folder / "routes.toml").read_bytes() == routes


def test_a_workflow_signs_in_again_before_az_needs_new_access(
    subscription: Subscription, app: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each sign-in has a new token of GitHub; vault and storage come after one, and a refused token ends the trial."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{app}/token?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job")
    subscription.answers["az account show"] = {"id": "s", "tenantId": "t", "user": {"name": "client"}}
    assert subscription.step("prepare")[0] == 0
    App.answers[:] = [run_of("promoted")]
    status, calls = subscription.step("round")
    assert status == 0
    sign_ins = [index for index, call in enumerate(calls) if call[:2] == ["az", "login"]]
    assert calls[sign_ins[0]][3:] == [
        *("--username", "client", "--tenant", "t", "--federated-token"),
        "for /token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange",
    ]
    steps = [" ".join(call[:4]) for call in calls]
    up = next(index for index, step in enumerate(steps) if step.startswith("azd up"))
    down = next(index for index, step in enumerate(steps) if step.startswith("azd down"))
    first, last = steps.index("az keyvault secret set"), len(steps) - 1 - steps[::-1].index("az storage blob upload")
    assert any(up < index < first for index in sign_ins)
    assert any(last < index < down for index in sign_ins)

    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-another-job")
    assert subscription.step("round")[0] == 1
    assert "GitHub gives no token to sign in to Azure with: 401" in capsys.readouterr().err


def test_the_app_may_call_the_studio(subscription: Subscription) -> None:
    """While `azd up` runs, routes.toml allows the studio's host, and is a valid file."""
    assert subscription.step("prepare")[0] == 0
    subscription.script.Trial.fill = lambda _: allowed.extend(
        tomllib.loads((subscription.folder / "routes.toml").read_text(encoding="utf-8"))["allow_hosts"]
    )
    allowed: list[str] = []
    App.answers[:] = [run_of("promoted")]
    assert subscription.step("round")[0] == 0
    assert HOST in allowed
    assert "${LANDFALL_DATA_HOST}" in allowed


def test_a_round_tries_the_delivery_that_is_asked_for(subscription: Subscription) -> None:
    """The webhook, or the queue; the environment of an earlier round is overwritten before anything is deployed."""
    assert subscription.step("prepare")[0] == 0
    for options, expected in (((), "webhook"), (("--events", "queue"), "queue")):
        App.answers[:] = [run_of("promoted")]
        status, calls = subscription.step("round", *options)
        steps = [call[1:5] for call in calls if call[0] == "azd"]
        assert status == 0
        assert steps.index(["env", "set", "LANDFALL_EVENT_DELIVERY", expected]) < steps.index(
            next(step for step in steps if step[0] == "provision")
        )


def test_a_rejected_file_fails_the_trial(subscription: Subscription, capsys: pytest.CaptureFixture[str]) -> None:
    """The text has the run's reason; what stands is left to `clean`."""
    assert subscription.step("prepare")[0] == 0
    App.answers[:] = [run_of("rejected")]
    status, calls = subscription.step("round")
    assert status == 1
    assert ["azd", "down"] not in [call[:2] for call in calls]
    assert "the run ended rejected: AUC 0.7" in capsys.readouterr().err


def test_a_role_that_does_not_hold_yet_is_waited_for(
    subscription: Subscription, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused secret is tried again until the limit; the error names the command and no key."""
    assert subscription.step("prepare")[0] == 0
    monkeypatch.setattr(subscription.script, "ACCESS_S", 0.2)
    subscription.answers["az keyvault secret set"] = 1
    status, calls = subscription.step("round")
    assert status == 1
    attempts = [call for call in calls if call[1:3] == ["keyvault", "secret"]]
    assert len(attempts) > 1
    text = capsys.readouterr().err
    assert "az keyvault secret set: not within 0 s" in text
    assert "it is forbidden" in text
    assert attempts[0][attempts[0].index("--value") + 1] not in text


def test_clean_removes_what_is_left(subscription: Subscription, capsys: pytest.CaptureFixture[str]) -> None:
    """It purges the trial's own deleted vault. Groups that stay are an error; a trial that never began is none."""
    status, calls = subscription.step("clean")
    assert status == 0
    assert calls[0][:3] == ["azd", "down", "--force"]
    assert len([call for call in calls if call[1:3] == ["keyvault", "purge"]]) == 1
    subscription.answers |= {"az group exists": True, "az group delete": 3}
    status, calls = subscription.step("clean")
    assert status == 1
    assert [call[-1] for call in calls if call[1:3] == ["group", "delete"]] == [
        "rg-landfall-trial-7",
        "rg-landfall-trial-7-registry",
    ]
    assert "not removed: rg-landfall-trial-7, rg-landfall-trial-7-registry" in capsys.readouterr().err


def test_the_image_serves_the_seeded_studio(subscription: Subscription, tmp_path: Path) -> None:
    """Its entry point copies the data and serves with the options; Docker reads it as JSON."""
    lines = dict(line.split(" ", 1) for line in subscription.script.DOCKERFILE.splitlines())
    assert lines["FROM"] == "landfall-studio"
    shell, flag, text, name = json.loads(lines["ENTRYPOINT"])
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed" / "studio.sqlite").touch()
    (tmp_path / "data").mkdir()
    for path in ("/seed", "/data"):
        text = text.replace(f" {path}", f" {tmp_path}{path}")
    (tmp_path / "python").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    command = [f"/bin/{shell}", flag, text, name, *json.loads(lines["CMD"])]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:5] == ["-m", "studio", "serve", "--host", "0.0.0.0"]  # noqa: S104 - in the container
    assert (tmp_path / "data" / "studio" / "studio.sqlite").exists()


def test_names_are_as_azure_wants_them(subscription: Subscription) -> None:
    """A registry's name has 5 to 50 letters and digits; each name is of this environment alone."""
    trial = subscription.script.Trial(subscription.folder)
    assert trial.registry.isalnum()
    assert trial.registry.islower()
    assert 5 <= len(trial.registry) <= 50
    assert "landfalltrial7" in trial.registry


def test_a_missing_variable_is_named(
    subscription: Subscription, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a subscription nothing is called."""
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID")
    status, calls = subscription.step("prepare")
    assert (status, calls) == (1, [])
    assert "AZURE_SUBSCRIPTION_ID is not set" in capsys.readouterr().err
