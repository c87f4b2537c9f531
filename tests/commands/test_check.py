"""`landfall check`: all that is wrong with routes.toml and its files, at once, before anything runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from landfall import cli
from shared.adapters.storage.blob_files import BlobStorageFiles
from tests.pipeline.world import GOLDEN, ROOT, SETTINGS
from tests.unit.routes.test_azureml_reader import ROUTE as AZUREML_ROUTE
from tests.unit.routes.test_azureml_reader import WORKSPACE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the example's routes file, and a settings file without a storage account."""
    (tmp_path / "routes.toml").write_text((ROOT / "routes.toml").read_text(encoding="utf-8"), encoding="utf-8")
    write_settings(tmp_path, "UseDevelopmentStorage=yes")
    return tmp_path


def write_settings(folder: Path, storage: str) -> None:
    """Write the app settings of the example."""
    values = {**SETTINGS, "AzureWebJobsStorage": storage}
    (folder / "settings.json").write_text(json.dumps({"Values": values}), encoding="utf-8")


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command in this process; returns its exit status and its checks."""
    status = cli.main(["check", "--json", *arguments])
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is (status == 0)
    return status, answer["checks"]


def change(folder: Path, old: str, new: str) -> None:
    """Change a place of the routes file."""
    path = folder / "routes.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_bad_setting_is_named_by_key_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings of intake and batch that cannot work, and the storage account's: one run of the command, status 4."""
    change(
        folder,
        "[routes.census.training]",
        '[routes.census.intake]\nextra_columns = "keep"\nskip_rows = -1\nmax_mising = 0.5\n'
        '[routes.census.batch]\ntraining_set = "accumulate"\nwindow_files = 3\n[routes.census.training]',
    )
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"))

    assert status == 4
    wrong = [check["said"] for check in checks if not check["ok"]]
    keys = [match[0] for problem in wrong if (match := re.match(r"routes\.[\w.]+", problem))]
    assert sorted(keys) == [
        "routes.census.batch.window_files",
        "routes.census.intake.extra_columns",
        "routes.census.intake.max_mising",
        "routes.census.intake.skip_rows",
    ]
    assert wrong[-1] == "the setting AzureWebJobsStorage: UseDevelopmentStorage can only be true"


def test_files_and_settings_are_checked_at_once(folder: Path, azurite: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong key hides no file that another key names: the label and the schema are reported beside the settings."""
    write_settings(folder, azurite)
    change(folder, "models/golden/census.csv", "together/golden.csv")
    change(folder, 'initial_model = "models/initial/census.ilearner"', 'initial_model = "nowhere"')
    change(
        folder,
        "[routes.census.training]",
        '[routes.census.intake]\nlabel = "age"\nschema = "together/own.json"\nskip_rows = -1\n'
        'extra_columns = "keep"\n[routes.census.batch]\ntraining_set = "batch"\nwindow_files = 3\n'
        "[routes.census.training]",
    )
    files = BlobStorageFiles.from_connection_string(azurite)
    files.write_text("together/golden.csv", GOLDEN)
    schema = {"fields": [{"name": "age"}, {"name": "workclass", "constraints": {"jsonSchema": {}}}]}
    files.write_text("together/own.json", json.dumps(schema))
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"))

    assert status == 4
    wrong = [check for check in checks if not check["ok"]]
    starts = [check["said"].split()[0] if "routes.toml" in check["what"] else check["what"] for check in wrong]
    assert sorted(starts) == [
        "routes.census.batch.window_files",
        "routes.census.initial_model",
        "routes.census.intake.extra_columns",
        "routes.census.intake.label",
        "routes.census.intake.schema",
        "routes.census.intake.skip_rows",
    ]


def test_the_files_in_storage_are_checked(folder: Path, azurite: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the settings of an app its storage is read: golden rows and initial model; nothing else is asked."""
    write_settings(folder, azurite)
    change(folder, "models/golden/census.csv", "checked/golden.csv")
    change(folder, "models/initial/census.ilearner", "checked/initial.ilearner")
    files = BlobStorageFiles.from_connection_string(azurite)
    files.write_text("checked/golden.csv", GOLDEN)
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"))

    assert status == 4
    assert [(check["what"], check["ok"]) for check in checks][1:] == [
        ("routes.census.golden", True),
        ("routes.census.initial_model", False),
    ]
    files.write_text("checked/initial.ilearner", "model")
    assert checked(capsys, "--settings", str(folder / "settings.json"))[0] == 0

    change(
        folder,
        "[routes.census.training]",
        '[routes.census.intake]\nlabel = "age"\nschema = "checked/own.json"\n[routes.census.training]',
    )
    files.write_text("checked/own.json", '{"fields": [{"name": "age"}, {"name": "workclass"}], "foreignKeys": []}')
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"))
    assert status == 4
    wrong = {check["what"]: check["said"] for check in checks if not check["ok"]}
    assert list(wrong) == ["routes.census.intake.schema", "routes.census.intake.label"]
    assert "foreignKeys" in wrong["routes.census.intake.schema"]


def test_a_route_of_azure_ml_is_checked(folder: Path, azurite: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its settings by key, and its golden rows in storage; its initial deployment is no file, and is not asked for."""
    routes = AZUREML_ROUTE.replace("models/golden/churn.csv", "azureml/golden.csv")
    (folder / "routes.toml").write_text(routes, encoding="utf-8")
    settings = {"AML_WORKSPACE": WORKSPACE, "AzureWebJobsStorage": azurite}
    (folder / "settings.json").write_text(json.dumps({"Values": settings}), encoding="utf-8")
    BlobStorageFiles.from_connection_string(azurite).write_text("azureml/golden.csv", GOLDEN)
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"))
    assert status == 0
    assert [(check["what"], check["ok"]) for check in checks][1:] == [("routes.churn.golden", True)]

    change(folder, "${AML_WORKSPACE}", "ml")
    change(folder, '"train_churn:3"', '"train_churn"')
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"))
    assert status == 4
    assert [check["said"].split()[0] for check in checks if not check["ok"]] == [
        "routes.churn.training.workspace",
        "routes.churn.training.component",
    ]


def test_warnings_fail_only_a_strict_check(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that lets any model through is a warning: status 0, and 4 with `--strict`."""
    change(folder, "at_least = 0.80, min_gain = 0.002", "min_gain = 0.002")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    routes = ("--routes", str(folder / "routes.toml"))
    monkeypatch.chdir(folder)
    status, checks = checked(capsys, *routes)

    assert status == 0
    assert [check["warning"] for check in checks] == [False, True, False]
    assert checks[2]["said"].startswith("not checked: no stack was started here")
    assert checked(capsys, "--strict", *routes)[0] == 4
    assert cli.main(["check", *routes]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("nothing is wrong")


def test_what_cannot_be_read_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A routes file that is missing is a finding; a settings file that is missing, and two systems, are errors."""
    missing = str(folder / "missing")
    status, checks = checked(capsys, "--settings", str(folder / "settings.json"), "--routes", missing)
    assert (status, checks[0]["what"], checks[0]["ok"]) == (4, missing, False)
    assert "does not exist" in checks[0]["said"]

    assert cli.main(["check", "--settings", missing]) == 1
    assert cli.main(["check", "--settings", missing, "--state", missing]) == 2
    assert cli.main(["check", "--state", missing]) == 1
