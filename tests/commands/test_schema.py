"""`landfall schema`: what a route's files must hold, and the two ways to change it."""

import json
from pathlib import Path
from typing import Any

import pytest

from landfall.cli import main
from landfall.commands import schema
from shared.ports.stored_run import StoredRun
from shared.records.run_states import RunState
from tests.contract.records import a_run
from tests.contract.scripted import Reply, Scripted, scripted

FIELDS = [
    {"name": "age", "type": "number", "decimalChar": ",", "landfall": {"minimum": 1.0, "undecided": "decimal"}},
    {"name": "income", "type": "string", "constraints": {"enum": ["no", "yes"], "required": True}},
    {"name": "since", "type": "date", "format": "%d.%m.%Y", "missingValues": ["", *"abcdefghi"]},
]
LEARNT = {"run": "a" * 32, "at": "2026-11-30T09:16:14.000Z"}
SHOWN = {
    "route": "census",
    "version": 2,
    "in_force": 2,
    "schema": {"fields": FIELDS, "missingValues": [""], "landfall": LEARNT},
}
PREVIEW: dict[str, Any] = {
    "route": "census",
    "run_id": "b" * 32,
    "version": 3,
    "accepted": False,
    "changes": ["enum of column 'income' is 'no', 'yes', 'maybe' instead of 'no', 'yes'."],
    "leads_to": ["Files that were accepted before are not trained on again."],
    "alike": [{"run_id": "c" * 32, "blob": "census/b.csv"}],
}


def call(folder: Path, app: Scripted, *options: str) -> int:
    """Call the command on the app that a state folder names."""
    document = {"functions": app.base_url, "functions_key": "key", "storage": ""}
    (folder / "stack.json").write_text(json.dumps(document), encoding="utf-8")
    return main(["schema", "census", *options, "--state", str(folder)])


def answering(*answers: dict[str, Any]) -> list[Reply]:
    """Return the replies of an app."""
    return [Reply(200, json.dumps(answer).encode()) for answer in answers]


@pytest.fixture
def quarantined(monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the id of a quarantined run, which the command finds by its beginning."""
    run = a_run(run_id="b" * 32, state=RunState.QUARANTINED, deadline_at=None)
    monkeypatch.setattr(schema, "open_stack_runs", lambda _: None)
    monkeypatch.setattr(schema, "find_run", lambda *_: StoredRun(run, "1", None))
    return run.run_id


def test_a_schema_is_shown_column_by_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Type, rules and notes of each; where it comes from; and how another version differs from the one in force."""
    older = {**SHOWN, "version": 1, "schema": {"fields": FIELDS[:1]}}
    given = {"at": LEARNT["at"], "by": "Ada", "reason": "we know it"}
    by_hand = {**SHOWN, "schema": {"fields": [], "landfall": given}}
    none = {"route": "census", "version": 0, "in_force": 0, "schema": None}
    with scripted(*answering(SHOWN, older, by_hand, none, SHOWN)) as app:
        assert call(tmp_path, app) == 0
        assert capsys.readouterr().out.splitlines() == [
            "schema 2 of route census, in force, learnt from run aaaaaaaa at 2026-11-30 09:16:14 UTC",
            "  age: number, decimalChar ,; noted: minimum 1.0, undecided decimal",
            "  income: string, enum 'no', 'yes', required true",
            "  since: date (%d.%m.%Y), missingValues '', 'a', 'b', 'c', 'd', 'e', 'f', 'g' and 2 more",
        ]
        assert call(tmp_path, app, "--version", "1") == 0
        assert capsys.readouterr().out.splitlines()[0] == "schema 1 of route census, 2 is in force"
        assert call(tmp_path, app) == 0
        assert "given by Ada at 2026-11-30 09:16:14 UTC: we know it" in capsys.readouterr().out
        assert call(tmp_path, app) == 0
        assert "no schema yet" in capsys.readouterr().out
        assert call(tmp_path, app, "--json") == 0
        assert json.loads(capsys.readouterr().out) == SHOWN
    assert [json.loads(request.body) for request in app.received[:2]] == [
        {"route": "census"},
        {"route": "census", "version": "1"},
    ]


def test_a_file_is_put_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text goes to the app, with who and why; without a reason nothing is sent."""
    file = tmp_path / "own.json"
    file.write_text('\ufeff{"fields": []}', encoding="utf-8")
    with scripted(*answering({**SHOWN, "version": 3})) as app:
        assert call(tmp_path, app, "--from", str(file)) == 2
        assert app.received == []
        assert call(tmp_path, app, "--from", str(file), "--reason", "we know it", "--by", "Ada") == 0
    assert capsys.readouterr().out == "schema 3 of route census is in force\n"
    sent = json.loads(app.received[0].body)
    assert sent == {"route": "census", "from": '{"fields": []}', "reason": "we know it", "by": "Ada"}
    file.write_text(" \n", encoding="utf-8")
    with scripted(*answering(SHOWN)) as app:
        assert call(tmp_path, app, "--from", str(file), "--reason", "we know it") == 1
        assert app.received == []
    assert f"{file} is empty" in capsys.readouterr().err
    file.write_bytes(b"\xff\xfe\xff")
    with scripted(*answering(SHOWN)) as app:
        assert call(tmp_path, app, "--from", str(file), "--reason", "x") == 1
    assert "is not UTF-8 text" in capsys.readouterr().err


def test_an_acceptance_is_said_beforehand(tmp_path: Path, capsys: pytest.CaptureFixture[str], quarantined: str) -> None:
    """Without a reason: each change, what it leads to, the runs that are alike, and the command that accepts."""
    with scripted(*answering(PREVIEW)) as app:
        assert call(tmp_path, app, "--accept", "bbbb") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "schema 3 of route census would be the form of run bbbbbbbb's file:",
        f"  {PREVIEW['changes'][0]}",
        f"  {PREVIEW['leads_to'][0]}",
        "  quarantined for the same: census/b.csv (run cccccccc)",
        (
            "nothing was changed; to accept it: `landfall schema census --accept bbbbbbbb --reason WHY --state"
            f" {tmp_path}`"
        ),
    ]
    assert json.loads(app.received[0].body) == {"route": "census", "accept": quarantined}


def test_an_acceptance_has_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str], quarantined: str) -> None:
    """With one it is done, and the alike runs are listed for a retry; waiting for it without one makes no sense."""
    with scripted(*answering({**PREVIEW, "accepted": True})) as app:
        assert call(tmp_path, app, "--accept", "bbbb", "--wait") == 2
        assert app.received == []
        assert call(tmp_path, app, "--accept", "bbbb", "--reason", "a third class", "--by", "Ada") == 0
    output = capsys.readouterr().out
    assert output.startswith("schema 3 of route census is in force; run bbbbbbbb begins its next attempt\n")
    assert f"landfall retry cccccccc --state {tmp_path}" in output
    sent = json.loads(app.received[0].body)
    assert sent == {"route": "census", "accept": quarantined, "reason": "a third class", "by": "Ada"}


@pytest.mark.parametrize(
    "options",
    [("--version", "1", "--from", "x.json"), ("--from", "x.json", "--accept", "1"), ("--wait",), ("--version", "0")],
)
def test_options_that_contradict_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    """One of showing, giving and accepting; nothing is sent otherwise."""
    with scripted(Reply(500)) as app:
        try:
            status = call(tmp_path, app, *options)
        except SystemExit as left:
            status = int(left.code or 0)
        assert (status, app.received) == (2, [])
