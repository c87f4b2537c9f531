"""The studio's command line: publish, describe, serve, and what it says when something is wrong."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from studio.commands.cli import main
from studio.workspace.database import Database
from tests.studio.caller import NAMES, ROW, score
from tests.studio.running import census_csv, running_studio

GOOD = """
name = "Small Model"
data = "d.csv"
label = "income"
task = "binary"
positive = ">50K"
"""


def experiment(folder: Path, text: str = GOOD, csv: str | None = None) -> str:
    """Write an experiment with its CSV; returns the path of its TOML."""
    (folder / "d.csv").write_text(census_csv(100) if csv is None else csv, encoding="utf-8")
    path = folder / "e.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_publish_and_describe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both print the same description, with the URLs of the base they are given, and all that callers configure."""
    data = str(tmp_path / "data")
    options = ["--data", data, "--base-url", "http://127.0.0.1:1234/"]
    assert main(["publish", experiment(tmp_path), *options, "--json"]) == 0
    published = json.loads(capsys.readouterr().out)
    assert main(["describe", *options]) == 0
    assert json.loads(capsys.readouterr().out) == published
    (service,) = published["services"]
    assert (service["name"], service["experiment"], service["task"], service["label"]) == (
        *("Small Model", "Small Model"),
        *("binary", "income"),
    )
    assert Path(service["seed_model"]).is_file()
    assert Path(service["seed_model"]).is_absolute()
    assert service["training"]["jobs_url"].startswith("http://127.0.0.1:1234/workspaces/")
    assert service["training"]["inputs"] == ["input1"]
    assert service["training"]["outputs"] == ["output1", "output2"]
    endpoints = service["predictive"]["endpoints"]
    assert [(e["name"], e["role"], e["resource"]) for e in endpoints] == [
        ("production", "serve", "Small Model [trained model]"),
        ("staging", "staging", "Small Model [trained model]"),
    ]
    assert published["management"]["url"].startswith("http://127.0.0.1:1234/management/workspaces/")


def test_publish_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json it prints how many rows it trained on and the evaluation."""
    assert main(["publish", experiment(tmp_path), "--data", str(tmp_path / "data")]) == 0
    out = capsys.readouterr().out
    assert "Small Model: trained on 75 rows, evaluated on 25" in out
    assert "Accuracy,Precision" in out


def test_a_running_studio_serves_what_is_published_later(tmp_path: Path) -> None:
    """Publishing into a running studio needs no restart."""
    with running_studio(tmp_path / "data") as studio:
        assert studio.describe()["services"] == []
        assert main(["publish", experiment(tmp_path), "--data", str(tmp_path / "data")]) == 0
        assert score(studio.endpoint("production"), NAMES, [ROW]).status_code == 200


def test_all_problems_of_an_experiment_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every wrong key is named at once, with what belongs there."""
    wrong = (
        'name = ""\ndata = "none.csv"\ntask = "clustering"\npositive = 1\ntest_fraction = 1.5\nseed = -1\nlable = "x"'
    )
    assert main(["publish", experiment(tmp_path, wrong), "--data", str(tmp_path / "data")]) == 1
    words = capsys.readouterr().err
    for part in ("`name`", "none.csv", "`label`", "'clustering'", "`positive`", "`test_fraction`", "`seed`", "lable"):
        assert part in words
    assert len(words.splitlines()) == 8
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"text": "name = "}, "cannot be read as TOML"),
        ({"csv": "age,income\n1\n"}, "line 2 has 1 cell"),
    ],
)
def test_what_cannot_be_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: dict[str, Any], words: str
) -> None:
    """A file that is no TOML and a CSV that cannot be trained on end with status 1 and the reason."""
    assert main(["publish", experiment(tmp_path, **arguments), "--data", str(tmp_path / "data")]) == 1
    assert words in capsys.readouterr().err


def test_a_missing_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path without a file is named."""
    assert main(["publish", str(tmp_path / "no.toml"), "--data", str(tmp_path)]) == 1
    assert "no.toml: the file does not exist" in capsys.readouterr().err


def test_a_taken_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that another program has ends `serve` with the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port, "--data", str(tmp_path / "data")]) == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


OTHER_PLANS = ('{"task": "binary", "label": "income"}', "[]", "{", '{"columns": []}')
OTHER_TABLES = "PRAGMA user_version = 1"


@pytest.mark.parametrize("change", [*OTHER_PLANS, OTHER_TABLES])
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["describe"], ["list"], ["publish"]])
def test_a_folder_of_another_version_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], change: str
) -> None:
    """What another version of the studio wrote is one sentence: which folder, and what to do."""
    data = tmp_path / "data"
    made = experiment(tmp_path)
    assert main(["publish", made, "--data", str(data)]) == 0
    with Database(data) as database:
        if change == OTHER_TABLES:
            database.execute(change)
        else:
            database.execute("UPDATE services SET plan = ?", change)
    capsys.readouterr()

    arguments = [*command, made] if command == ["publish"] else command
    assert main([*arguments, "--data", str(data)]) == 1

    assert capsys.readouterr().err == (
        f"The data folder {data} was written by another version of the studio."
        " Use another folder or remove this one, then publish the experiments again.\n"
    )
