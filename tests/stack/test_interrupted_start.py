"""Ctrl-C while a stack starts ends it at once, with every process that was started; a second Ctrl-C changes nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from landfall.interrupts import interruptible, record_signals, uninterruptible
from landfall.stack import processes, publishing
from landfall.stack.processes import Part
from landfall.stack.stack_state import StateFolder
from tests.stack.running import LONG_S, ROOT, processes_of, until


def has_begun(state: Path, part: str) -> bool:
    """Tell whether the command has started, or has started a part."""
    if part == "up":
        return (state / "logs").exists()
    try:
        return part in {
            process["name"] for process in json.loads((state / "processes.json").read_text(encoding="utf-8"))
        }
    except (OSError, ValueError):
        return False


@pytest.mark.parametrize(
    ("arguments", "part", "number", "times"),
    [
        (("up", "--state"), "up", signal.SIGINT, 1),
        (("up", "--state"), "azurite", signal.SIGINT, 2),
        (("up", "--detach", "--state"), "studio", signal.SIGINT, 1),
        (("up", "--state"), "host", signal.SIGINT, 2),
        (("up", "--detach", "--state"), "host", signal.SIGTERM, 1),
        (("demo", "--keep"), "azurite", signal.SIGINT, 1),
        (("demo", "--keep"), "host", signal.SIGINT, 2),
    ],
)
def test_a_start_is_broken_off(
    tmp_path: Path, arguments: tuple[str, ...], part: str, number: signal.Signals, times: int
) -> None:
    """Whatever runs by then, and however many signals come: the status names the signal, and no process remains."""
    folder = tmp_path / "here"
    state = folder / "state" if arguments[0] == "demo" else folder
    command = [sys.executable, "-m", "landfall", *arguments, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        until(lambda: has_begun(state, part) or process.poll() is not None)
        for _ in range(times):
            os.killpg(process.pid, number)  # as a terminal does it: to all in the foreground
            time.sleep(0.02)
        out, _ = process.communicate(timeout=LONG_S)

    assert process.returncode == 128 + number, out
    assert "Traceback" not in out
    assert processes_of(folder) == []
    assert not (state / "stack.json").exists()
    assert not (state / "processes.json").exists()


def test_a_starting_part_is_killed(tmp_path: Path) -> None:
    """It is killed with its children, since ending in order could take long."""
    state = StateFolder(tmp_path)
    state.create()
    code = (
        "import pathlib, signal, subprocess, sys, time;"
        f"signal.signal(signal.SIGTERM, lambda *_: pathlib.Path({str(tmp_path / 'asked')!r}).touch());"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', {str(tmp_path)!r}]);"
        "print('ready', flush=True); time.sleep(600)"
    )
    stubborn = Part("host", [sys.executable, "-c", code, str(tmp_path)], state)
    until(lambda: "ready" in stubborn.tail())
    assert len(processes_of(tmp_path)) == 2
    processes.kill_parts([stubborn])

    assert stubborn.process.returncode == -signal.SIGKILL
    assert not (tmp_path / "asked").exists()
    until(lambda: processes_of(tmp_path) == [])


def test_the_storage_may_finish_its_writes(tmp_path: Path) -> None:
    """It gets SIGTERM and is waited for: acknowledged writes may only be in its memory."""
    state = StateFolder(tmp_path)
    state.create()
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n time.sleep(0.5); pathlib.Path(sys.argv[1]).touch(); sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)"
    )
    storage = Part(processes.STORAGE, [sys.executable, "-c", code, str(tmp_path / "written")], state)
    until(lambda: "ready" in storage.tail())
    processes.kill_parts([storage])

    assert (storage.process.returncode, (tmp_path / "written").exists()) == (7, True)


def test_a_program_that_is_waited_for_ends_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing is a process of its own: an interrupt kills it with its children."""
    mark = str(tmp_path)
    child = f"[sys.executable, '-c', 'import time; time.sleep(600)', {mark!r}]"
    code = f"import subprocess, sys, time; subprocess.Popen({child}); time.sleep(600)"
    command = [sys.executable, "-c", code, mark]
    monkeypatch.setattr(publishing, "studio_command", lambda: command)
    pressed = f"import os, signal, time; time.sleep(0.3); os.kill({os.getpid()}, signal.SIGINT)"
    with (
        record_signals(),
        subprocess.Popen([sys.executable, "-c", pressed]),
        pytest.raises(KeyboardInterrupt),
        interruptible(),
    ):
        publishing.publish(StateFolder(tmp_path), (), "http://127.0.0.1:9")

    until(lambda: processes_of(tmp_path) == [])


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Set the handlers of both signals back: programs that later tests start would ignore what is ignored here."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
def test_signals_are_raised_only_where_that_is_safe() -> None:
    """A signal is always recorded, raised within `interruptible`, and deferred within `uninterruptible`."""
    steps = []

    def begin() -> None:
        with interruptible():
            with uninterruptible():
                signal.raise_signal(signal.SIGINT)
                steps.append("written down")
            steps.append("never")

    with record_signals() as received:
        with pytest.raises(KeyboardInterrupt):
            begin()
        signal.raise_signal(signal.SIGINT)  # a second one, while somebody cleans up
        steps.append("cleaned up")
        assert (received.came.is_set(), received.status) == (True, 130)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # the command ends now

    assert steps == ["written down", "cleaned up"]


@pytest.mark.usefixtures("own_signals")
def test_an_exception_that_gets_lost_is_raised_at_the_end() -> None:
    """Python drops an exception in a destructor, or deep within an import."""
    steps = []

    def begin() -> None:
        with interruptible():
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                steps.append("lost")
            steps.append("went on")

    with record_signals(), pytest.raises(KeyboardInterrupt):
        begin()

    assert steps == ["lost", "went on"]


@pytest.mark.usefixtures("own_signals")
def test_a_signal_that_came_early_is_raised_at_the_next_chance() -> None:
    """Between two interruptible regions it is only recorded."""
    before = signal.getsignal(signal.SIGTERM)

    def begin() -> None:
        with interruptible():
            raise AssertionError

    with record_signals():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(SystemExit) as left:
            begin()
    signal.signal(signal.SIGTERM, before)  # both signals are ignored now

    assert left.value.code == 143
    with record_signals():
        pass
    assert signal.getsignal(signal.SIGTERM) is before
