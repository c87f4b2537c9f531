"""`landfall tick` and `landfall sweep`: repeated until the app has nothing left, and what they refuse."""

import json
from pathlib import Path
from typing import Any

import pytest

from landfall.cli import main
from landfall.commands import outside_clock
from landfall.exit_status import ExitStatus
from tests.contract.scripted import Reply, Scripted, scripted

KEY = "CANARY-FUNCTION-KEY"
TICK = {"done": True, "active": 3, "due": 2, "left": 0, "trained": 1}
SWEEP = {
    "done": True,
    "files_checked": 40,
    "files_landed": 2,
    "files_left": 0,
    "endpoints_checked": 1,
    "endpoints_repaired": 0,
    "endpoints_left": 0,
}


def reply(status: int, body: Any) -> Reply:
    """Return an answer of the app."""
    return Reply(status, json.dumps(body).encode())


def run(folder: Path, app: Scripted, *arguments: str) -> int:
    """Run a command on the app that a state folder names."""
    document = {"functions": app.base_url, "functions_key": KEY}
    (folder / "stack.json").write_text(json.dumps(document), encoding="utf-8")
    return main([*arguments, "--state", str(folder)])


def test_a_tick_is_repeated_until_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each 202 is followed by another call; the counts of all calls are printed."""
    with scripted(reply(202, {**TICK, "done": False, "left": 5}), reply(200, {**TICK, "due": 5})) as app:
        assert run(tmp_path, app, "tick", "--json") == ExitStatus.SUCCESS
    assert json.loads(capsys.readouterr().out) == {
        "done": True,
        "calls": 2,
        "active": 3,
        "due": 7,
        "left": 0,
        "trained": 2,
    }
    assert [(request.method, request.path, request.body) for request in app.received] == [
        ("POST", "/api/tick", b"{}"),
        ("POST", "/api/tick", b"{}"),
    ]
    assert {request.headers["x-functions-key"] for request in app.received} == {KEY}


def test_a_full_sweep_begins_anew_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the first call says so: the next ones go on where it stopped."""
    with scripted(reply(202, {**SWEEP, "done": False, "files_left": 9}), reply(200, SWEEP)) as app:
        assert run(tmp_path, app, "sweep", "--full") == 0
    assert [json.loads(request.body) for request in app.received] == [{"full": True}, {}]
    assert capsys.readouterr().out.splitlines() == [
        "40 files checked, 2 landed; 1 endpoint checked, 0 repaired; more is left",
        "80 files checked, 4 landed; 2 endpoints checked, 0 repaired",
    ]
    with scripted(reply(200, SWEEP)) as app:
        assert run(tmp_path, app, "sweep") == 0
    assert [json.loads(request.body) for request in app.received] == [{}]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (reply(503, {"done": False, "error": "the runs of a could not be read: repeat the request"}), "of a could not"),
        (reply(500, {"error": "the app is misconfigured", "problems": ["A is wrong", "B too"]}), "\n  A is wrong\n  B"),
        (reply(200, {}), "is not the app's"),
        (reply(200, {**TICK, "done": False}), "is not the app's"),
        (reply(202, TICK), "is not the app's"),
        (reply(200, {"done": True, "active": "many"}), "is not the app's"),
        (Reply(401, b""), "refused the function key (401)"),
        (Reply(200, b"<html>"), "no JSON"),
        (Reply(504, b"<html>"), "is the app's URL, and read the app's log."),
        (Reply(302, b"{}", {"Location": "https://elsewhere.example/"}), "a redirect to https://elsewhere.example/"),
    ],
)
def test_what_is_no_success_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: Reply, says: str) -> None:
    """Status 1 with the reason: an error, or an answer that is not the app's."""
    with scripted(answer) as app:
        assert run(tmp_path, app, "tick") == ExitStatus.FAILED
    err = capsys.readouterr().err
    assert says in err
    assert KEY not in err


def test_it_does_not_go_on_for_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that always has more left is no success."""
    monkeypatch.setattr(outside_clock, "MAX_CALLS", 3)
    with scripted(reply(202, {**TICK, "done": False})) as app:
        assert run(tmp_path, app, "tick") == ExitStatus.FAILED
    assert len(app.received) == 3
    assert "still more left" in capsys.readouterr().err


def test_an_app_elsewhere_is_named_by_its_url(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key comes from the environment, and from nowhere else."""
    monkeypatch.setenv("LANDFALL_KEY", KEY)
    with scripted(reply(200, TICK)) as app:
        assert main(["tick", "--url", f"{app.base_url}/"]) == 0
    assert [(request.path, request.headers["x-functions-key"]) for request in app.received] == [("/api/tick", KEY)]
    assert capsys.readouterr().out == "2 due steps of 3 active runs, 1 trained now\n"
    assert main(["tick", "--url", app.base_url]) == ExitStatus.FAILED
    assert "does not answer" in capsys.readouterr().err
    monkeypatch.delenv("LANDFALL_KEY")
    assert main(["tick", "--url", "https://app.example"]) == ExitStatus.USAGE
    assert "LANDFALL_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example",
        "app.example",
        "ftp://app.example",
        "https://",
        "https://[x",
        "https://a.example/?code=x",
        "https://a.example:99999",
    ],
)
def test_a_key_goes_over_https_only(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except to this machine; the URL is the app's base."""
    monkeypatch.setenv("LANDFALL_KEY", KEY)
    assert main(["sweep", "--url", url]) == ExitStatus.USAGE
    assert "--url must be the base URL of the app" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["ключ", "a\nb", "a b"])
def test_a_key_that_cannot_be_sent_is_named_and_not_quoted(
    key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key copied with something else is the caller's mistake, and not an app that does not answer."""
    monkeypatch.setenv("LANDFALL_KEY", key)
    assert main(["tick", "--url", "https://app.example"]) == ExitStatus.USAGE
    error = capsys.readouterr().err
    assert "LANDFALL_KEY is no function key" in error
    assert key not in error


def test_a_refused_key_is_told_with_where_it_came_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable, or the state folder of the stack."""
    monkeypatch.setenv("LANDFALL_KEY", KEY)
    with scripted(Reply(401, b"")) as app:
        assert main(["tick", "--url", app.base_url]) == ExitStatus.FAILED
        assert "Check LANDFALL_KEY" in capsys.readouterr().err
        assert run(tmp_path, app, "tick") == ExitStatus.FAILED
    error = capsys.readouterr().err
    assert (str(tmp_path) in error, "LANDFALL_KEY" in error) == (True, False)


def test_two_targets_are_one_too_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A state folder would be ignored beside a URL."""
    assert main(["tick", "--url", "https://app.example", "--state", str(tmp_path)]) == ExitStatus.USAGE
    assert "keep one" in capsys.readouterr().err
