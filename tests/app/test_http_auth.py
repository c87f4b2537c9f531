"""The app's HTTP functions with Microsoft Entra: indexed by the real runtime, served by the local host."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from landfall.host.invoker import Invoker
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.operators import approvals
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.services import Services
from shared.wiring import SystemClock
from tests.contract.records import a_run
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_endpoints import MemoryEndpointStore
from tests.host.running import running_host
from tests.pipeline.world import SETTINGS, example_routes
from tests.unit.operators.test_authorization import claims, headers

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = {
    "health": "GET",
    "runs": "GET",
    "operations/freeze": "POST",
    "operations/retry": "POST",
    "tick": "POST",
    "sweep": "POST",
}


def settings(azurite: str, **more: str) -> dict[str, str]:
    """Return the app's settings; its timers sleep."""
    never = "0 0 0 1 1 *"
    return {
        **SETTINGS,
        "AzureWebJobsStorage": azurite,
        "AzureFunctionsWebHost__hostid": "http-auth",
        "LANDFALL_INPUT": "incoming",
        "LANDFALL_ROUTES": str(ROOT / "routes.toml"),
        "LANDFALL_POLL_SCHEDULE": never,
        "LANDFALL_SWEEP_SCHEDULE": never,
        "LANDFALL_FUNCTIONS_KEY": "the-key",
        **more,
    }


@pytest.mark.parametrize(
    ("mode", "level"), [("entra", "ANONYMOUS"), ("key", "FUNCTION"), ("", "FUNCTION"), ("Entra", "FUNCTION")]
)
def test_the_host_asks_for_the_key_unless_the_app_asks_for_more(
    mode: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runtime library reports these levels; a misspelt mode opens nothing."""
    monkeypatch.setenv("LANDFALL_HTTP_AUTH", mode)
    invoker = Invoker(ROOT, 60)
    invoker.stop()
    for name in ("health", "runs", "operations", "http_tick", "http_sweep"):
        assert str(invoker.functions[name].trigger.get("authLevel")).upper() == level


def ask(base_url: str, path: str, sent: dict[str, str], **body: Any) -> requests.Response:
    """Send a request with the method and the body of its function."""
    content = json.dumps(body) if FUNCTIONS[path] == "POST" else None
    return requests.request(FUNCTIONS[path], f"{base_url}/api/{path}", headers=sent, data=content, timeout=60)


def test_with_entra_a_role_lets_in_and_the_record_has_the_name(azurite: str, tmp_path: Path) -> None:
    """Without a sign-in nobody is let in, even with the key; readers read; operators operate under their name."""
    chosen = settings(azurite, LANDFALL_HTTP_AUTH="entra", WEBSITE_AUTH_ENABLED="True")
    with running_host(ROOT, chosen, tmp_path) as host:
        for path in FUNCTIONS:
            for sent in ({}, {"x-functions-key": "the-key"}, {"x-ms-client-principal": "e30="}):
                assert ask(host.base_url, path, sent).status_code == 401
            refused = ask(host.base_url, path, headers(claims("Other")))
            assert (refused.status_code, "needs the app role" in refused.json()["error"]) == (403, True)
        reader, operator = headers(claims("Landfall.Read")), headers(claims("Landfall.Operate"))
        assert ask(host.base_url, "health", reader).status_code == 200
        assert ask(host.base_url, "runs", reader).status_code == 200
        freeze = {"endpoint": "production", "reason": "release day", "by": "bob"}
        assert ask(host.base_url, "operations/freeze", reader, **freeze).status_code == 403
        assert ask(host.base_url, "operations/freeze", operator, **freeze).json()["frozen"] is True
        retry = {"run": "0" * 32, "reason": "the setting is right now"}
        assert ask(host.base_url, "operations/retry", reader, **retry).status_code == 403
        assert ask(host.base_url, "operations/retry", operator, **retry).json() == {
            "error": f"there is no run {'0' * 32}"
        }
        for path in ("tick", "sweep"):
            assert ask(host.base_url, path, reader).status_code == 403
            form = {**operator, "content-type": "application/x-www-form-urlencoded"}
            assert ask(host.base_url, path, form).status_code == 415
            assert "done" in ask(host.base_url, path, operator).json()
        with closing(TableEndpointStore.from_connection_string(azurite)) as endpoints:
            stored = endpoints.get("census", "production")
            endpoints.save(stored, replace(stored.record, frozen=None))
        assert stored.record.frozen is not None
        assert stored.record.frozen.by == "bob (signed in as alice@example.com, oid-1)"


@pytest.mark.parametrize("mode", ["entra", "Entra"])
def test_without_the_platforms_word_nothing_is_served(mode: str, azurite: str, tmp_path: Path) -> None:
    """Anybody could write the header then: the answer is 503 with the reason, with and without the key."""
    with running_host(ROOT, settings(azurite, LANDFALL_HTTP_AUTH=mode), tmp_path) as host:
        sent = {**headers(claims("Landfall.Operate")), "x-functions-key": "the-key"}
        for path in FUNCTIONS:
            refused = ask(host.base_url, path, sent)
            assert refused.status_code == 503
            assert "LANDFALL_HTTP_AUTH" in refused.json()["error"]


def invited_run(store: TableRunStore, decision: str) -> tuple[Run, str]:
    """Record a held run that has an approval link; returns it with the link's code."""
    services = Services(
        example_routes(), store, MemoryEndpointStore(), MemoryBlobs(), *(cast("Any", None),) * 2, SystemClock()
    )
    held = a_run(state=RunState.HELD, reason=decision, deadline_at=datetime.now(UTC) + timedelta(days=1))
    store.claim(held)
    return held, approvals.invite(services, held.run_id).code


@pytest.mark.parametrize("mode", ["key", "entra", "Entra"])
@pytest.mark.parametrize("platform", ["True", ""])
def test_the_approval_page_heeds_no_header(mode: str, platform: str, azurite: str, tmp_path: Path) -> None:
    """The code alone permits: a forged or a real principal is neither refused nor recorded, nor are wrong settings."""
    principals = {
        "none": {},
        "real": headers(claims("Landfall.Operate")),
        "forged": {"x-ms-client-principal": "e30=", "x-ms-client-principal-name": "mallory"},
        "unreadable": {"x-ms-client-principal": "\u00ff" * 9},
    }
    chosen = settings(azurite, LANDFALL_HTTP_AUTH=mode, WEBSITE_AUTH_ENABLED=platform)
    with (
        running_host(ROOT, chosen, tmp_path) as host,
        closing(TableRunStore.from_connection_string(azurite)) as store,
    ):
        page = f"{host.base_url}/api/approval"
        for kind, sent in principals.items():
            wanted = {name: value for name, value in sent.items() if name != "content-type"}
            opened = requests.get(page, headers=wanted, timeout=60)
            assert (opened.status_code, "<form" in opened.text) == (200, True), kind
            run, code = invited_run(store, kind)
            form = {"code": code, "action": "reject", "by": "carol", "reason": kind}
            assert requests.post(page, form, headers=wanted, timeout=60).status_code == 200, kind
            ended = store.get("census", run.run_id)
            assert ended is not None
            assert ended.run.reason == f"Rejected by carol (by approval link): {kind}"
            assert store.history("census", run.run_id)[-1].actor == "approval link (carol)"


def test_with_the_key_an_outside_clock_ticks_and_sweeps(azurite: str, tmp_path: Path) -> None:
    """Over real HTTP: no key, no tick; GET is no operation; the heartbeat is not the timer's."""
    with (
        running_host(ROOT, settings(azurite), tmp_path) as host,
        closing(TableRunStore.from_connection_string(azurite)) as store,
    ):
        for path, body in (("tick", None), ("sweep", {"full": True})):
            url = f"{host.base_url}/api/{path}"
            assert requests.post(url, timeout=60).status_code == 401
            assert requests.get(url, headers={"x-functions-key": "the-key"}, timeout=60).status_code == 405
            before = store.heartbeats()
            answer = requests.post(url, json=body, headers={"x-functions-key": "the-key"}, timeout=60)
            assert (answer.status_code, "done" in answer.json()) == (200, True)
            assert store.heartbeats().timer == before.timer
        assert store.heartbeats().http is not None
