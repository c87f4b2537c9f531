"""The checkers of others find nothing that is new, and would find it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from landfall.stack.azurite import ROOT

BIN = Path(sys.executable).parent

# Warnings of azure-functions-doctor that do not apply, and why.
ACCEPTED = {
    "check_venv": "it looks at the variable VIRTUAL_ENV, and nobody activates .venv",
    "check_native_dependency_risk": "the wheels of cryptography are chosen for the platform, by hash",
    "check_dev_storage_connection": "local.settings.example.json is for the local host and is not deployed",
    "check_local_settings": "`landfall up` gives the settings itself",
    "check_func_cli": "`landfall up` has a host of its own",
    "check_func_core_tools_version": "as above",
    "check_app_insights": "infra/app/function.bicep sets the connection string",
}


def tracked() -> list[str]:
    """Return the files of the repository."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [file for file in listed.splitlines() if (ROOT / file).exists()]


def doctor(folder: Path) -> dict[str, str]:
    """Return the findings of azure-functions-doctor in a folder: rule and status."""
    command = [
        str(BIN / "azure-functions-doctor"),
        "doctor",
        "--path",
        str(folder),
        "--profile",
        "full",
        "--format",
        "json",
    ]
    options = ["--target-python", "3.13", "--hosting-plan", "flex-consumption", "--deployment-mode", "local-prebuilt"]
    out = subprocess.run([*command, *options], capture_output=True, text=True, check=False).stdout
    items = [item for section in json.loads(out)["results"] for item in section["items"]]
    assert len(items) > 30
    return {item["rule_id"]: item["status"] for item in items if item["status"] not in {"pass", "skip"}}


def test_the_functions_doctor_finds_nothing_new(tmp_path: Path) -> None:
    """The app has no failure, and only the warnings whose reasons are listed."""
    # The app and its templates alone: it reads every Python file below the folder, also installed packages and tests.
    of_the_app = ("function_app.py", "shared/", "infra/", "host.json", "requirements.txt", "azure.yaml", ".funcignore")
    for file in tracked():
        if file.startswith((*of_the_app, "local.settings.example.json")):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, tmp_path / file)
    assert (tmp_path / "shared" / "wiring.py").exists()
    findings = doctor(tmp_path)
    assert set(findings.values()) <= {"warn"}
    assert set(findings) <= set(ACCEPTED)


def test_the_functions_doctor_would_find_it(tmp_path: Path) -> None:
    """A host.json of an older host is a failure."""
    for name in ("function_app.py", "requirements.txt", ".funcignore"):
        shutil.copy(ROOT / name, tmp_path)
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    (tmp_path / "host.json").write_text(json.dumps({**host, "version": "1.0"}), encoding="utf-8")
    assert "fail" in doctor(tmp_path).values()


def checked(*command: str | Path) -> str:
    """Run a checker that must find something; return what it says."""
    done = subprocess.run([BIN / command[0], *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        ("uses: Azure/setup-azd@v2", "unpinned-uses"),
        ("run: npm install --global azure-functions-core-tools@4", "adhoc-packages"),
        ("run: echo ${{ github.event.issue.title }}", "template-injection"),
    ],
)
def test_zizmor_would_find_it(tmp_path: Path, step: str, finding: str) -> None:
    """An action by tag, a package outside of a lock file, and a title as a command are reported."""
    job = "jobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n"
    text = f"name: x\non: push\npermissions: {{}}\n{job}      - {step}\n"
    (tmp_path / "x.yml").write_text(text, encoding="utf-8")
    assert finding in checked("zizmor", "--offline", "--quiet", tmp_path / "x.yml")


def test_bandit_would_find_it(tmp_path: Path) -> None:
    """A query with a value in its text is reported."""
    file = tmp_path / "x.py"
    file.write_text(
        'def rows(db, name):\n    return db.execute(f"SELECT * FROM t WHERE name = {name}")\n', encoding="utf-8"
    )
    assert "B608" in checked("bandit", "--quiet", "-ll", file)


def test_make_check_runs_them() -> None:
    """The light ones are part of `make check`, with all code that runs."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    check = makefile.partition("\ncheck: ")[2].partition("\n\n")[0]
    assert "zizmor --offline" in check
    bandit = next(line for line in check.splitlines() if "bandit" in line).split()
    assert {file.split("/")[0] for file in tracked() if file.endswith(".py")} - {"tests"} <= set(bandit)
