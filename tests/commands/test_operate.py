"""`landfall approve`, `reject`, `rollback`, `freeze`, `show --links` on a real stack, with a scored holdout."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from landfall.sample_data.census import census_csv
from tests.stack.running import LONG_S, ROOT, document, landfall, processes_of

HOLDOUT = """[routes.census.holdout]
data = "models/holdout/census.csv"
label = "income"
task = "binary"
positive = ">50K"
batch_rows = 200

[routes.census.training]"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the state folder of a running stack whose route needs approval and has a holdout."""
    folder = tmp_path_factory.mktemp("asking")
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    text = text.replace('no_champion = "threshold-only"', 'no_champion = "compare"\napproval = "required"')
    text = text.replace("gates = ", "bootstrap = { samples = 100, confidence = 0.9 }\ngates = ")
    text = text.replace("min_gain = 0.002", "min_gain = -0.2")  # which of the two is better is not what this is about
    # A retried model answers as staging answers already, so its run waits for the whole of this time.
    text = text.replace("propagation_s = 30", "propagation_s = 10")
    (folder / "routes.toml").write_text(text.replace("[routes.census.training]", HOLDOUT), encoding="utf-8")
    state = folder / "state"
    options = ("--routes", str(folder / "routes.toml"), "--set", "LANDFALL_POLL_SCHEDULE=* * * * * *")
    up = landfall("up", "--detach", "--state", str(state), *options)
    assert up.returncode == 0, up.stdout + up.stderr
    with BlobServiceClient.from_connection_string(document(state)["storage"]) as blobs:
        blobs.get_blob_client("models", "holdout/census.csv").upload_blob(census_csv(500, 99))
    yield state
    assert landfall("down", "--state", str(state)).returncode == 0
    assert processes_of(state) == []


def command(state: Path, *arguments: str, status: int = 0) -> str:
    """Run a command on the stack; returns its output of both streams."""
    done = landfall(*arguments, "--state", str(state))
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def held(state: Path, folder: Path, rows: int, seed: int) -> dict[str, Any]:
    """Submit a file and wait until its run is held."""
    file = folder / f"c{seed}.csv"
    file.write_text(census_csv(rows, seed), encoding="utf-8")
    run_id = json.loads(command(state, "submit", str(file), "--route", "census", "--json"))["run_id"]
    run: dict[str, Any] = {}
    for _ in range(40):
        run = next(
            (listed for listed in json.loads(command(state, "runs", "--json")) if listed["run_id"] == run_id), {}
        )
        if run.get("state") == "held":
            return run
        time.sleep(0.5)
    raise AssertionError(run)


def test_people_decide_on_the_real_stack(state: Path, tmp_path: Path) -> None:
    """A run is held with a decision on the holdout, approved by a link, promoted, rolled back; its links work."""
    run = held(state, tmp_path, 4000, 1)
    decision = run["decision"]
    assert decision["data"]["same"] is True
    assert decision["data"]["holdout"]["rows"] == 500
    assert decision["champion"]["run_id"] is None
    assert 0.8 < decision["champion"]["metrics"]["AUC"] != decision["challenger"]["metrics"]["AUC"]
    assert "(90 % sure: " in run["reason"]

    link = json.loads(command(state, "approve", run["run_id"], "--link", "--json"))["link"]
    page, _, code = link.partition("#")
    opened = requests.get(page, timeout=20)
    assert (opened.status_code, "<form" in opened.text, run["run_id"][:8] in opened.text) == (200, True, False)
    shown = requests.post(page, {"code": code}, timeout=20)
    assert run["run_id"][:8] in shown.text
    assert "Both models were measured on the same 500 rows" in shown.text
    form = {"code": code, "action": "approve", "by": "carol", "reason": "looked at it"}
    assert requests.post(page, form, timeout=20).status_code == 200
    assert requests.post(page, form, timeout=20).status_code == 409
    for _ in range(100):
        output = command(state, "explain", run["run_id"])
        if "census: promoted" in output:
            break
        time.sleep(0.3)
    assert "approved by carol" in output
    assert "measured here: Both models were measured on the same 500 rows of models/holdout/census.csv" in output

    links = json.loads(command(state, "show", run["run_id"], "--links", "--json"))["links"]
    assert requests.get(links["evaluation"], timeout=20).text.startswith("Accuracy")
    assert requests.get(links["model"], timeout=20).status_code == 200

    again = tmp_path / "again.csv"
    again.write_text(census_csv(4000, 1), encoding="utf-8")
    output = command(state, "submit", str(again), "--route", "census", "--wait")  # status 0
    assert "The new model answers all 20 golden rows exactly" in output
    assert "unchanged is a good end" in output.splitlines()[-1]

    output = command(state, "rollback", "production", "--reason", "a trial", "--by", "dan")
    assert f"Rolled back by dan from the model of run {run['run_id']} to the initial model" in output
    assert " promoted " in output.splitlines()[-1]
    assert json.loads(command(state, "verify", "--chain", "--json"))["ok"] is True
    assert code not in (state / "logs" / "host.log").read_text(encoding="utf-8")
    command(state, "gate", "--route", "census", "--policy", str(policy(tmp_path)))


def policy(folder: Path) -> Path:
    """Write a policy that asks for a larger gain."""
    path = folder / "policy.toml"
    text = 'no_champion = "compare"\nbootstrap = { confidence = 0.9 }\ngates = [ { metric = "AUC", min_gain = 0.3 } ]\n'
    path.write_text(text, encoding="utf-8")
    return path


def test_a_person_says_no(state: Path, tmp_path: Path) -> None:
    """Reject needs a reason; a frozen endpoint says so; an impossible operation is refused with status 1."""
    run = held(state, tmp_path, 4200, 2)
    assert "--reason is missing" in command(state, "reject", run["run_id"], status=2)
    assert "is rejected" in command(state, "reject", run["run_id"], "--reason", "wrong month", "--by", "dan")
    again = ("retry", run["run_id"], "--reason", "the right month", "--by", "erin")
    assert "begins attempt 2" in command(state, *again)
    assert "has not ended" in command(state, *again, status=1)
    for _ in range(LONG_S):
        run = json.loads(command(state, "show", run["run_id"], "--json"))
        if run["state"] == "held":
            break
        time.sleep(0.5)
    assert (run["state"], run["attempt"]) == ("held", 2)
    assert "Retried by erin: the right month" in command(state, "show", run["run_id"])
    assert "is rejected" in command(state, "reject", run["run_id"], "--reason", "not that either")
    assert "only a held run can be approved" in command(state, "approve", run["run_id"], "--reason", "x", status=1)
    assert "is frozen" in command(state, "freeze", "production", "--reason", "release day")
    assert "frozen already, by " in command(state, "freeze", "production", "--reason", "other", status=1)
    assert "is not frozen" in command(state, "unfreeze", "census/production")
    assert "there are: census/production" in command(state, "freeze", "nowhere", "--reason", "x", status=1)
    assert "there is nothing to roll back" in command(state, "rollback", "production", "--reason", "x", status=1)
