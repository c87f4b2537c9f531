"""The deployed zip: the app and its packages, nothing else, running where nothing else is installed."""

import fnmatch
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from landfall.cli import main
from landfall.commands import package
from landfall.commands.package import deployed_files, fill_packages
from landfall.stack.azurite import ROOT
from tests.host.running import own_settings, running_host, until

MAX_APP_BYTES = 1_500_000  # of the app's own files
MAX_ZIP_BYTES = 36_000_000  # an instance fetches the zip at every cold start
MAX_UNPACKED_BYTES = 112_000_000
AT_THE_ROOT = {"function_app.py", "host.json", "requirements.txt", "routes.toml"}
SITE = Path(".python_packages", "lib", "site-packages")


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the zip that `landfall package` writes."""
    target = tmp_path_factory.mktemp("package") / "app.zip"
    assert main(["package", "--out", str(target)]) == 0
    return target


@pytest.fixture(scope="module")
def unpacked(zipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the contents of the zip."""
    folder = tmp_path_factory.mktemp("deployed") / "wwwroot"
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an interpreter without any package."""
    folder = tmp_path_factory.mktemp("environment")
    command = [str(ROOT / ".uv" / "bin" / "uv"), "venv", "--quiet", "--clear", "--no-project", "--python"]
    subprocess.run([*command, sys.executable, str(folder)], check=True, capture_output=True)
    return folder / "bin" / "python"


def test_the_package_is_the_app_with_its_packages_and_nothing_else(zipped: Path) -> None:
    """It is four files, `shared` and the packages; no studio, tests, docs, tools, settings or secrets."""
    tracked = subprocess.run(
        ["git", "ls-files", "shared"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    of_the_app = {file for file in tracked.split() if file.endswith(".py")} | AT_THE_ROOT
    with zipfile.ZipFile(zipped) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    assert {file for file in sizes if not file.startswith(".python_packages/")} == of_the_app
    assert sum(sizes[file] for file in of_the_app) < MAX_APP_BYTES
    assert sum(sizes.values()) < MAX_UNPACKED_BYTES
    assert zipped.stat().st_size < MAX_ZIP_BYTES


def test_azd_and_git_read_the_patterns_alike() -> None:
    """Azd packs the files that `landfall package` lists, although it reads `.funcignore` with a library of its own.

    That library (denormal/go-gitignore) compares an anchored pattern with the whole path. In a pattern of one part it
    lets `*` match a `/`. It loses a `/` at the end, and the folder of a file that a `!` takes back.
    """
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert [pattern for pattern in patterns if pattern[0] != "/" or pattern[-1] == "/" or "**" in pattern] == []

    def matches(path: Path, pattern: str) -> bool:
        parts = pattern[1:].split("/")
        if len(parts) == 1:
            return fnmatch.fnmatchcase(path.as_posix(), parts[0])
        return len(parts) == len(path.parts) and all(map(fnmatch.fnmatchcase, path.parts, parts))

    def is_ignored(path: Path) -> bool:
        return any(matches(path, pattern) for pattern in patterns)

    fill_packages()
    by_azd = []
    for folder, folders, names in ROOT.walk():
        at = folder.relative_to(ROOT)
        folders[:] = [name for name in folders if not is_ignored(at / name)]
        by_azd += [at / name for name in names if not is_ignored(at / name) and name != ".funcignore"]
    assert sorted(by_azd) == deployed_files(ROOT)


@pytest.mark.parametrize(
    "name",
    [
        "local.settings.json",
        ".env",
        ".azure/env/.env",
        ".pypirc",
        ".pytest_cache/x",
        ".python-version",
        ".landfall-packages-x/new/lib/x.py",
        ".venv/lib/x.py",
        "landfall_env/pyvenv.cfg",
        "infra/main.bicep",
        ".local/stack.json",
        "tests/x.py",
        "shared/__pycache__/runs.cpython-313.pyc",
        "shared/adapters/http/__pycache__/client.cpython-313.pyc",
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


@pytest.mark.parametrize("name", ["docs", "tests", "shared", "bench", "infra", "scripts", "studio", "README.md", "env"])
def test_a_package_keeps_what_the_repository_leaves_out(tmp_path: Path, name: str) -> None:
    """A package may have a folder or file of the same name as one that is not deployed."""
    file = SITE / "package" / name / "x.py"
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("x", encoding="utf-8")
    (tmp_path / ".funcignore").write_bytes((ROOT / ".funcignore").read_bytes())
    assert deployed_files(tmp_path) == [file]


def test_the_same_files_make_the_same_zip(zipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two packages of the same files are identical, and the command lists the files."""
    names = zipfile.ZipFile(zipped).namelist()
    assert main(["package", "--out", str(tmp_path / "a.zip")]) == 0
    assert (tmp_path / "a.zip").read_bytes() == zipped.read_bytes()
    assert capsys.readouterr().out.startswith(f"{len(names):,} files, ")
    assert main(["package", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == names
    assert main(["package"]) == 0
    *listed, summary = capsys.readouterr().out.splitlines()
    assert listed == [name for name in names if not name.startswith(".python_packages/")]
    assert summary.endswith(f"; {len(names) - len(listed):,} files of packages are in .python_packages")
    assert main(["package", "--out", str(tmp_path / "none" / "a.zip")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_packages_that_cannot_be_installed_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No zip is written, and the hook's own words are shown."""
    hook = tmp_path / "infra" / "hooks" / "prepackage.py"
    hook.parent.mkdir(parents=True)
    hook.write_text("raise SystemExit('prepackage: no installer')", encoding="utf-8")
    monkeypatch.setattr(package, "ROOT", tmp_path)

    assert main(["package", "--out", str(tmp_path / "app.zip")]) == 1
    assert "prepackage: no installer" in capsys.readouterr().err
    assert not (tmp_path / "app.zip").exists()


def test_no_package_hides_a_module_of_the_app(unpacked: Path) -> None:
    """Azure's worker looks for a module among the packages before it looks among the app's files."""
    own = {"function_app", *(path.name for path in unpacked.iterdir() if path.is_dir())}
    assert own & {path.name.partition(".")[0] for path in (unpacked / SITE).iterdir()} == set()


@pytest.mark.timeout(120)
def test_it_imports_with_its_own_packages_alone(unpacked: Path, bare_python: Path) -> None:
    """Every module imports where nothing is installed, in Azure's order of the path, from the zip alone."""
    code = (
        "import importlib, pathlib, sys, azure.identity, azure.storage.blob, azure.data.tables, function_app\n"
        "for file in sorted(pathlib.Path('shared').rglob('*.py')):\n"
        "    importlib.import_module('.'.join(file.with_suffix('').parts).removesuffix('.__init__'))\n"
        "files = [getattr(module, '__file__', None) or '' for module in sys.modules.values()]\n"
        "print(*{file for file in files if file and not file.startswith((sys.argv[1], sys.base_prefix))})\n"
        "print(function_app.app.get_functions()[0].get_function_name())"
    )
    path = os.pathsep.join([str(unpacked / SITE), str(unpacked)])
    done = subprocess.run(
        [bare_python, "-s", "-P", "-c", code, str(unpacked)],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "\non_csv_landed\n"), done.stdout + done.stderr


def _plausible(setting: str) -> str:
    """Return a value that a setting of the example may have; nobody listens there."""
    if setting.endswith("KEY"):
        return "key"
    ends = {"JOBS_URL": "jobs", "EXECUTE_URL": "execute", "PATCH_URL": f"webservices/a/endpoints/{setting}"}
    return f"http://127.0.0.1:9/services/{setting}/" + next(end for name, end in ends.items() if setting.endswith(name))


@pytest.mark.timeout(120)
def test_it_runs_from_exactly_the_zip(unpacked: Path, bare_python: Path, azurite: str, tmp_path: Path) -> None:
    """The host finds every function, and a request is answered by the zip's own code with the zip's own packages."""
    wiring = unpacked / "shared" / "wiring.py"
    origin = "import azure.data.tables, azure_functions_runtime, requests"
    files = "(azure.data.tables.__file__, azure_functions_runtime.__file__, requests.__file__, __file__)"
    wiring.write_text(f"{wiring.read_text()}\n{origin}\nlog.warning('from %s', {files})\n", encoding="utf-8")
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "landfall").symlink_to(ROOT / "landfall")
    program = ("tests.infra.run_as_in_azure", str(bare_python), str(unpacked / SITE), str(tmp_path / "worker"))
    settings = own_settings(azurite) | json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
    filled = {name: value or _plausible(name) for name, value in settings.items()}
    filled |= {"AzureWebJobsStorage": azurite, "LANDFALL_FUNCTIONS_KEY": "the-key"}
    with running_host(unpacked, filled, tmp_path, program=program) as host:
        answer = requests.get(f"{host.base_url}/api/health", headers={"x-functions-key": "the-key"}, timeout=60)
        assert (answer.status_code, answer.json()["state"] in {"ok", "starting"}) == (200, True), answer.text
        until(lambda: host.text().count(f"'{unpacked}/") == 4)
