"""The stack on Azure Functions Core Tools: they get their settings; without them the error says what to install."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from landfall.cli import main
from landfall.errors import CommandError
from landfall.stack.azurite import ROOT
from landfall.stack.stack_ports import StackPorts
from landfall.stack.up import StackOptions, start_stack

# Writes down how it was called, then lets our own host do the work, with the settings of its environment.
FUNC = """#!{python}
import json, os, pathlib, sys
folder = pathlib.Path({folder!r})
names = json.loads((folder / "names.json").read_text())
settings = {{name: os.environ[name] for name in names}}
(folder / "called.json").write_text(json.dumps([sys.argv[1:], os.getcwd(), os.environ["PATH"].split(os.pathsep)[0]]))
(folder / "settings.json").write_text(json.dumps({{"Values": settings}}))
command = [sys.executable, "-m", "landfall.host", "--app", os.getcwd(), "--port", sys.argv[3]]
os.execv(sys.executable, [*command, "--settings", str(folder / "settings.json")])
"""


@pytest.mark.timeout(120)
def test_core_tools_run_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`func start` gets the app's folder, its port, every setting, and the project's `python`."""
    names = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]
    (tmp_path / "names.json").write_text(json.dumps(list(names)), encoding="utf-8")
    func = tmp_path / "bin" / "func"
    func.parent.mkdir()
    func.write_text(FUNC.format(python=sys.executable, folder=str(tmp_path)), encoding="utf-8")
    func.chmod(0o755)
    monkeypatch.setenv("PATH", f"{func.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("LANDFALL_HOST", "func")
    with start_stack(StackOptions(state=tmp_path / "state", ports=StackPorts.free()), lambda _: None) as stack:
        arguments, folder, first = json.loads((tmp_path / "called.json").read_text())
        port = stack.document["functions"].rpartition(":")[2]
        assert (arguments, Path(folder)) == (["start", "--port", port], ROOT)
        assert Path(first) == Path(sys.executable).parent
        assert json.loads((tmp_path / "settings.json").read_text())["Values"]["CENSUS_JOBS_URL"].endswith("/jobs")


def test_without_core_tools_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No process remains; an unknown host name is refused with the names allowed."""
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "func" else f"/usr/bin/{name}")
    assert main(["up", "--host", "func", "--detach", "--state", str(tmp_path / "state")]) == 1
    assert "install Azure Functions Core Tools 4" in capsys.readouterr().err
    assert main(["down", "--state", str(tmp_path / "state")]) == 0
    assert "no stack runs" in capsys.readouterr().out
    monkeypatch.setenv("LANDFALL_HOST", "fun")
    with pytest.raises(CommandError, match="LANDFALL_HOST is 'fun': use local or func"):
        start_stack(StackOptions(state=tmp_path / "other", ports=StackPorts.free(), studio=False), lambda _: None)
