"""`check`, `submit`, `show`, `schema`, `forget` and `verify` on a real stack whose route reads its files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from landfall.sample_data.census import census_csv
from tests.stack.running import ROOT, landfall, processes_of

INTAKE = '[routes.census.intake]\nlabel = "income"\n\n[routes.census.training]'


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Give the state folder of a running stack whose route reads its files."""
    routes = tmp_path / "routes.toml"
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    routes.write_text(text.replace("[routes.census.training]", INTAKE), encoding="utf-8")
    folder = tmp_path / "state"
    options = ("--routes", str(routes), "--set", "LANDFALL_POLL_SCHEDULE=* * * * * *")
    up = landfall("up", "--detach", "--state", str(folder), *options)
    assert up.returncode == 0, up.stdout + up.stderr
    yield folder
    assert landfall("down", "--state", str(folder)).returncode == 0
    assert processes_of(folder) == []


def command(state: Path, *arguments: str, status: int = 0) -> str:
    """Run a command on the stack; returns its output of both streams."""
    done = landfall(*arguments, "--state", str(state))
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_bad_file_is_explained_accepted_and_forgotten(state: Path, tmp_path: Path) -> None:
    """The first file teaches; a word among the ages of the second is refused by line, and accepted by a person."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(census_csv(3000, 5), encoding="utf-8")
    lines = census_csv(2500, 6).splitlines()
    lines[3] = f"old{lines[3][lines[3].index(',') :]}"
    bad.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "no schema was learnt yet" in command(state, "check")

    command(state, "submit", str(good), "--route", "census", "--wait")
    assert command(state, "schema", "census").startswith("schema 1 of route census, in force, learnt from run ")
    output = command(state, "submit", str(bad), "--name", "census/bad.csv", "--route", "census", "--wait", status=3)
    assert "landfall show" in output.splitlines()[-1]
    run = json.loads(command(state, "runs", "--json"))[0]
    assert (run["blob"], run["state"], run["job_id"]) == ("census/bad.csv", "quarantined", None)
    assert "error  line 4, column age: " in command(state, "show", run["run_id"])
    shown = json.loads(command(state, "show", run["run_id"], "--json"))
    (problem,) = shown["problem_file"]["problems"]
    assert (problem["code"], problem["line"], problem["column"], problem["value"]) == ("type-error", 4, "age", "old")
    assert problem["message"] in command(state, "explain", run["run_id"])

    accept = ("schema", "census", "--accept", run["run_id"])
    assert "The column 'age' is string instead of number." in command(state, *accept)
    assert command(state, "schema", "census").startswith("schema 1 ")
    followed = landfall(*accept, "--reason", "ages are words now", "--by", "ada", "--wait", "--state", str(state))
    assert followed.returncode in {0, 3}, followed.stderr  # promoted or rejected: that is not what this is about
    assert "by ada at " in command(state, "schema", "census")
    assert json.loads(command(state, "show", run["run_id"], "--json"))["attempt"] == 2

    forgotten = json.loads(command(state, "forget", "census/bad.csv", "--reason", "a request", "--json"))
    assert forgotten["runs"] == [run["run_id"]]
    assert "incoming/census/bad.csv" in forgotten["deleted"]
    assert "a request" in command(state, "retry", run["run_id"], "--reason", "again", status=1)
    assert json.loads(command(state, "verify", "--json"))["ok"] is True
    assert command(state, "check").splitlines()[-1].startswith("nothing is wrong")
