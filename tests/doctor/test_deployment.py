"""`landfall doctor`: each failed check says what to do; an app in Azure is checked by a fake `az`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from landfall.cli import main
from landfall.doctor.app_health import check_health
from landfall.doctor.checks import Checks
from landfall.exit_status import ExitStatus
from shared.records.heartbeats import Heartbeats
from shared.timers import silence
from tests.doctor.fake_azure import APP, APP_ID, HOST, SECRET, doctor, reference, settings
from tests.local_server import QuietHandler, serving
from tests.stack.running import landfall


def test_a_correct_deployment_passes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    health_calls: list[tuple[str, str]],
) -> None:
    """Every function is loaded, events lead to the app, and the app is called with its own key."""
    document = doctor(tmp_path, monkeypatch, capsys)
    assert (document["ok"], document["status"]) == (True, 0), document
    assert [check["what"] for check in document["checks"]] == [
        "the function app",
        "its functions",
        "the event subscription",
        "the Key Vault references",
    ]
    assert health_calls == [(f"https://{HOST}", "the-key")]
    assert "the-key" not in json.dumps(document)
    assert "the-blob-key" not in json.dumps(document)


@pytest.mark.usefixtures("health_calls")
@pytest.mark.parametrize(
    ("changed", "result"),
    [
        ({"subscriptions": []}, "none leads to the app"),
        ({"topics": []}, "none leads to the app"),
        ({"settings": []}, "LANDFALL_BLOB_SOURCE is '' instead of EventGrid or EventGridQueue"),
        ({"settings": f"ERROR: no right to {SECRET}"}, "`az functionapp config appsettings` failed: ERROR: no right"),
        ({"settings": settings(LANDFALL_BLOB_SOURCE="LogsAndContainerScan")}, "is 'LogsAndContainerScan' instead of"),
        (
            {"settings": settings(LANDFALL_BLOB_SOURCE="EventGridQueue")},
            "not loaded: on_csv_event, on_csv_event_poison",
        ),
        ({"functions": [{"name": "func-landfall/sweep"}]}, "not loaded: on_csv_landed, on_blob_poison, poll_pend"),
        ({"keys": []}, "answered something unexpected"),
        ({"references": f"ERROR: no right to {SECRET}"}, "`az rest --method get` failed: ERROR: no right to"),
        ({"references": {}}, "answered something unexpected"),
        ({"apps": []}, "rg has 0 function apps, not one; there are: none"),
        ({"apps": [{**APP, "state": "Stopped"}]}, "func-landfall is Stopped"),
        ({"keys": f"ERROR: no right to {SECRET}"}, "`az functionapp keys list` failed: ERROR: no right to"),
        ({"apps": "ERROR: Please run 'az login' to setup account."}, "Please run 'az login'"),
    ],
)
def test_each_problem_of_a_deployment_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, Any],
    result: str,
) -> None:
    """A failed check says what to do and shows no secret; the other checks still run; the exit status is 4."""
    document = doctor(tmp_path, monkeypatch, capsys, **changed)
    assert (document["ok"], document["status"]) == (False, ExitStatus.BROKEN)
    wrong = [check for check in document["checks"] if not check["ok"]]
    assert any(result in check["said"] for check in wrong), document
    assert all(check["do"] for check in wrong)
    assert SECRET not in json.dumps(document)


@pytest.mark.usefixtures("health_calls")
def test_each_unresolved_reference_is_named_with_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On every page of the list; each says what to do, and how all are read again; what is resolved is not named."""
    page2 = "https://management.azure.com/page2"
    listed = [
        reference("A_KEY", "SecretNotFound", details=f"no such secret {SECRET}"),
        reference("B_KEY"),
        reference("C_KEY", "AccessToKeyVaultDenied"),
        reference("D_KEY", "SomethingNew"),
        {"name": "E_KEY"},
    ]
    document = doctor(
        tmp_path,
        monkeypatch,
        capsys,
        references={"value": listed, "nextLink": page2},
        **{"more references": {"value": [reference("F_KEY", "VaultNotFound")]}},
    )
    assert document["status"] == ExitStatus.BROKEN
    wrong = {check["said"]: check["do"] for check in document["checks"] if not check["ok"]}
    assert list(wrong) == [
        "A_KEY is SecretNotFound: no such secret AccountKey=***",
        "C_KEY is AccessToKeyVaultDenied",
        "D_KEY is SomethingNew",
        "E_KEY is None",
        "F_KEY is VaultNotFound",
    ]
    refresh = (
        f"`az rest --method post --url {APP_ID}/config/configreferences/appsettings/refresh?api-version=2022-03-01`"
    )
    end = f"; then have all of them read again: {refresh}, and restart the app"
    assert all(do.endswith(end) for do in wrong.values())
    remedies = [do.partition(";")[0] for do in wrong.values()]
    assert remedies[0] == "create the secret: `az keyvault secret set --vault-name kv --name a-key --value …`"
    assert "role Key Vault Secrets User" in remedies[1]
    assert SECRET not in json.dumps(document)


def test_without_the_azure_cli_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Only this command needs `az` and `azd`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor", "--resource-group", "rg"]) == ExitStatus.BROKEN
    assert "`az` is not on the PATH: install the Azure CLI" in capsys.readouterr().out
    assert main(["doctor", "--azure"]) == 1
    assert "`azd` is not on the PATH" in capsys.readouterr().err


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """Give the URL of a server that gives every GET the same answer."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TICKED = NOW.replace(second=0)
SILENT = silence(Heartbeats(NOW - timedelta(minutes=40), TICKED), NOW, {})
NEVER = silence(Heartbeats(awaited_since=NOW - timedelta(minutes=70)), NOW, {})
FRESH, OLD = ((NOW - timedelta(minutes=minutes)).isoformat() for minutes in (4, 40))


@pytest.mark.parametrize(
    ("status", "body", "well", "result"),
    [
        (200, json.dumps({"state": "ok", "last_heartbeat": FRESH}), True, "240 s old"),
        (200, json.dumps({"state": "ok", "last_heartbeat": OLD}), True, "2400 s old"),  # it polls once a day
        (
            503,
            json.dumps({"state": "poller silent", "problems": [SILENT], "last_heartbeat": OLD}),
            False,
            "poll_pending_jobs has been silent for 2400 s; the last tick over HTTP was at 2026-01-02 03:04:00 UTC",
        ),
        (200, json.dumps({"state": "starting", "last_heartbeat": None}), False, "it has not run yet"),
        (
            503,
            json.dumps({"state": "poller silent", "problems": [NEVER], "last_heartbeat": None}),
            False,
            "the timer poll_pending_jobs has not fired yet, and was awaited for 4200 s",
        ),
        (503, json.dumps({"state": "misconfigured", "problems": ["a is wrong", "b too"]}), False, "a is wrong; b too"),
        (503, json.dumps({"error": "half of a set-up"}), False, "503: half of a set-up"),
        (200, "{}", False, "not with the app's health"),
        (401, "", False, "answered 401 and no JSON"),
    ],
)
def test_the_app_reports_its_own_health(status: int, body: str, *, well: bool, result: str) -> None:
    """All of its problems are printed; a poller that is silent, or never ran, fails."""
    checks = Checks()
    with answering(status, body) as url:
        check_health(checks, url, "key", lambda: NOW)
    assert (checks.ok, result in checks.done[-1].result) == (well, True), checks


def test_each_check_of_the_app_is_printed() -> None:
    """It prints each of the app's checks with its remedy, its problems once, and its warnings as passed."""
    checks = Checks()
    gone = {"what": "routes.a.golden", "said": "there is no blob x", "do": "upload it there", "ok": False}
    body = {
        "state": "misconfigured",
        "problems": [
            "the setting S is wrong",
            SILENT,
            "routes.a.golden: there is no blob x",
        ],
        "warnings": ["five fields"],
        "last_heartbeat": OLD,
        "checks": [gone, {"what": "a key", "said": "is taken", "do": "", "ok": True}],
    }
    with answering(503, json.dumps(body)) as url:
        check_health(checks, url, "key", lambda: NOW)
    assert [(check.what, check.result, check.ok, check.warning) for check in checks.done] == [
        ("the app's settings and storage", "the setting S is wrong", False, False),
        ("the poller", SILENT.partition(": ")[0], False, False),
        ("routes.a.golden", "there is no blob x", False, False),
        ("a key", "is taken", True, False),
        ("a warning", "five fields", True, True),
    ]
    assert checks.done[1].do.startswith("see that the app runs and its timers are enabled, then deploy it again")
    assert checks.done[2].do == "upload it there"


def test_an_app_that_does_not_answer() -> None:
    """No process listens there any more."""
    with answering(200, "{}") as url:
        pass
    checks = Checks()
    check_health(checks, url, "key")
    assert [check.result for check in checks.done] == [
        f"the app does not answer (ConnectionError): {url}/api/health?full=true"
    ]


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    """Every command does so."""
    done = landfall("doctor", "--state", str(tmp_path))
    assert (done.returncode, "no stack runs in" in done.stdout) == (ExitStatus.BROKEN, True)
