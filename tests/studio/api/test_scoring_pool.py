"""Long scoring requests: in processes of their own, with the answers that short ones get."""

import asyncio
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from studio.api import scoring_pool
from studio.api.protocol_errors import ProtocolError
from studio.api.scoring_pool import ScoringPool
from studio.api.scoring_process import PIECE_BYTES, ScoringProcess, ScoringTask
from studio.wire.scoring_codec import ScoringForm
from tests.studio.caller import NAMES, ROW, VERSION, bearer, refusal, score
from tests.studio.running import RunningStudio, child_processes, running_studio, wait_until_gone

OTHER_ROW = ["", "20", "Clerk", "south"]
TABLE = ScoringForm(swagger=False, details=False)
MANY = 20_000


def model_file(data: Path) -> Path:
    """Return the file of the model that endpoints serve."""
    (path,) = (data / "models").iterdir()
    return path


def body_of(rows: list[list[str]], names: list[str] = NAMES) -> bytes:
    """Return the body of a scoring request."""
    return json.dumps({"Inputs": {"input1": {"ColumnNames": names, "Values": rows}}}).encode()


def task_for(data: Path, body: bytes, form: ScoringForm = TABLE) -> ScoringTask:
    """Return the order to score a body."""
    return ScoringTask(model_file(data), form, [], len(body))


@pytest.fixture
def process() -> Any:
    """Give a process."""
    process = ScoringProcess()
    yield process
    process.close()


@pytest.mark.parametrize("query", [{}, {"details": "true"}, {"format": "swagger"}])
def test_a_long_request_gets_the_answers_of_short_ones(studio: RunningStudio, query: dict[str, str]) -> None:
    """To the last digit, in every form, and in the order of its rows."""
    endpoint = studio.endpoint("production")

    def scored(rows: list[list[str]]) -> Any:
        table: Any = {"ColumnNames": NAMES, "Values": rows}
        if "format" in query:
            table = [dict(zip(NAMES, row, strict=True)) for row in rows]
        answer = requests.post(
            endpoint["execute_url"].partition("?")[0],
            params=VERSION | query,
            json={"Inputs": {"input1": table}},
            headers=bearer(endpoint["api_key"]),
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        return answer.json()["Results"]["output1"]

    long, short = scored([ROW, OTHER_ROW] * (MANY // 2)), scored([ROW, OTHER_ROW])
    if "format" in query:
        assert long == short * (MANY // 2)
        return
    assert long["value"].pop("Values") == short["value"].pop("Values") * (MANY // 2)
    assert long == short


def test_a_long_request_takes_the_time_of_another_process(own_data: Path) -> None:
    """The one that answers everybody only passes it on."""
    with running_studio(own_data) as studio:
        endpoint = studio.endpoint("production")
        score(endpoint, NAMES, [ROW] * MANY)  # begins the process, and has it read the model
        main = psutil.Process(studio.process.pid)
        others = main.children(recursive=True)

        def used_s(processes: list[psutil.Process]) -> float:
            return sum(sum(each.cpu_times()[:2]) for each in processes)

        before = used_s([main]), used_s(others)
        body = {"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [ROW] * 100_000}}}
        sent = json.dumps(body).encode()
        for _ in range(3):
            answer = requests.post(endpoint["execute_url"], sent, headers=bearer(endpoint["api_key"]), timeout=120)
            assert len(answer.json()["Results"]["output1"]["value"]["Values"]) == 100_000
        after = used_s([main]), used_s(others)

        assert after[1] - before[1] > 2 * (after[0] - before[0])


def test_a_long_request_is_refused_as_a_short_one(studio: RunningStudio) -> None:
    """With the same error for its columns, its cells, its JSON and its charset."""
    endpoint = studio.endpoint("production")
    short, long = ([row] * count for row, count in ((ROW, 1), (ROW, MANY)))
    for names in (["other", *NAMES[1:]], [*NAMES, NAMES[0]]):
        padded = [[*row, *["1"] * (len(names) - len(row))] for row in short]
        answers = [score(endpoint, names, padded * count) for count in (1, MANY)]
        assert refusal(answers[0]) == refusal(answers[1])
        assert answers[0].json() == answers[1].json()
    answer = score(endpoint, NAMES, [*long, ["old", *ROW[1:]]])
    assert refusal(answer) == (400, "BadUserArgument", "InputParseError")
    assert f"row {MANY + 1}: 'old' in column 'age'" in answer.text
    headers = bearer(endpoint["api_key"])
    broken = body_of(long)[:-1]
    answer = requests.post(endpoint["execute_url"], broken, headers=headers, timeout=60)
    assert refusal(answer) == (400, "BadArgument", "RequestBodyInvalid")
    in_utf_16 = headers | {"Content-Type": "application/json; charset=utf-16"}
    text = body_of(long).decode()
    answer = requests.post(endpoint["execute_url"], text.encode("utf-16"), headers=in_utf_16, timeout=60)
    assert len(answer.json()["Results"]["output1"]["value"]["Values"]) == MANY


def test_a_process_that_dies_fails_its_request_only(own_data: Path, process: ScoringProcess) -> None:
    """In words; the next request is scored by a new one."""
    short, long = body_of([ROW]), body_of([ROW] * 100_000)
    assert process.score(task_for(own_data, short), short)
    (pid,) = [each.pid for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())][-1:]
    with ThreadPoolExecutor(1) as pool:
        failing = pool.submit(process.score, task_for(own_data, long), long)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ProtocolError) as caught:
            failing.result(60)
    assert (caught.value.status, caught.value.details[0].code) == (500, "ContainerProcessTerminatedWithSystemError")

    assert process.score(task_for(own_data, short), short)


@pytest.mark.parametrize("rows", [0, 1, PIECE_BYTES // 30])
def test_bodies_of_any_length_pass(own_data: Path, process: ScoringProcess, rows: int) -> None:
    """Also those that are not whole pieces."""
    body = body_of([ROW] * rows)
    pieces = process.score(task_for(own_data, body), body)
    assert pieces is not None
    value = json.loads(b"".join(pieces))["Results"]["output1"]["value"]
    assert len(value["Values"]) == rows


def test_a_model_that_is_gone_is_no_answer(own_data: Path, process: ScoringProcess) -> None:
    """Who asked looks which model took its place."""
    body = body_of([ROW])
    order = task_for(own_data, body)
    model_file(own_data).unlink()

    assert process.score(order, body) is None


def test_a_model_whose_file_is_gone_is_told(own_data: Path) -> None:
    """It scores single rows from the memory; a long request says what is missing."""
    with running_studio(own_data) as studio:
        endpoint = studio.endpoint("production")
        assert score(endpoint, NAMES, [ROW]).status_code == 200
        model_file(own_data).unlink()

        assert score(endpoint, NAMES, [ROW]).status_code == 200
        assert refusal(score(endpoint, NAMES, [ROW] * MANY)) == (500, "InternalError", "ResourceLoadFailed")


def test_a_closed_process_takes_nothing_more(own_data: Path) -> None:
    """What comes late is refused, and starts no process."""
    process, body = ScoringProcess(), body_of([ROW])
    process.close()
    with pytest.raises(ProtocolError):
        process.score(task_for(own_data, body), body)


def test_very_long_requests_leave_a_process_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, a shorter one does not wait for them."""
    finish = threading.Event()

    class Busy(ScoringProcess):
        def score(self, order: ScoringTask, body: bytes | bytearray) -> list[bytes] | None:  # noqa: ARG002
            if body == b"very long":
                finish.wait(60)
            return [bytes(body)]

    monkeypatch.setattr(scoring_pool, "ScoringProcess", Busy)

    async def play() -> None:
        batches = ScoringPool()
        order = ScoringTask(Path("model"), TABLE, [], 1)
        very_long = [asyncio.create_task(batches.score(order, b"very long", very_long=True)) for _ in range(4)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(batches.score(order, b"long", very_long=False), 30) == [b"long"]
        assert not any(task.done() for task in very_long)
        finish.set()
        assert await asyncio.gather(*very_long) == [[b"very long"]] * 4

    asyncio.run(play())


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_studio(own_data: Path, ending: signal.Signals) -> None:
    """Neither when it ends, nor when it is killed."""
    with running_studio(own_data) as studio:
        assert score(studio.endpoint("production"), NAMES, [ROW] * MANY).status_code == 200
        children = child_processes(studio.process)
        studio.process.send_signal(ending)
        studio.process.wait(30)
    wait_until_gone(children)
