"""What the workflow runs on Windows needs no module that only POSIX systems have; the local stack says that it does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from landfall.errors import CommandError
from landfall.stack.azurite import ROOT
from landfall.stack.ports import port_choice_lock

# Python runs it at its start: these modules are missing from then on, as on Windows.
WITHOUT_POSIX = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "grp", "pwd", "termios"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


@pytest.fixture
def like_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every Python that the test starts lack the POSIX modules."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_POSIX, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def of_the_windows_job() -> list[str]:
    """Return the commands of the workflow's job `windows` that run in `.venv`."""
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]["windows"]
    lines = "\n".join(step.get("run", "") for step in job["steps"])
    return re.findall(r"\.venv\\Scripts\\(.*)", lines)


@pytest.mark.usefixtures("like_windows")
def test_the_commands_of_the_windows_job_run(tmp_path: Path) -> None:
    """Its `landfall` commands succeed, and its tests can all be collected."""
    commands = [command.split() for command in of_the_windows_job()]
    assert {command[0] for command in commands} == {"landfall", "python"}
    for program, *options in commands:
        arguments = [str(tmp_path / word) if word == "app.zip" else word for word in options]
        collect = ["--collect-only", "-q", "-p", "no:cacheprovider"] if program == "python" else []
        path = sys.executable if program == "python" else str(Path(sys.executable).parent / program)
        done = subprocess.run([path, *arguments, *collect], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "No module named" not in done.stdout + done.stderr


def test_the_stack_does_not_start_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says where the stack runs instead."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(CommandError, match="WSL or in the dev container"), port_choice_lock(print):
        pass
