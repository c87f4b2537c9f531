"""The hook before the packing: the app's packages for Azure, by their hashes, whatever the computer is."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from landfall.stack.azurite import ROOT

HOOK = Path("infra", "hooks", "prepackage.py")
SITE = Path(".python_packages", "lib", "site-packages")
STAMP = Path(".python_packages", "made-from.json")
# Puts a package into the folder after `--target`, as uv does, unless the file `fails` is beside it; counts its calls.
FAKE_UV = r"""#!/bin/sh
here=${0%/*}
echo "$*" >>"$here/calls"
if [ -e "$here/fails" ]; then cat "$here/fails" >&2; exit 2; fi
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/parcel/include" "$2/parcel-1.0.dist-info" "$2/bin"
echo 'SENT = True' >"$2/parcel/__init__.py"
for name in parcel/_c.pyi parcel/_c.c parcel/include/api.h bin/parcel .lock; do echo x >"$2/$name"; done
for name in METADATA RECORD INSTALLER WHEEL REQUESTED LICENSE; do echo x >"$2/parcel-1.0.dist-info/$name"; done
"""
LOCK = "parcel==1.0 \\\n    --hash=sha256:0123\n"


class Project:
    """A folder with the hook, a lock, and perhaps an installer."""

    def __init__(self, root: Path, lock: str) -> None:
        self.root = root
        (root / HOOK).parent.mkdir(parents=True)
        shutil.copy(ROOT / HOOK, root / HOOK)
        (root / "requirements.txt").write_text(lock, encoding="utf-8")

    def with_fake_uv(self) -> Path:
        """Put a fake uv where `make setup` puts the real one; return the file of its calls."""
        uv = self.root / ".uv" / "bin" / "uv"
        uv.parent.mkdir(parents=True)
        uv.write_text(FAKE_UV, encoding="utf-8")
        uv.chmod(0o755)
        return uv.with_name("calls")

    def run(self, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the hook, as azd does it, from the root of the project."""
        command = [sys.executable, str(HOOK)]
        return subprocess.run(
            command, cwd=self.root, env={**os.environ, **environ}, capture_output=True, text=True, check=False
        )

    def files(self) -> set[str]:
        """Return the installed files."""
        site = self.root / SITE
        return {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project with one locked package."""
    return Project(tmp_path, LOCK)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project with the real lock, filled by the real uv."""
    project = Project(tmp_path_factory.mktemp("uv"), (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    (project.root / ".uv").symlink_to(ROOT / ".uv")
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return project.root


@pytest.mark.deep  # pip downloads every package: it cannot read what uv has kept of `make setup`
@pytest.mark.timeout(180)
def test_uv_and_pip_make_the_same_folder(filled: Path, tmp_path: Path) -> None:
    """A computer without uv deploys the same bytes; it has this Python alone, whose pip the hook makes if it must."""
    project = Project(tmp_path, (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    done = project.run(PATH="/nowhere")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (project.root / STAMP).read_bytes() == (filled / STAMP).read_bytes()


def test_every_locked_package_is_there_for_linux(filled: Path) -> None:
    """Each pin has its package, and each compiled file is one for Linux on x86-64 and Python 3.13."""
    pins = re.findall(r"^[\w.-]+==\S+", (filled / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    compiled = list((filled / SITE).rglob("*.so"))

    assert len(list((filled / SITE).glob("*.dist-info"))) == len(pins)
    assert len(compiled) > 5
    for file in compiled:
        head = file.read_bytes()[:20]
        assert (head[:5], head[18:20]) == (b"\x7fELF\x02", b"\x3e\x00"), file
        if not file.parent.name.endswith(".libs"):  # libraries that the package's own modules link to
            assert ".cpython-313-x86_64-linux-gnu" in file.name or ".abi3" in file.name, file
    assert [*(filled / SITE).rglob("*.pyd"), *(filled / SITE).rglob("*.dylib")] == []


def test_the_python_is_the_deployed_one() -> None:
    """The hook, the function app and the project name the same version."""
    versions = {
        re.findall(r'^PYTHON = "(.*)"', (ROOT / HOOK).read_text(encoding="utf-8"), re.MULTILINE)[0],
        re.findall(r"version: '(3\.\d+)'", (ROOT / "infra" / "app" / "function.bicep").read_text(encoding="utf-8"))[0],
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"][2:],
    }
    assert versions == {"3.13"}


def test_the_lock_says_the_same_on_every_system() -> None:
    """A marker reads the kind of Python, never the system: pip would read it for the computer that packs."""
    markers = re.findall(r"^[\w.-]+==\S+ ; (.*?) \\$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert markers
    names = {name for marker in markers for name in re.findall(r"[a-z_]{5,}", marker)}
    assert names <= {"platform_python_implementation", "implementation_name"}


def _module(project: Project) -> ModuleType:
    """Load the hook of a project."""
    spec = importlib.util.spec_from_file_location("prepackage_hook", project.root / HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_wheels_with_known_hashes_are_installed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """No installer may build a package or take a file whose hash is not in the lock; uv comes before pip."""
    project.with_fake_uv()
    hook = _module(project)
    monkeypatch.setattr(hook.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(hook, "pythons_with_pip", lambda _: ["python"])
    commands = [command for _, command in hook.installers(Path("target"), Path("scratch"))]

    assert [command[0] for command in commands] == [str(project.root / ".uv" / "bin" / "uv"), "/bin/uv", "python"]
    for command in commands:
        assert "--require-hashes --only-binary :all: --requirement" in " ".join(command)
        assert "--no-deps" in command
        assert command[command.index("--python-version") + 1] == "3.13"


def test_what_nobody_reads_is_left_out(project: Project) -> None:
    """Stubs, C sources, scripts and the installer's records go; code, METADATA and licences stay."""
    project.with_fake_uv()
    done = project.run()

    assert done.returncode == 0, done.stderr
    assert project.files() == {
        "parcel/__init__.py",
        "parcel/__pycache__/__init__.cpython-313.pyc",
        "parcel-1.0.dist-info/METADATA",
        "parcel-1.0.dist-info/LICENSE",
    }
    assert not list(project.root.glob(".landfall-packages-*"))


def test_the_bytecode_is_one_that_azure_takes(filled: Path) -> None:
    """Every module has its bytecode, which is not compared with the times of files and names them as they lie there."""
    modules = list((filled / SITE).rglob("*.py"))
    assert len(modules) > 500
    for module in modules:
        compiled = Path(importlib.util.cache_from_source(module)).read_bytes()
        assert (compiled[:4], compiled[4:8]) == (importlib.util.MAGIC_NUMBER, b"\1\0\0\0"), module
        name = f"/home/site/wwwroot/.python_packages/lib/site-packages/{module.relative_to(filled / SITE).as_posix()}"
        assert name.encode() in compiled


def test_without_the_right_python_there_is_no_bytecode(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The packages are deployed all the same, and are compiled as soon as such a Python is there."""
    calls = project.with_fake_uv()
    hook = _module(project)
    with monkeypatch.context() as without:
        without.setattr(hook, "find_python", lambda: None)
        assert (hook.main(), hook.main()) == (0, 0)
    assert "no Python 3.13 is here: the zip has no bytecode" in capsys.readouterr().out
    assert not [name for name in project.files() if name.endswith(".pyc")]
    assert len(calls.read_text().splitlines()) == 1

    assert hook.main() == 0
    assert [name for name in project.files() if name.endswith(".pyc")]


def test_a_python_of_another_version_compiles_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The interpreter is asked for its version, whatever its file is called; the one of `make setup` is tried too."""
    hook = _module(project)
    old = tmp_path / "python3.13"
    old.write_text("#!/bin/sh\necho cpython-312\n", encoding="utf-8")
    old.chmod(0o755)
    monkeypatch.setattr(hook.sys, "executable", str(old))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hook.find_python() is None

    own = project.root / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.symlink_to(Path(os.__file__).parents[2] / "bin" / "python3.13")
    assert hook.find_python() == [str(own)]


def test_a_second_run_installs_nothing(project: Project) -> None:
    """While lock and packages are unchanged it needs no installer and no network, and says nothing."""
    calls = project.with_fake_uv()
    project.run()
    done = project.run()

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert len(calls.read_text().splitlines()) == 1


@pytest.mark.parametrize("changed", ["lock", "file", "new file", "stamp"])
def test_a_change_is_seen(project: Project, changed: str) -> None:
    """A new lock, an edited package, a file that nobody installed, a lost stamp: the packages are installed again."""
    calls = project.with_fake_uv()
    project.run()
    before = project.files()
    if changed == "lock":
        (project.root / "requirements.txt").write_text(f"{LOCK}# new\n", encoding="utf-8")
    elif changed == "stamp":
        (project.root / STAMP).write_text("{", encoding="utf-8")
    else:
        name = "parcel/__init__.py" if changed == "file" else "parcel/more.py"
        (project.root / SITE / name).write_text("import evil\n", encoding="utf-8")

    assert project.run().returncode == 0
    assert len(calls.read_text().splitlines()) == 2
    assert project.files() == before
    assert (project.root / SITE / "parcel" / "__init__.py").read_text() == "SENT = True\n"


def test_line_ends_of_the_checkout_do_not_matter(project: Project) -> None:
    """The stamp, which is deployed, is the same for a lock with CRLF."""
    project.with_fake_uv()
    project.run()
    before = (project.root / STAMP).read_bytes()
    (project.root / "requirements.txt").write_bytes(LOCK.replace("\n", "\r\n").encode())

    assert (project.run().returncode, (project.root / STAMP).read_bytes()) == (0, before)
    assert json.loads(before)["lock"] == hashlib.sha256(LOCK.encode()).hexdigest()


def test_a_failure_leaves_the_old_packages(project: Project) -> None:
    """The texts of all installers are shown, and the packages of the last run stay, under their old stamp."""
    calls = project.with_fake_uv()
    project.run()
    before = project.files()
    (project.root / "requirements.txt").write_text(f"{LOCK}broken==1 --hash=sha256:00\n", encoding="utf-8")
    calls.with_name("fails").write_text("Hash mismatch for `parcel`\n", encoding="utf-8")
    done = project.run(PIP_NO_INDEX="1")

    assert done.returncode == 1
    assert "the packages could not be installed" in done.stderr
    assert "Hash mismatch for `parcel`" in done.stderr
    assert "-m pip (exit status " in done.stderr
    assert project.files() == before
    assert not list(project.root.glob(".landfall-packages-*"))


def test_a_package_that_the_installer_passed_over_is_named(project: Project) -> None:
    """An installer that reads a marker for this computer may leave a package out without a word."""
    project.with_fake_uv()
    (project.root / "requirements.txt").write_text(f"{LOCK}other-parcel==2.0 \\\n    --hash=sha256:0\n")
    done = project.run()

    assert done.returncode == 1
    assert "not installed: other-parcel-2-0." in done.stderr
    assert not (project.root / STAMP).exists()


def test_a_computer_without_installers_is_told_so(project: Project, tmp_path: Path) -> None:
    """It has neither uv nor pip, and its Python has no ensurepip."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pip'] = sys.modules['venv'] = None\n")
    done = project.run(PATH="/nowhere", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert "neither uv nor pip is here. Install uv" in done.stderr
