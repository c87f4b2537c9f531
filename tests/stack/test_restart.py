"""A stack that is started again is the same stack: routes, experiments, settings, ports and runs."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from landfall.sample_data.census import census_csv
from landfall.stack.azurite import running_azurite
from landfall.stack.stack_ports import USUAL_AZURITE, USUAL_HOST, USUAL_STUDIO
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run_states import RunState
from tests.contract.records import a_run
from tests.stack.running import ROOT, document, landfall, processes_of, until

SWEPT = "Executed 'Functions.sweep' ("
SECRET = "wJalrXUtnFEMIK7MDENG"
PUBLISHED = ("storage", "input", "functions", "studio", "services", "routes")  # what others were told of a stack


@dataclass(frozen=True)
class Ended:
    """A stack with one promoted file that was ended.

    Attributes:
        told: what its document said, by the names of `TOLD`.
        run: the file's run, as JSON.
    """

    state: Path
    routes: Path
    published: dict[str, Any]
    run: dict[str, Any]

    @property
    def at(self) -> tuple[str, str]:
        """The options that name its state folder."""
        return "--state", str(self.state)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Give a stack that was started with routes, an experiment and settings of its own."""
    folder = tmp_path_factory.mktemp("restart")
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    routes, experiment, file = (folder / name for name in ("my-routes.toml", "census.toml", "new.csv"))
    routes.write_text(text.replace('files = "census/*.csv"', 'files = "people/*.csv"'), encoding="utf-8")
    example = ROOT / "examples" / "census" / "experiment.toml"
    data = (example.parent / "sample.csv").as_posix()
    experiment.write_text(example.read_text(encoding="utf-8").replace("sample.csv", data), encoding="utf-8")
    file.write_text(census_csv(1500, 5), encoding="utf-8")
    files = ("--routes", str(routes), "--experiment", str(experiment))
    settings = ("--set", f"A_KEY={SECRET}", "--set", "LANDFALL_SWEEP_SCHEDULE=* * * * * *")
    state = folder / "state"
    with usual_ports_taken(), up(state, *files, *settings):
        at = ("--state", str(state))
        done = landfall("submit", str(file), "--route", "census", "--name", "people/new.csv", "--wait", *at)
        assert done.returncode == 0, done.stdout + done.stderr
        (run,) = json.loads(landfall("runs", "--json", *at).stdout)
        return Ended(state, routes, published(state), run)


@contextmanager
def up(state: Path, *arguments: str) -> Iterator[str]:
    """Run a stack within the `with`; yields the output of its start."""
    try:
        started = landfall("up", "--detach", *arguments, "--state", str(state))
        assert started.returncode == 0, started.stdout + started.stderr
        yield started.stdout
    finally:
        landfall("down", "--state", str(state))
    assert processes_of(state) == []


@contextmanager
def usual_ports_taken() -> Iterator[None]:
    """Let a stack that starts first choose free ports: while it is down, another test's stack takes the usual ones."""
    with ExitStack() as ports:
        for port in (*USUAL_AZURITE, USUAL_STUDIO, USUAL_HOST):
            with suppress(OSError):
                ports.enter_context(taken(port))
        yield


def published(state: Path) -> dict[str, Any]:
    """Return the members of `stack.json` that others use."""
    return {name: document(state)[name] for name in PUBLISHED}


def test_a_start_without_options_is_the_same_stack(ended: Ended) -> None:
    """Ports, URLs, keys, routes and settings are the same; no file becomes unrouted."""
    with up(ended.state):
        assert published(ended.state) == ended.published
        settings = json.loads((ended.state / "settings.json").read_text(encoding="utf-8"))["Values"]
        assert settings["A_KEY"] == SECRET
        assert json.loads(landfall("runs", "--json", *ended.at).stdout) == [ended.run]


def test_another_choice_is_refused(ended: Ended) -> None:
    """Without a terminal the error has the differences and the alternatives, and nothing starts."""
    refused = landfall("up", "--detach", "--routes", str(ROOT / "routes.toml"), *ended.at)

    assert refused.returncode == 1
    assert f"routes: {ended.routes} before, {ROOT / 'routes.toml'} now" in refused.stderr
    assert f"-m landfall up --detach --state {ended.state}`" in refused.stderr
    assert processes_of(ended.state) == []


def test_a_version_that_no_route_matches_any_more_keeps_its_run(ended: Ended) -> None:
    """It gets no second run; lists, details and the audit show its one run."""
    log = ended.state / "logs" / "host.log"
    with up(ended.state, "--routes", str(ROOT / "routes.toml"), "--replace"):
        sweeps = log.read_text(encoding="utf-8").count(SWEPT)
        until(lambda: log.read_text(encoding="utf-8").count(SWEPT) >= sweeps + 2)
        runs = json.loads(landfall("runs", "--json", *ended.at).stdout)
        shown = json.loads(landfall("show", ended.run["run_id"][:8], "--json", *ended.at).stdout)
        audit = json.loads(landfall("verify", "--json", *ended.at).stdout)

    assert runs == [ended.run]
    assert (shown["state"], shown["route"]) == ("promoted", "census")
    assert (audit["ok"], [file["state"] for file in audit["files"]]) == (True, ["promoted"])


def test_taken_ports_are_replaced_with_warnings(ended: Ended) -> None:
    """The warnings name the ports, the effect, and the runs that lose their job; the other ports stay."""
    studio, blob = (int(re.findall(r":(\d+)", ended.published[name])[0]) for name in ("studio", "storage"))
    with running_azurite(ended.state / "azurite") as storage:  # the table alone is enough to claim a run
        now = datetime.now(UTC)
        run = a_run(
            state=RunState.STARTED,
            job_id="77aa",
            blob="people/lost.csv",
            **dict.fromkeys(("landed_at", "updated_at"), now),
            **dict.fromkeys(("not_before", "deadline_at"), now + timedelta(days=1)),
        )
        TableRunStore.from_connection_string(storage).claim(run)
    with taken(studio), taken(blob), up(ended.state) as output:
        addresses = published(ended.state)

    assert f"port {studio} of the studio is taken by" in output
    assert "use the old URLs" in output
    assert f"port {blob} of the blob service is taken by" in output
    assert f"run {run.run_id[:8]} of people/lost.csv loses its job 77aa" in output
    assert addresses["functions"] == ended.published["functions"]
    assert parts(addresses["storage"], "Queue", "Table") == parts(ended.published["storage"], "Queue", "Table")
    assert parts(addresses["storage"], "Blob") != parts(ended.published["storage"], "Blob")


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Make another program listen at a port."""
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("127.0.0.1", port))
        somebody.listen()
        yield


def parts(storage: str, *services: str) -> list[str]:
    """Return the endpoints of some services of a connection string."""
    settings = dict(part.split("=", 1) for part in storage.strip(";").split(";"))
    return [settings[f"{service}Endpoint"] for service in services]


@pytest.mark.parametrize("detached", [True, False])
def test_a_start_whose_reader_closes_the_pipe(ended: Ended, detached: bool) -> None:
    """`up --detach | head -1` leaves the stack running; in the foreground the stack ends with its reader."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "landfall", "up", *ended.at]
    if detached:
        command.append("--detach")
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert (processes_of(ended.state) != []) is detached
        assert (landfall("runs", *ended.at).returncode == 0) is detached
    finally:
        os.close(writing)
        landfall("down", *ended.at)


def test_a_setting_that_is_a_secret_stands_in_private_files_only(ended: Ended) -> None:
    """It stands in two files that only their owner may read, and in no log."""
    files = {
        (path.name, path.stat().st_mode & 0o777)
        for path in ended.state.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    }

    assert files == {("settings.json", 0o600), ("remembered.json", 0o600)}
