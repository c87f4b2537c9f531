"""A stack that is ended and started again is the same stack: its routes, experiments, settings, ports and runs."""

import json
import socket
from pathlib import Path

from landfall.demo.census import census_csv
from tests.stack.test_command import ROOT, document, landfall, processes_of

SECRET = "wJalrXUtnFEMIK7MDENG"


def addresses(state: Path) -> list[object]:
    """Return what others were told of a running stack."""
    stack = document(state)
    return [stack[name] for name in ("storage", "input", "functions", "studio", "services", "routes")]


def test_a_second_start_without_options_is_the_same_stack(tmp_path: Path) -> None:
    """Nothing is forgotten, nothing becomes unrouted; what is asked for otherwise is refused; a taken port is said."""
    state = tmp_path / "state"
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    routes = tmp_path / "my-routes.toml"
    routes.write_text(text.replace('files = "census/*.csv"', 'files = "people/*.csv"'), encoding="utf-8")
    experiment = tmp_path / "census.toml"
    example = ROOT / "examples" / "census" / "experiment.toml"
    data = (example.parent / "sample.csv").as_posix()
    experiment.write_text(example.read_text(encoding="utf-8").replace("sample.csv", data), encoding="utf-8")
    at = ("--state", str(state))
    chosen = ("--routes", str(routes), "--experiment", str(experiment), "--set", f"A_KEY={SECRET}")
    file = tmp_path / "new.csv"
    file.write_text(census_csv(1500, 5), encoding="utf-8")
    try:
        first = landfall("up", "--detach", *chosen, *at)
        assert first.returncode == 0, first.stdout + first.stderr
        told = addresses(state)
        submitted = landfall("submit", str(file), "--route", "census", "--name", "people/new.csv", "--wait", *at)
        assert submitted.returncode == 0, submitted.stdout + submitted.stderr
        landfall("down", *at)

        other = landfall("up", "--detach", "--routes", str(ROOT / "routes.toml"), *at)
        assert other.returncode == 1
        assert f"routes: {routes} before, {ROOT / 'routes.toml'} now" in other.stderr
        assert processes_of(state) == []

        second = landfall("up", "--detach", *at)
        assert second.returncode == 0, second.stdout + second.stderr
        assert addresses(state) == told
        settings = json.loads((state / "settings.json").read_text(encoding="utf-8"))["Values"]
        assert settings["A_KEY"] == SECRET
        (run,) = json.loads(landfall("runs", "--json", *at).stdout)
        assert (run["route"], run["blob"], run["state"]) == ("census", "people/new.csv", "promoted")
        landfall("down", *at)

        with socket.socket() as somebody:
            somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            somebody.bind(("127.0.0.1", int(str(told[3]).rpartition(":")[2])))
            somebody.listen()
            third = landfall("up", "--detach", *at)
        assert third.returncode == 0, third.stdout + third.stderr
        assert "the studio cannot have its port" in third.stdout
        assert "has the old URLs" in third.stdout
        assert [one for one, old in zip(addresses(state), told, strict=True) if one == old] == [
            told[0],
            told[1],
            told[2],
            told[5],
        ]
    finally:
        landfall("down", *at)
    assert processes_of(state) == []
    for kept in state.rglob("*"):
        if kept.is_file() and SECRET.encode() in kept.read_bytes():
            assert (kept.name, kept.stat().st_mode & 0o777) in {("settings.json", 0o600), ("remembered.json", 0o600)}
