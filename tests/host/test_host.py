"""The host as a program: the apps that it refuses, and the function timeout."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.host.running import APPS, PATIENCE_S, own_settings, running_host, start, until

HEAD = "import azure.functions as func\nfrom typing import List\napp = func.FunctionApp()\n"
TIMER = '@app.timer_trigger(arg_name="timer", schedule="{}")\n'


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise RuntimeError('no such thing')", "no such thing"),
        ("import nothing_of_the_kind", "nothing_of_the_kind"),
        (HEAD, "no functions"),
        (HEAD + TIMER.format("* * * * * *") + "def f(wrong: func.TimerRequest) -> None: ...", "{'wrong'}"),
        (HEAD + TIMER.format("* * *") + "def f(timer: func.TimerRequest) -> None: ...", "has 3 fields"),
        (HEAD + TIMER.format("0 61 * * * *") + "def f(timer: func.TimerRequest) -> None: ...", "0 61 * * * *"),
        (
            HEAD + TIMER.format("%NOWHERE%") + "def f(timer: func.TimerRequest) -> None: ...",
            "NOWHERE, which is not set",
        ),
        (
            HEAD
            + '@app.queue_output(arg_name="out", queue_name="q", connection="S")\n'
            + TIMER.format("* * * * * *")
            + "def f(timer: func.TimerRequest, out: func.Out[list[str]]) -> None: ...",
            "out",
        ),
        (
            HEAD
            + '@app.function_name("a b")\n'
            + TIMER.format("* * * * * *")
            + "def f(timer: func.TimerRequest) -> None: ...",
            "is not a function name",
        ),
        (
            HEAD + '@app.event_grid_trigger(arg_name="event")\ndef f(event: func.EventGridEvent) -> None: ...',
            "not hosted here",
        ),
        (
            HEAD
            + '@app.blob_trigger(arg_name="blob", path="c/{name}", connection="S", source="Nowhere")\n'
            + "def f(blob: func.InputStream) -> None: ...",
            "'Nowhere' is neither",
        ),
        ("def f(:", "invalid syntax"),
    ],
)
def test_an_app_that_cannot_run_is_refused(tmp_path: Path, azurite: str, source: str, says: str) -> None:
    """The host ends with status 1 and the reason; Azure would load no function."""
    (tmp_path / "function_app.py").write_text(source, encoding="utf-8")
    (tmp_path / "host.json").write_text('{"version": "2.0"}', encoding="utf-8")
    host = start(tmp_path, own_settings(azurite), tmp_path / "out")

    assert host.process.wait(PATIENCE_S) == 1
    assert says in host.text()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("host.json", "{", "host.json"),
        ("host.json", '{"functionTimeout": "ten"}', "host.json"),
        ("local.settings.json", '{"Values": {"A": 1}}', "must be strings: A"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, azurite: str, name: str, text: str, says: str) -> None:
    """The error names the file and the problem."""
    for file in ("function_app.py", "host.json"):
        (tmp_path / file).write_text((APPS / "slow" / file).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    arguments = ["--settings", str(tmp_path / name)] if name == "local.settings.json" else []
    host = start(tmp_path, own_settings(azurite), tmp_path / "out", *arguments)

    assert host.process.wait(PATIENCE_S) == 1
    assert says in host.text()


def test_a_function_over_its_time_ends_the_worker(azurite: str, tmp_path: Path) -> None:
    """As in Azure, other executions in that process fail too; a new process runs the next call."""
    with running_host(APPS / "slow", own_settings(azurite), tmp_path) as host:
        with ThreadPoolExecutor(2) as pool:
            url = f"{host.base_url}/api/wait"
            answers = [pool.submit(requests.get, f"{url}/{seconds}", timeout=60) for seconds in (30, 31)]
            assert {answer.result().status_code for answer in answers} == {500}
        assert "function timeout of 2 s exceeded" in host.text()
        assert requests.get(f"{url}/0", timeout=60).text == "done"


def test_nothing_is_left_when_the_host_is_killed(azurite: str, tmp_path: Path) -> None:
    """The worker notices the end of its host, and ends."""
    with running_host(APPS / "slow", own_settings(azurite), tmp_path) as host:
        workers = psutil.Process(host.process.pid).children(recursive=True)
        assert workers
        host.process.kill()
        host.process.wait(PATIENCE_S)
        until(lambda: not any(_alive(worker) for worker in workers))


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
