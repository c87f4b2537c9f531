"""`landfall chaos` as a person types it, on a real stack."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "landfall", "chaos")


MARK = "LANDFALL_TEST_MARK"  # in the environment of everything that a run starts, whatever its command line says


def marked(tmp_path: Path) -> dict[str, str]:
    """Return the environment for a run."""
    return {**os.environ, MARK: str(tmp_path)}


def left_behind(tmp_path: Path) -> list[str]:
    """Return what of a run still lives: a process whose parent was killed needs a moment to notice."""
    deadline = time.monotonic() + 10
    while (found := living(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def living(tmp_path: Path) -> list[str]:
    """Return the command lines of the living processes that a run started, or that theirs started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.environ().get(MARK) == str(tmp_path)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_a_short_run_breaks_no_promise(tmp_path: Path) -> None:
    """Twenty files under ten kills: every state is hit, every file has its outcome, and nothing is left running."""
    state = tmp_path / "state"
    command = [*COMMAND, "--files", "20", "--kills", "10", "--seed", "5", "--json", "--state", str(state)]
    done = subprocess.run(
        command, cwd=ROOT, env=marked(tmp_path), capture_output=True, text=True, timeout=850, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)

    assert set(result) == {
        *("ok", "landed", "outcomes", "kills", "lost", "trained_twice", "backward", "unverified", "secrets"),
        "longest_recovery_s",
    }
    assert result["ok"] is True
    assert result["landed"] == sum(result["outcomes"].values()) >= 20
    assert set(result["kills"]) == {
        *("landed", "submitted", "started", "trained", "staged", "decided", "promoting", "verifying"),
    }
    assert left_behind(tmp_path) == []


@pytest.mark.deep
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_a_run_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of the working phase, with a process perhaps killed, stopped or just being started."""
    state = tmp_path / "state"
    command = [*COMMAND, "--files", "50", "--kills", "50", "--seed", "3", "--state", str(state)]
    with subprocess.Popen(
        command, cwd=ROOT, env=marked(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told = ""
        while "working" not in told:
            told = process.stderr.readline()
            assert told, "it ended before it worked"
        time.sleep(4)
        assert len(living(tmp_path)) > 4  # the command itself, Azurite, studio and host, and what these started
        process.send_signal(number)
        process.communicate(timeout=100)

    assert process.returncode == (130 if number is signal.SIGINT else 143)
    assert left_behind(tmp_path) == []
    assert not (state / "stack.json").exists()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """An old run's files would be counted with the new one's."""
    (tmp_path / "old").touch()
    done = subprocess.run(
        [*COMMAND, "--state", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert "is not empty" in done.stderr
