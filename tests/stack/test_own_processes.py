"""`up` does not take another stack's part for its own, whatever that part answers."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from landfall.errors import CommandError
from landfall.stack.readiness import host_runs
from landfall.stack.stack_ports import StackPorts
from landfall.stack.stack_state import StateFolder
from landfall.stack.up import StackOptions, start_stack
from tests.contract.scripted import Reply, scripted
from tests.host.running import APPS, own_settings, running_host

RUNNING = Reply(200, json.dumps({"state": "Running", "processId": 1}).encode(), {"Content-Type": "application/json"})


def with_port(part: str, port: int) -> StackPorts:
    """Return free ports, except the given port for one part."""
    ports = StackPorts.free()
    if part == "azurite":
        return replace(ports, azurite=replace(ports.azurite, table=port))
    return replace(ports, studio=port) if part == "studio" else replace(ports, host=port)


@pytest.mark.parametrize("part", ["azurite", "studio", "host"])
def test_another_stacks_part_is_not_taken(part: str, tmp_path: Path) -> None:
    """What answers at the port, as the part itself would, was there first: the part says why it cannot start.

    Nothing of the stack is left, and nothing that says that it runs.
    """
    with scripted(RUNNING) as foreign:
        port = int(foreign.base_url.rpartition(":")[2])
        options = StackOptions(state=tmp_path / "state", ports=with_port(part, port))
        with pytest.raises(CommandError, match=rf"{part} ended with status \d+ while starting"):
            start_stack(options, lambda _: None)
        assert requests.get(foreign.base_url, timeout=10).status_code == 200
    state = StateFolder(tmp_path / "state")
    assert state.read_processes() == []
    with pytest.raises(CommandError, match="no stack runs"):
        state.read_document()


def test_a_host_is_known_by_its_nonce(tmp_path: Path, azurite: str) -> None:
    """The status repeats the host's nonce; a host with another nonce, or without one, is not this host."""
    with running_host(APPS / "slow", own_settings(azurite), tmp_path, "--nonce", "mine") as host:
        assert host_runs(host.base_url, "mine")
        assert not host_runs(host.base_url, "another")
    with scripted(RUNNING, Reply(200, b"Running"), Reply(200, b'["Running"]')) as foreign:
        assert host_runs(foreign.base_url, None)
        assert not any(host_runs(foreign.base_url, "mine") for _ in range(3))


def test_a_closed_port_is_not_ready() -> None:
    """Return a port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert not host_runs(f"http://127.0.0.1:{probe.getsockname()[1]}", None)
