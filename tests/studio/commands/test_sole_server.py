"""The lock of a data folder: a folder that nobody can lock is not waited for."""

import errno
import fcntl
import socket
from pathlib import Path

import pytest

from studio.commands.sole_server import sole_server
from studio.errors import SetupError


@pytest.mark.parametrize("take_over", [True, False])
def test_a_file_system_without_locks_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, take_over: bool
) -> None:
    """A waiting studio answers health checks, so it would wait for ever, and the platform would end the earlier one."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    def wait(*_: object) -> None:
        raise AssertionError("it waits")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr("studio.commands.sole_server._wait", wait)
    with (
        socket.socket() as listener,
        pytest.raises(SetupError, match=r"cannot be locked: No locks available\. Keep the folder on a file system"),
        sole_server(tmp_path / "data", listener, take_over=take_over),
    ):
        pass


def test_a_folder_that_another_studio_serves_is_another_error(tmp_path: Path) -> None:
    """Its text says what to do."""
    with (
        socket.socket() as listener,
        sole_server(tmp_path / "data", listener, take_over=False),
        pytest.raises(SetupError, match="Another studio serves"),
        sole_server(tmp_path / "data", listener, take_over=False),
    ):
        pass
