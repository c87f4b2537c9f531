"""The state folder: readable for its owner only, and certain about its own processes."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from landfall.errors import CommandError
from landfall.stack.down import stop_stack
from landfall.stack.ports import free_ports, is_free
from landfall.stack.processes import end_process
from landfall.stack.stack_state import ProcessIdentity, StateFolder


def test_files_with_keys_are_private(tmp_path: Path) -> None:
    """The folder is 0700 and stack.json 0600."""
    state = StateFolder(tmp_path / "state")
    state.create()
    state.write_document({"functions_key": "k"})

    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((state.path / "stack.json").stat().st_mode) == 0o600
    assert state.read_document()["functions_key"] == "k"


def test_no_stack_says_how_to_start_one(tmp_path: Path) -> None:
    """The message names the folder and the command."""
    with pytest.raises(CommandError, match=r"no stack runs in .*landfall up"):
        StateFolder(tmp_path).read_document()


def test_a_reused_process_id_is_left_alone() -> None:
    """A process with the same id and another creation time is not ended."""
    identity = ProcessIdentity.of("host", os.getpid())
    reused = ProcessIdentity("host", identity.pid, identity.created_at - 100)

    assert identity.find() is not None
    assert reused.find() is None
    assert not end_process(reused)


def test_down_ends_the_listed_processes(tmp_path: Path) -> None:
    """It works without the command that started the stack, and when a part has ended already."""
    state = StateFolder(tmp_path)
    state.create()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        dead = ProcessIdentity("studio", 2**22 - 1, 1.0)
        state.write_processes([ProcessIdentity.of("host", process.pid), dead])

        assert stop_stack(tmp_path) == ["host"]
        assert process.wait(30) < 0
    assert stop_stack(tmp_path) == []


def test_ports() -> None:
    """The ports differ from each other and are free."""
    ports = free_ports(5)

    assert len(set(ports)) == 5
    assert all(is_free(port) for port in ports)
