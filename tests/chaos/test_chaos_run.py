"""`landfall chaos` on a real stack."""

import contextlib
import json
import os
import re
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
    """Return the environment for the command."""
    return {**os.environ, MARK: str(tmp_path)}


def left_behind(tmp_path: Path) -> list[str]:
    """Return the processes that remain: a process whose parent was killed needs a moment to end."""
    deadline = time.monotonic() + 10
    while (processes := living(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return processes


def living(tmp_path: Path) -> list[str]:
    """Return the command lines of the living processes that the command started, directly or indirectly."""
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.environ().get(MARK) == str(tmp_path)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(" ".join(process.cmdline()))
    return processes


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_a_short_run_violates_no_invariant(tmp_path: Path) -> None:
    """Twenty files and ten kills: every state is hit, every file has its outcome, and no process remains."""
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
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", ["batch", "accumulate"])
def test_a_short_run_of_gathered_files_makes_the_right_sets(tmp_path: Path, kind: str) -> None:
    """Some files grow, some are bad until they are corrected, some are accepted by a person: no set is wrong."""
    state = tmp_path / "state"
    command = [*COMMAND, "--training-set", kind, "--files", "20", "--kills", "10", "--seed", "2", "--json"]
    done = subprocess.run(
        [*command, "--state", str(state)],
        cwd=ROOT,
        env=marked(tmp_path),
        capture_output=True,
        text=True,
        timeout=1450,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)

    assert result["ok"] is True
    assert result["landed"] == sum(result["outcomes"].values()) >= 20
    assert "waiting" in result["kills"]
    accepted = re.search(r"the form of (\d+) of \d+ files was accepted", done.stderr)
    assert accepted is not None, done.stderr
    assert int(accepted[1]) > 0
    assert left_behind(tmp_path) == []


@pytest.mark.deep
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    """Also in the middle of the working phase, while a process is killed, stopped or starting."""
    state = tmp_path / "state"
    command = [*COMMAND, "--files", "50", "--kills", "50", "--seed", "3", "--state", str(state)]
    with subprocess.Popen(
        command, cwd=ROOT, env=marked(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = ""
        while "working" not in line:
            line = process.stderr.readline()
            assert line, "it ended before it worked"
        time.sleep(4)
        assert len(living(tmp_path)) > 4  # the command itself, Azurite, the studio, the host, and their children
        process.send_signal(number)
        process.communicate(timeout=100)

    assert process.returncode == (130 if number is signal.SIGINT else 143)
    assert left_behind(tmp_path) == []
    assert not (state / "stack.json").exists()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """The audit would count the files of an old run."""
    (tmp_path / "old").touch()
    done = subprocess.run(
        [*COMMAND, "--state", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert "is not empty" in done.stderr
