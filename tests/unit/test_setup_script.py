"""The set-up: finds a Python 3.13 that works wherever it is, and knows when there is nothing left to do."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script as a module, as if run by a Python that is not the wanted one."""
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    return module


def a_python(path: Path, version: str, status: int = 0) -> Path:
    """Put an executable there that prints a version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_shim_that_fails_is_passed_over(script: ModuleType, tmp_path: Path) -> None:
    """A python3.13 on the PATH that exits 127 is not one; the version folder behind it is."""
    a_python(tmp_path / "shims" / "python3.13", "", 127)
    real = a_python(tmp_path / "home" / ".pyenv" / "versions" / "3.13.0" / "bin" / "python", "3.13.0")

    assert script.find_python({"PATH": str(tmp_path / "shims")}, tmp_path / "home") == real


def test_the_path_comes_first(script: ModuleType, tmp_path: Path) -> None:
    """A working one on the PATH is taken, under whatever of its names."""
    a_python(tmp_path / "home" / ".pyenv" / "versions" / "3.13.0" / "bin" / "python", "3.13.0")
    a_python(tmp_path / "bin" / "python", "3.12.1")
    python = a_python(tmp_path / "other" / "python3", "3.13.2")
    path = os.pathsep.join([str(tmp_path / "bin"), str(tmp_path / "other")])

    assert script.find_python({"PATH": path}, tmp_path / "home") == python


@pytest.mark.parametrize("version", ["3.12.9", "3.14.0", "3.130.1", "3.13.0rc1", ""])
def test_other_versions_are_not_taken(script: ModuleType, tmp_path: Path, version: str) -> None:
    """Only a released 3.13 will do."""
    a_python(tmp_path / "bin" / "python3.13", version)

    assert script.find_python({"PATH": str(tmp_path / "bin")}, tmp_path / "home") is None


def test_one_that_uv_fetched_earlier_is_found(script: ModuleType, tmp_path: Path) -> None:
    """Uv's own folder of interpreters is looked into as well."""
    own = a_python(tmp_path / "uv" / "cpython-3.13.1-linux-x86_64-gnu" / "bin" / "python3.13", "3.13.1")

    assert script.find_python({"PATH": "", "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv")}, tmp_path / "home") == own


def test_ready_means_same_locks_and_all_parts_there(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stamp of other lock files, a missing interpreter or a missing Azurite: not ready."""
    python = a_python(tmp_path / ".venv" / "bin" / "python", "3.13.0")
    azurite, stamp = tmp_path / "azurite.js", tmp_path / "stamp.json"
    for name, value in (("VENV", tmp_path / ".venv"), ("AZURITE", azurite), ("STAMP", stamp)):
        monkeypatch.setattr(script, name, value)
    wanted = script.fingerprint(True)

    assert not script.is_ready(wanted)
    azurite.touch()
    stamp.write_text(json.dumps(wanted), encoding="utf-8")
    assert script.is_ready(wanted)
    assert not script.is_ready({**wanted, "package-lock.json": "other"})
    python.unlink()
    assert not script.is_ready(wanted)


def test_a_failing_command_shows_what_it_said(script: ModuleType) -> None:
    """The error has the step and the command's own last words."""
    with pytest.raises(script.SetupError, match="installing uv failed") as error:
        script.run([sys.orig_argv[0], "-c", "print('no such host'); raise SystemExit(3)"], "installing uv")
    assert "no such host" in str(error.value)


def test_lock_files_name_no_registry() -> None:
    """What is locked is content: hashes, no addresses."""
    for name in (
        "requirements.txt",
        "studio/requirements.txt",
        *(f"requirements-{x}.txt" for x in ("audit", "checkov", "dev", "node", "uv")),
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_programs_of_an_environment(script: ModuleType) -> None:
    """Windows has another folder and another ending for them."""
    assert script.program(Path("x"), "uv", "posix") == Path("x/bin/uv")
    assert script.program(Path("x"), "uv", "nt") == Path("x/Scripts/uv.exe")
    assert script.program(Path(sys.prefix), "python").exists()
