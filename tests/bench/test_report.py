"""The report: what counts as failed, the JSON for scripts, and the list of requests."""

import io
import json

import pytest
from rich.console import Console

import bench.__main__ as command
from bench.errors import BenchError
from bench.proxy import Exchange
from bench.report import show
from bench.results import PromotionRequests, Results, Row

RUN, WORKSPACE, SERVICE, TRAINING = "0123456789abcdef" * 2, "a" * 32, "c" * 32, "b" * 32


def text_of(results: Results) -> str:
    """Return the report as it is printed into a file."""
    console = Console(file=io.StringIO(), width=200)
    show(results, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("row", "ok", "failed", "verdict"),
    [
        (Row("a", 26, goal=26, limit=30), True, False, "met"),
        (Row("a", 30, goal=26, limit=30), True, False, "within 30"),
        (Row("a", 31, goal=26, limit=30), False, True, "exceeded: at most 30"),
        (Row("a", 1.6, "times", goal=1.5), False, False, "missed"),
        (Row("a", 9), True, False, ""),
    ],
)
def test_a_measurement_is_judged_by_its_limit(row: Row, ok: bool, failed: bool, verdict: str) -> None:
    """Only a count beyond its limit fails. A ratio never fails. Without a goal there is no verdict."""
    assert (row.ok, row.failed, row.verdict) == (ok, failed, verdict)


@pytest.mark.parametrize(("measured", "status"), [(1, 0), (2, 1)])
def test_the_command_fails_on_an_exceeded_count(
    measured: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1 exactly if a count exceeds its limit; scripts get the same verdict as JSON."""
    rows = [Row("an idle tick", measured, goal=1, limit=1), Row("imports", 9.9, "times", goal=1.5)]
    monkeypatch.setattr(command, "measure", lambda *_: Results(rows, ()))

    assert command.main(["requests", "--json"]) == status
    assert json.loads(capsys.readouterr().out) == [
        {"what": "an idle tick", "goal": 1, "measured": measured, "unit": "requests", "ok": measured == 1},
        {"what": "imports", "goal": 1.5, "measured": 9.9, "unit": "times", "ok": False},
    ]


def test_what_could_not_be_measured_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status differs from that of an exceeded count, and the reason is printed."""

    def broken(*_: object) -> Results:
        raise BenchError("the file should be promoted and is rejected")

    monkeypatch.setattr(command, "measure", broken)

    assert command.main(["requests"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "bench: the file should be promoted and is rejected" in printed.err


def test_a_history_shorter_than_what_it_is_compared_with_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """There would be nothing to compare."""
    with pytest.raises(SystemExit):
        command.main(["--history", "9"])
    assert "9 is not 10 or more" in capsys.readouterr().err


def test_a_list_of_requests_says_what_each_is_for() -> None:
    """Each request has a line with method, kind, path, status and purpose; ids are short or named; no token shows."""
    account, service = "/devstoreaccount1", f"/workspaces/{WORKSPACE}/services/{SERVICE}"
    transaction = (
        f"PUT http://127.0.0.1:1{account}/runs(PartitionKey='census',RowKey='run%3B{RUN}') HTTP/1.1\r\n\r\n"
        '{"state": "trained", "reason": "a lease"}\r\n'
        f"POST http://127.0.0.1:1{account}/runs HTTP/1.1\r\n\r\n"
        '{"state": "trained"}\r\n'
    )
    champion = f'POST http://127.0.0.1:1{account}/endpoints HTTP/1.1\r\n\r\n{{"champion": "1", "lease": "2"}}\r\n'
    requests = [
        Exchange("table", "GET", f"{account}/runs()?$filter=PartitionKey%20eq%20%27census%27", 200, 3),
        Exchange("table", "GET", f"{account}/runs(PartitionKey='census',RowKey='run%3B{RUN}')", 200, 1),
        Exchange("table", "POST", f"{account}/$batch", 202, body=transaction.encode()),
        Exchange("table", "POST", f"{account}/$batch", 202, body=champion.encode()),
        Exchange("blob", "GET", f"{account}/training/{RUN}/1/evaluation.csv?sig=TOKEN", 200),
        Exchange("blob", "PUT", f"{account}/training/{RUN}/1/input.csv", 202, headers={"x-ms-copy-source": "TOKEN"}),
        Exchange("studio", "POST", f"/workspaces/{WORKSPACE}/services/{TRAINING}/jobs?api-version=2.0", 200),
        Exchange("studio", "POST", f"{service}/execute?api-version=2.0", 200),
        Exchange("queue", "GET", f"{account}/evaluations/messages", 200),
    ]

    text = text_of(
        Results([], [PromotionRequests("a test", [("tick", exchange) for exchange in requests], {SERVICE: "staging"})])
    )

    lines = [" ".join(line.split()) for line in text.splitlines() if " tick " in line]
    assert lines == [
        "1 tick GET table /runs() 200 query: 3 rows",
        "2 tick GET table /runs(PartitionKey='census',RowKey='run;012345…') 200 read one row: 1 row",
        "3 tick POST table /$batch 202 write runs: trained",
        "4 tick POST table /$batch 202 write endpoints: champion, lease",
        "5 tick GET blob /training/012345…/1/evaluation.csv 200 read",
        "6 tick PUT blob /training/012345…/1/input.csv 202 copy on the server",
        "7 tick POST studio /workspaces/aaaaaa…/services/bbbbbb…/jobs 200 submit the job",
        "8 tick POST studio /workspaces/aaaaaa…/services/staging/execute 200 score the golden rows",
        "9 tick GET queue /evaluations/messages 200",
    ]
    assert "9 requests" in text
    assert "TOKEN" not in text
