"""What a studio holds on to: nothing of the requests that it refuses, and little for those who have no key."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.studio.caller import NAMES, ROW
from tests.studio.running import RunningStudio, child_processes, running_studio

MB = 2**20
# What may be kept, for good or until the next look for garbage.
ROOM_MB = 48


@pytest.fixture(scope="module")
def studio(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio that nobody else asks."""
    data = tmp_path_factory.mktemp("memory") / "data"
    data.mkdir()
    for path in published.rglob("*"):
        target = data / path.relative_to(published)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
    with running_studio(data) as running:
        yield running


def resident_mb(studio: RunningStudio) -> float:
    """Return what the studio and its processes have in memory."""
    pids = [str(studio.process.pid), *child_processes(studio.process)]
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in pids)
    return pages * 4096 / MB


def rows_of(count: int, names: tuple[str, ...]) -> bytes:
    """Return a scoring request of many rows with these names."""
    table = {"ColumnNames": [*names], "Values": [ROW] * count}
    return json.dumps({"Inputs": {"input1": table}}).encode()


type Ask = Callable[[RunningStudio], requests.Response]


def scoring(body: bytes) -> Ask:
    """Return a request to score."""

    def ask(studio: RunningStudio) -> requests.Response:
        production = studio.endpoint("production")
        return requests.post(
            production["execute_url"], body, headers={"Authorization": f"Bearer {production['api_key']}"}, timeout=60
        )

    return ask


def without_key(method: str, path: str, body: bytes) -> Ask:
    """Return a request of somebody who knows nothing."""
    return lambda studio: requests.request(method, studio.base_url + path, data=body, timeout=60)


@pytest.mark.parametrize(
    ("ask", "times", "status"),
    [
        pytest.param(scoring(b'{"a":"' + b"x" * 20 * MB), 10, 400, id="no JSON, 20 MB"),
        pytest.param(scoring(b'{"a":"' + b"x" * MB), 120, 400, id="no JSON, 1 MB"),
        pytest.param(scoring(rows_of(30_000, ("a", "b", "c", "d"))), 12, 400, id="wrong columns, 1 MB"),
        pytest.param(scoring(rows_of(30_000, (*NAMES[:-1], "x"))), 12, 400, id="a wrong column, 1 MB"),
        pytest.param(without_key("POST", "/workspaces/x/services/y/jobs", bytes(20 * MB)), 10, 404, id="stranger's"),
        pytest.param(without_key("POST", "/nothing", bytes(20 * MB)), 10, 404, id="to nothing"),
    ],
)
def test_refused_requests_leave_nothing_in_memory(studio: RunningStudio, ask: Ask, times: int, status: int) -> None:
    """However many there are, of whichever size and for whichever reason."""
    for _ in range(3):  # what the first ones make the allocator keep, it uses again
        assert ask(studio).status_code == status
    before = resident_mb(studio)
    for _ in range(times):
        assert ask(studio).status_code == status

    assert resident_mb(studio) - before < ROOM_MB


def test_what_strangers_send_at_length_is_not_held(studio: RunningStudio) -> None:
    """While it arrives either: the highest that the memory has ever been tells."""

    def highest_mb() -> int:
        lines = Path(f"/proc/{studio.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

    path = f"/proc/{studio.process.pid}/clear_refs"
    Path(path).write_text("5", encoding="ascii")  # the highest is now the present
    before = highest_mb()
    body = bytes(60 * MB)
    for key in ("", "Bearer x"):
        answer = requests.post(
            studio.endpoint("production")["execute_url"], body, headers={"Authorization": key}, timeout=60
        )
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "Unauthorized"

    assert highest_mb() - before < 20
    assert requests.get(f"{studio.base_url}/health", timeout=20).ok
