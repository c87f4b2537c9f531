"""The deployed package: exactly the app, importable with its locked packages alone, and running when unpacked."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from landfall.cli import main
from landfall.commands.package import deployed_files, write_zip
from landfall.stack.azurite import ROOT
from tests.host.running import own_settings, running_host, until

MAX_BYTES = 1_000_000  # of the app's own files: it is copied at every cold start
MAX_INSTALLED_BYTES = 100_000_000  # of its packages, as installed
AT_THE_ROOT = {"function_app.py", "host.json", "requirements.txt", "routes.toml"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the unpacked package."""
    folder = tmp_path_factory.mktemp("deployed")
    write_zip(ROOT, deployed_files(ROOT), folder / "app.zip")
    with zipfile.ZipFile(folder / "app.zip") as archive:
        archive.extractall(folder / "app")
    return folder / "app"


def test_the_package_is_the_app_and_nothing_else() -> None:
    """It is four files and the package `shared`, without studio, tests, docs, tools, settings or secrets."""
    files = deployed_files(ROOT)
    tracked = subprocess.run(
        ["git", "ls-files", "shared"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    of_the_app = {file for file in tracked.split() if file.endswith(".py")} | AT_THE_ROOT
    assert {file.as_posix() for file in files} == of_the_app
    assert sum((ROOT / file).stat().st_size for file in files) < MAX_BYTES


@pytest.mark.parametrize(
    "name",
    [
        "local.settings.json",
        ".env",
        ".azure/env/.env",
        "infra/main.bicep",
        ".local/stack.json",
        "tests/x.py",
        "shared/__pycache__/runs.cpython-313.pyc",
        "docs/deploy.md",
        "requirements-dev.txt",
        "studio/app.py",
    ],
)
def test_what_holds_secrets_or_is_no_app_is_left_out(tmp_path: Path, name: str) -> None:
    """A developer's folder may hold such files; the package does not."""
    for file in (name, "function_app.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("x", encoding="utf-8")
    (tmp_path / ".funcignore").write_bytes((ROOT / ".funcignore").read_bytes())
    assert deployed_files(tmp_path) == [Path("function_app.py")]


def test_the_same_files_make_the_same_zip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two packages of the same files are identical, and the command lists the files."""
    assert main(["package", "--out", str(tmp_path / "a.zip")]) == 0
    assert main(["package", "--out", str(tmp_path / "b.zip"), "--json"]) == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    summary, _, document = capsys.readouterr().out.partition("\n")
    assert str(len(zipfile.ZipFile(tmp_path / "a.zip").namelist())) in summary
    assert "function_app.py" in json.loads(document)["files"]
    assert main(["package", "--out", str(tmp_path / "none" / "a.zip")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


@pytest.fixture(scope="module")
def deployed_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an interpreter that has the packages of requirements.txt, by their hashes, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    uv, python = str(ROOT / ".uv" / "bin" / "uv"), folder / "bin" / "python"
    install = ["pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(ROOT / "requirements.txt")]
    for command in (["venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)], install):
        subprocess.run([uv, *command], check=True, capture_output=True)
    return python


@pytest.mark.timeout(120)
def test_it_imports_with_its_locked_packages_alone(unpacked: Path, deployed_python: Path) -> None:
    """Every module imports where only requirements.txt is installed, and the installed packages are small enough."""
    code = (
        "import importlib, pathlib, function_app\n"
        "for file in sorted(pathlib.Path('shared').rglob('*.py')):\n"
        "    importlib.import_module('.'.join(file.with_suffix('').parts).removesuffix('.__init__'))\n"
        "print(function_app.app.get_functions()[0].get_function_name())"
    )
    done = subprocess.run([deployed_python, "-c", code], cwd=unpacked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "on_csv_landed\n"), done.stderr
    site = next(deployed_python.parents[1].glob("lib/*/site-packages"))
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < MAX_INSTALLED_BYTES


def _plausible(setting: str) -> str:
    """Return a value that a setting of the example may have; nobody listens there."""
    if setting.endswith("KEY"):
        return "key"
    ends = {"JOBS_URL": "jobs", "EXECUTE_URL": "execute", "PATCH_URL": f"webservices/a/endpoints/{setting}"}
    return f"http://127.0.0.1:9/services/{setting}/" + next(end for name, end in ends.items() if setting.endswith(name))


@pytest.mark.timeout(120)
def test_it_runs_from_an_unpacked_copy(unpacked: Path, azurite: str, tmp_path: Path) -> None:
    """The host finds every function, and a request is answered by the copy's own code."""
    wiring = unpacked / "shared" / "wiring.py"
    wiring.write_text(f"{wiring.read_text()}\nlog.warning('this is the copy')\n", encoding="utf-8")
    settings = own_settings(azurite) | json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
    filled = {name: value or _plausible(name) for name, value in settings.items()}
    filled |= {"AzureWebJobsStorage": azurite, "LANDFALL_FUNCTIONS_KEY": "the-key"}
    with running_host(unpacked, filled, tmp_path) as host:
        answer = requests.get(f"{host.base_url}/api/health", headers={"x-functions-key": "the-key"}, timeout=60)
        assert (answer.status_code, answer.json()["state"]) == (200, "ok"), answer.text
        until(lambda: "this is the copy" in host.text())
