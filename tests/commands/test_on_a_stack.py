"""`landfall up`, `submit`, `runs`, `show` and `down` on a real stack."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from azure.data.tables import TableClient
from azure.storage.blob import BlobServiceClient

from landfall.sample_data.census import census_csv
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run_states import RunState
from tests.stack.running import ROOT, document, landfall, processes_of


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the state folder of a running stack."""
    folder = tmp_path_factory.mktemp("stack") / "state"
    up = landfall("up", "--detach", "--state", str(folder), "--set", "LANDFALL_POLL_SCHEDULE=* * * * * *")
    assert up.returncode == 0, up.stdout + up.stderr
    yield folder
    down = landfall("down", "--state", str(folder))
    assert down.returncode == 0
    assert processes_of(folder) == []


def test_stack_json_has_the_fixed_names(state: Path) -> None:
    """Other tools find the fixed names; only the file's owner can read it."""
    stack = document(state)

    names = "storage input functions functions_key studio management services studio_log pids"
    assert set(names.split()) <= set(stack)
    (service,) = stack["services"]
    assert set(service) == {"name", "training", "predictive"}
    assert set(service["training"]) == {"jobs_url", "api_key", "inputs", "outputs"}
    assert set(service["predictive"]["default"]) == {"execute_url", "api_key"}
    for endpoint in service["predictive"]["endpoints"]:
        assert set(endpoint) == {"name", "role", "execute_url", "patch_url", "api_key", "resource"}
    assert (state / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_second_up_says_that_it_runs(state: Path) -> None:
    """The second start changes nothing."""
    again = landfall("up", "--detach", "--set", "OTHER=1", "--state", str(state))

    assert again.returncode == 1
    assert "runs in" in again.stderr
    assert f"landfall down --state {state}`" in again.stderr
    assert landfall("runs", "--state", str(state)).returncode == 0


def test_the_doctor_passes(state: Path) -> None:
    """Storage, studio, host, settings and poller pass; the poller once it has run for the first time."""
    done = landfall("doctor", "--state", str(state))
    for _ in range(60):
        if "it has not run yet" not in done.stdout:
            break
        time.sleep(0.5)
        done = landfall("doctor", "--state", str(state))
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines[:-1]} == {"ok"}
    assert lines[-1].startswith("all is well")
    for what in ("the storage", "the studio", "the functions host", "the app's settings and storage", "the poller"):
        assert any(line.startswith(f"ok     {what}: ") for line in lines), done.stdout
    assert (
        "the key in CENSUS_STAGING_KEY, execute_url: the endpoint accepts the key and scores a golden row"
        in done.stdout
    )


def test_the_doctor_fails_where_runs_would_wait(tmp_path: Path) -> None:
    """A stack with wrong keys, a wrong resource, a metric of another task and missing files fails each check."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    text = text.replace("Census Model [trained model]", "Sensus Model [trained model]", 1)  # of production
    text = text.replace(
        "gates = [ {", 'require = "any"\ngates = [ { metric = "Root Mean Squared Error", at_most = 9 }, {'
    )
    (tmp_path / "routes.toml").write_text(text, encoding="utf-8")
    state = str(tmp_path / "state")
    wrong = ("CENSUS_TRAINING_KEY=wrong", "CENSUS_STAGING_KEY=wrong", "LANDFALL_SWEEP_SCHEDULE=*/5 * * * *")
    chosen = [part for pair in wrong for part in ("--set", pair)]
    up = landfall("up", "--detach", "--state", state, "--routes", str(tmp_path / "routes.toml"), *chosen)
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        with BlobServiceClient.from_connection_string(document(Path(state))["storage"]) as blobs:
            blobs.get_blob_client("models", "initial/census.ilearner").delete_blob()
            before = json.loads(landfall("doctor", "--json", "--state", state).stdout)
            blobs.get_blob_client("models", "golden/census.csv").delete_blob()
        done = landfall("doctor", "--json", "--state", state)
    finally:
        assert landfall("down", "--state", state).returncode == 0

    (metric,) = [check for check in before["checks"] if check["what"] == "routes.census.gates[0].metric"]
    assert "'Root Mean Squared Error' is never in an evaluation of a binary model" in metric["said"]
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ok"]) == (4, False)
    failed = {check["what"]: check for check in answer["checks"] if not check["ok"]}
    staging = "endpoint staging of routes.census, the key in CENSUS_STAGING_KEY"
    assert {what for what in failed if what != "the poller"} == {
        "routes.census.golden",
        "routes.census.initial_model",
        "routes.census.training, the key in CENSUS_TRAINING_KEY",
        "endpoint production of routes.census, the key in CENSUS_ENDPOINT_KEY, patch_url",
        f"{staging}, patch_url",
        f"{staging}, execute_url",
    }
    assert all(check["do"] for check in failed.values())
    assert "put the right key into the app setting CENSUS_STAGING_KEY" in failed[f"{staging}, execute_url"]["do"]
    (warning,) = [check["said"] for check in answer["checks"] if check["warning"]]
    assert "LANDFALL_SWEEP_SCHEDULE" in warning


def test_a_file_is_submitted_followed_and_shown(state: Path, tmp_path: Path) -> None:
    """`submit --wait` follows it to `promoted`; `runs` and `show` print it, also as JSON."""
    file = tmp_path / "new.csv"
    file.write_text(census_csv(2500, 5), encoding="utf-8")
    done = landfall("submit", str(file), "--route", "census", "--wait", "--state", str(state))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "promoted" in done.stdout

    (run,) = [
        listed
        for listed in json.loads(landfall("runs", "--json", "--state", str(state)).stdout)
        if listed["blob"].startswith("census/new-")
    ]
    assert run["state"] == "promoted"
    shown = json.loads(landfall("show", run["run_id"][:10], "--json", "--state", str(state)).stdout)
    states = [entry["state"] for entry in shown["history"]]
    assert [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state] == [
        *("landed", "submitted", "started", "trained", "staged", "decided", "promoting", "verifying", "promoted"),
    ]
    plain = landfall("show", run["run_id"], "--state", str(state)).stdout
    assert "verified by equality" in plain
    assert "The policy said promote" in landfall("explain", run["run_id"][:10], "--state", str(state)).stdout
    policy = tmp_path / "policy.toml"
    policy.write_text('no_champion = "hold"\ngates = [{ metric = "AUC", at_least = 0.999 }]', encoding="utf-8")
    replayed = landfall("gate", run["run_id"][:10], "--policy", str(policy), "--json", "--state", str(state))
    (replay,) = json.loads(replayed.stdout)
    assert (replay["was"], replay["would_be"], replay["differs"]) == ("promote", "reject", True)
    history = landfall("gate", "--route", "census", "--policy", str(policy), "--state", str(state))
    assert "was promote, would be reject" in history.stdout
    nothing = landfall("gate", "--route", "wine", "--policy", str(policy), "--state", str(state))
    assert (nothing.returncode, "no run of route 'wine'" in nothing.stderr) == (1, True)
    assert run["run_id"][:8] in landfall("runs", "--route", "census", "--state", str(state)).stdout


def test_a_tick_and_a_sweep_are_taken_at_once(state: Path) -> None:
    """By the app itself, over HTTP with its key: done, with counts; the doctor still sees the timer's own heartbeat."""
    ticked = landfall("tick", "--json", "--state", str(state))
    assert ticked.returncode == 0, ticked.stderr
    assert json.loads(ticked.stdout).keys() == {"done", "calls", "active", "due", "left", "trained"}
    swept = landfall("sweep", "--full", "--state", str(state))
    assert (swept.returncode, "checked" in swept.stdout) == (0, True), swept.stderr
    assert landfall("doctor", "--state", str(state)).returncode == 0


def test_a_reader_that_has_seen_enough_is_no_failure(state: Path) -> None:
    """`landfall … | head` ends with status 0 and without a traceback, whatever prints."""
    for arguments in (("runs", "--json"), ("runs",), ("verify", "--json"), ("--help",)):
        at = [] if arguments == ("--help",) else ["--state", str(state)]
        command = [sys.executable, "-m", "landfall", *arguments, *at]
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, ""), arguments


def test_an_empty_file_and_a_wrong_route_are_reported(state: Path, tmp_path: Path) -> None:
    """A file that cannot be trained ends with status 3 and the reason; one that cannot be submitted, with 1."""
    empty = tmp_path / "empty.csv"
    empty.touch()
    done = landfall("submit", str(empty), "--route", "census", "--wait", "--state", str(state))
    assert done.returncode == 3
    assert "quarantined" in done.stdout

    for arguments, says in (
        (("--route", "nope"), "there are: census"),
        (("--route", "census", "--name", "elsewhere/x.csv"), "does not match files"),
    ):
        refused = landfall("submit", str(empty), *arguments, "--state", str(state))
        assert refused.returncode == 1
        assert says in refused.stderr
    missing = landfall("submit", str(tmp_path / "none.csv"), "--route", "census", "--state", str(state))
    assert "No such file" in missing.stderr
    unknown = landfall("show", "zz", "--state", str(state))
    assert unknown.returncode == 1
    assert f"landfall runs --state {state}` lists them" in unknown.stderr
    for flags in ((), ("--json",)):
        refused = landfall("runs", "--route", "nope", *flags, "--state", str(state))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "there is no route 'nope'; there are: census" in refused.stderr
    assert landfall("runs", "--route", "_unrouted", "--json", "--state", str(state)).stdout == "[]\n"


def test_verify_reports_every_file_and_finds_a_run_without_a_driver(state: Path) -> None:
    """The audit passes after the files above; a run whose active row somebody deleted violates the contract."""
    done = landfall("verify", "--json", "--state", str(state))
    audit = json.loads(done.stdout)
    assert (done.returncode, audit["ok"], audit["broken"]) == (0, True, []), audit
    assert {file["state"] for file in audit["files"]} >= {"promoted", "quarantined"}
    assert "nothing breaks the contract" in landfall("verify", "--state", str(state)).stdout

    stack = document(state)
    store = TableRunStore.from_connection_string(stack["storage"])
    forgotten = next(stored.run for stored in store.list_runs() if stored.run.terminal)
    lost = replace(forgotten, run_id="f" * 32, state=RunState.STARTED, deadline_at=None, job_id="", revision=0)
    store.claim(lost)
    with TableClient.from_connection_string(stack["storage"], "runs") as table:
        table.delete_entity("census", f"active;{lost.run_id}")
        broken = landfall("verify", "--state", str(state))
        for row in list(table.query_entities("RowKey ge 'hist;f' or RowKey eq 'run;" + "f" * 32 + "'")):
            if lost.run_id in row["RowKey"]:
                table.delete_entity(row["PartitionKey"], row["RowKey"])

    assert broken.returncode == 4
    assert "I1: the run is started and not among the active ones: no tick sees it" in broken.stdout
    assert lost.run_id in broken.stdout
    assert landfall("verify", "--state", str(state)).returncode == 0


def test_verify_finds_a_history_that_was_tampered_with(state: Path) -> None:
    """Every run's history is complete; an edited entry is reported with its run."""
    assert landfall("verify", "--chain", "--state", str(state)).returncode == 0
    stack = document(state)
    run = TableRunStore.from_connection_string(stack["storage"]).list_runs()[0].run
    with TableClient.from_connection_string(stack["storage"], "runs") as table:
        entry = table.get_entity(run.route, f"hist;{run.run_id};000001")
        was = entry["reason"]
        table.update_entity({**entry, "reason": "by itself"})
        broken = landfall("verify", "--chain", "--state", str(state))
        table.update_entity({**entry, "reason": was})

    assert broken.returncode == 4
    assert f"entry 1 of its history was edited, or not written by this app (run {run.run_id})" in broken.stdout
    assert landfall("verify", "--chain", "--state", str(state)).returncode == 0


def test_verify_audits_the_system_that_a_settings_file_names(state: Path, tmp_path: Path) -> None:
    """The audit is the same wherever the app runs; the error says what is wrong with the settings file."""
    done = landfall("verify", "--settings", str(state / "settings.json"))
    assert done.returncode == 0, done.stderr
    assert "nothing breaks the contract" in done.stdout

    wrong = tmp_path / "settings.json"
    missing = landfall("verify", "--settings", str(wrong))
    wrong.write_text("{}", encoding="utf-8")
    empty = landfall("verify", "--settings", str(wrong))
    wrong.write_text("no JSON", encoding="utf-8")
    garbled = landfall("verify", "--settings", str(wrong))
    wrong.write_text('{"Values": {"AzureWebJobsStorage": "x"}}', encoding="utf-8")
    routeless = landfall("verify", "--settings", str(wrong))

    assert [done.returncode for done in (missing, empty, garbled, routeless)] == [1, 1, 1, 1]
    assert "No such file" in missing.stderr
    assert "has no 'Values'" in empty.stderr
    assert "is not JSON" in garbled.stderr
    assert "routes.toml" in routeless.stderr


def test_wrong_routes_stop_the_start(tmp_path: Path) -> None:
    """Every problem is listed, and no process remains."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "routes.toml"
    wrong.write_text(text.replace("no_champion", "no_chmpion").replace("${CENSUS_STAGING_KEY}", "${NOT_SET}"))
    done = landfall("up", "--detach", "--routes", str(wrong), "--state", str(tmp_path / "state"))

    assert done.returncode == 1
    for says in (
        "routes.census.no_champion is missing",
        "Write 'no_champion' if that was meant",
        "NOT_SET, which is not set",
    ):
        assert says in done.stderr
    assert processes_of(tmp_path) == []
    assert landfall("runs", "--state", str(tmp_path / "state")).returncode == 1
    assert landfall("doctor", "--state", str(tmp_path / "state")).returncode == 4


def test_without_a_studio_the_settings_must_come_from_elsewhere(tmp_path: Path) -> None:
    """Each missing setting is named; settings of `--set` or the environment are not."""
    arguments = ("--no-studio", "--set", "CENSUS_TRAINING_KEY=k", "--state", str(tmp_path / "state"))
    done = landfall("up", "--detach", *arguments, CENSUS_STAGING_KEY="k")

    assert done.returncode == 1
    assert "CENSUS_JOBS_URL, which is not set" in done.stderr
    assert "CENSUS_TRAINING_KEY, which is not set" not in done.stderr
    assert "CENSUS_STAGING_KEY, which is not set" not in done.stderr
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.deep)])
def test_ctrl_c_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    """The stack in the foreground prints that it runs, and leaves no process."""
    folder = tmp_path / "state"
    command = [sys.executable, "-m", "landfall", "up", "--state", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 100
        while not (folder / "stack.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(0.5)
        assert len(processes_of(folder)) >= 3
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "stopping" in out
    assert processes_of(folder) == []
    assert not (folder / "stack.json").exists()


def test_help_is_quick_and_complete() -> None:
    """Every command has a line."""
    text = landfall("--help").stdout

    for name in ("up", "down", "runs", "show", "submit", "verify", "demo", "chaos"):
        assert f"\n    {name} " in text
