"""The command's calls to the app: the function key goes nowhere else, and only the app's own answer counts."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from landfall.app_client import NotJsonError, call_app
from landfall.cli import main
from landfall.doctor.app_health import check_health
from landfall.doctor.checks import Checks
from landfall.errors import CommandError
from tests.contract.scripted import Reply, Scripted, scripted

ROOT = Path(__file__).resolve().parents[2]
KEY = "CANARY-FUNCTION-KEY"
FROZEN = {"endpoint": "production", "route": "census", "frozen": True}


@pytest.fixture
def elsewhere() -> Iterator[Scripted]:
    """Give another host, which accepts every request."""
    with scripted(Reply(200, json.dumps(FROZEN).encode())) as script:
        yield script


def freeze(folder: Path, app: Scripted) -> int:
    """Freeze an endpoint at the app that a state folder names."""
    document = {"functions": app.base_url, "functions_key": KEY}
    (folder / "stack.json").write_text(json.dumps(document), encoding="utf-8")
    return main(["freeze", "production", "--reason", "a trial", "--state", str(folder)])


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
def test_a_key_follows_no_redirect(
    elsewhere: Scripted, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    """The redirect's target gets no request; the error names it without its query, and the command fails."""
    target = f"{elsewhere.base_url}/sign-in?state=CANARY"
    with scripted(Reply(status, b"{}", {"Location": target})) as app:
        assert freeze(tmp_path, app) == 1
        with pytest.raises(CommandError, match="redirect"):
            call_app("GET", f"{app.base_url}/api/health", KEY)
        checks = Checks()
        check_health(checks, app.base_url, KEY)
    err = capsys.readouterr().err
    assert f"{elsewhere.base_url}/sign-in" in err
    assert "CANARY" not in err
    assert not checks.ok
    assert elsewhere.received == []
    assert [request.headers["x-functions-key"] for request in app.received] == [KEY] * 3


def test_a_redirect_within_the_app_is_none_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither is a redirect without a host, or without a target."""
    replies = Reply(302, b"", {"Location": "/elsewhere"}), Reply(302, b"")
    with scripted(*replies) as app:
        assert freeze(tmp_path, app) == 1
        assert f"a redirect to {app.base_url}/elsewhere" in capsys.readouterr().err
        assert freeze(tmp_path, app) == 1
        assert "a redirect to nowhere" in capsys.readouterr().err
    assert [request.path for request in app.received] == ["/api/operations/freeze"] * 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>We are back soon</html>"),
        Reply(200, b"[]"),
        Reply(200, b"{}"),
        Reply(200, json.dumps({**FROZEN, "endpoint": "another"}).encode()),
        Reply(200, json.dumps({**FROZEN, "frozen": False}).encode()),
        Reply(200, json.dumps({"run": {"run_id": "a"}}).encode()),
        Reply(201, json.dumps(FROZEN).encode()),
        Reply(204),
    ],
)
def test_only_the_operations_own_answer_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reply: Reply
) -> None:
    """A gateway's page, or another service's JSON, is not taken for success."""
    with scripted(reply) as app:
        assert freeze(tmp_path, app) == 1
    output = capsys.readouterr()
    assert output.err.startswith("landfall freeze: the ")
    assert "frozen" not in output.out


def test_no_other_call_of_the_command_or_the_app_follows_one() -> None:
    """Every call of `requests` in the command and the app refuses redirects."""
    sending = {f"{who}.{how}" for who in ("requests", "session") for how in ("get", "post", "put", "patch", "request")}
    calls = 0
    for path in (*(ROOT / "landfall").rglob("*.py"), *(ROOT / "shared").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in sending:
                calls += 1
                options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert options.get("allow_redirects") == "False", f"{path}: {ast.unparse(node)}"
    assert calls >= 4


def test_the_apps_own_answer_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is printed in the app's words."""
    refusal = Reply(409, json.dumps({"error": "it is frozen already", "problems": ["by dan"]}).encode())
    with scripted(Reply(200, json.dumps(FROZEN).encode()), refusal) as app:
        assert freeze(tmp_path, app) == 0
        assert freeze(tmp_path, app) == 1
    assert capsys.readouterr().err == "landfall freeze: it is frozen already\n  by dan\n"


def test_a_proxy_of_the_environment_never_sees_the_key_of_a_local_app(
    elsewhere: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY applies to other hosts only."""
    monkeypatch.setenv("HTTP_PROXY", elsewhere.base_url)
    monkeypatch.setenv("http_proxy", elsewhere.base_url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with scripted(Reply(200, b"{}"), Reply(200, b"no JSON")) as app:
        assert call_app("GET", f"{app.base_url}/api/health", KEY).body == {}
        with pytest.raises(NotJsonError, match="200 and no JSON"):
            call_app("GET", f"{app.base_url}/api/health", KEY)
    assert elsewhere.received == []
