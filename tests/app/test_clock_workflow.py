"""The clock outside the app, as docs/outside-clock.md gives it: its script run against a scripted app."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.contract.scripted import Reply, Scripted, scripted
from tests.infra.sources import ROOT

PAGE = (ROOT / "docs" / "outside-clock.md").read_text(encoding="utf-8")
KEY = "CANARY-FUNCTION-KEY"
DONE, MORE, WELL = Reply(200, b'{"done": true}'), Reply(202, b'{"done": false}'), Reply(200, b'{"state": "ok"}')


def script() -> str:
    """Return the script of the workflow's one step."""
    (workflow,) = [
        block for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE) if "api/$2" in block
    ]
    lines = workflow.partition("- run: |\n")[2].splitlines()
    return "\n".join(line.removeprefix(" " * 10) for line in lines)


def run(app: Scripted, folder: Path) -> int:
    """Run the script as GitHub does; returns its exit status."""
    environ = {"PATH": os.environ["PATH"], "LANDFALL_URL": app.base_url, "LANDFALL_KEY": KEY, "NO_PROXY": "*"}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script()]
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert KEY not in done.stdout + done.stderr
    return done.returncode


def test_it_sweeps_and_ticks_until_done_and_asks_for_health(tmp_path: Path) -> None:
    """Each 202 is followed by the same request, always with the key and as JSON."""
    with scripted(MORE, DONE, MORE, MORE, DONE, WELL) as app:
        assert run(app, tmp_path) == 0
    assert [f"{request.method} {request.path}" for request in app.received] == [
        *["POST /api/sweep"] * 2,
        *["POST /api/tick"] * 3,
        "GET /api/health",
    ]
    for request in app.received:
        assert request.headers["x-functions-key"] == KEY
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body) == {}


@pytest.mark.parametrize(
    "replies",
    [
        (Reply(503, b'{"error": "storage"}'), DONE, WELL),
        (DONE, Reply(401, b""), WELL),
        (DONE, DONE, Reply(503, b'{"state": "poller silent"}')),
        (DONE, DONE, Reply(200, b"", hang_up=True)),
    ],
)
def test_whatever_fails_the_rest_is_done_and_the_job_fails(replies: tuple[Reply, ...], tmp_path: Path) -> None:
    """A dead timer fails the job too, although the ticks over HTTP go well: somebody must hear of it."""
    with scripted(*replies) as app:
        assert run(app, tmp_path) == 1
    assert [request.path for request in app.received] == ["/api/sweep", "/api/tick", "/api/health"]
