"""`landfall forget`: what was deleted, which models have seen the file, and refusals in the app's words."""

import json
from pathlib import Path

import pytest

from landfall.cli import main
from tests.contract.scripted import Reply, Scripted, scripted

ANSWER = {
    "runs": ["a" * 32],
    "cancelled": ["b" * 32],
    "models": [
        {"run_id": "c" * 32, "state": "promoted", "model": "models/census/c.ilearner", "serves": True},
        {"run_id": "d" * 32, "state": "rejected", "model": "training/d/1/model.ilearner", "serves": False},
    ],
    "deleted": ["incoming/census/june.csv", "training/a/1/original.csv"],
    "same_bytes": ["census/juin.csv"],
    "schemas": ["models/schemas/census/1.json"],
}


def forget(folder: Path, app: Scripted, *options: str) -> int:
    """Forget a file at the app that a state folder names."""
    document = {"functions": app.base_url, "functions_key": "key"}
    (folder / "stack.json").write_text(json.dumps(document), encoding="utf-8")
    return main(["forget", "census/june.csv", "--by", "dan", *options, "--state", str(folder)])


def test_what_was_deleted_and_what_remains_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each deleted blob, each file with the same bytes, each cancelled run, each model that has seen the file."""
    with scripted(Reply(200, json.dumps(ANSWER).encode())) as app:
        assert forget(tmp_path, app, "--reason", "a request", "--cancel") == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]

    assert lines == [
        "forgotten: census/june.csv, 1 version; 2 blobs deleted; no training set has it from now on",
        "deleted  incoming/census/june.csv",
        "deleted  training/a/1/original.csv",
        (
            "not forgotten: census/juin.csv, which landed with the same bytes:"
            f" `landfall forget census/juin.csv --reason WHY --state {tmp_path}`"
        ),
        "kept: schema models/schemas/census/1.json, whose notes may hold values of the file",
        f"run {'b' * 32} was cancelled: `landfall retry bbbbbbbb --state {tmp_path}` trains on what is left of its set",
        f"trained on it: models/census/c.ilearner of run {'c' * 32} (promoted), which is in service",
        f"trained on it: training/d/1/model.ilearner of run {'d' * 32} (rejected)",
        "The models stay. Train a new one and promote it, or roll back, where they must go as well.",
    ]
    (request,) = app.received
    assert request.path == "/api/operations/forget"
    sent = {"blob": "census/june.csv", "by": "dan", "reason": "a request", "cancel": "true"}
    assert json.loads(request.body) == sent


def test_a_file_that_no_model_has_seen_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is an answer: nothing has to be trained anew. `--json` prints the app's answer as it is."""
    alone = {**ANSWER, "models": [], "cancelled": []}
    with scripted(Reply(200, json.dumps(alone).encode())) as app:
        assert forget(tmp_path, app, "--reason", "a request") == 0
        assert "cancel" not in json.loads(app.received[0].body)
        assert capsys.readouterr().out.splitlines()[-1] == "No model was trained on it."
        assert forget(tmp_path, app, "--reason", "a request", "--json") == 0
    assert json.loads(capsys.readouterr().out) == alone


def test_nothing_is_forgotten_without_a_reason_or_against_the_app(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a reason no request leaves; while a job reads the file the app refuses; another answer is no success."""
    busy = Reply(409, json.dumps({"error": "the file is in the training set of a run: use --cancel"}).encode())
    with scripted(busy, Reply(200, b'{"deleted": true}')) as app:
        assert forget(tmp_path, app) == 2
        assert app.received == []
        assert "--reason is missing" in capsys.readouterr().err
        assert forget(tmp_path, app, "--reason", "x") == 1
        assert "use --cancel" in capsys.readouterr().err
        assert forget(tmp_path, app, "--reason", "x") == 1
        assert "is not the app's" in capsys.readouterr().err
