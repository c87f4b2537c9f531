"""App settings that are Key Vault references which the platform did not replace: named, and never used as values."""

import json
import re
from pathlib import Path

import pytest

from landfall.host.invoker import Invoker
from shared.errors import ConfigError
from shared.key_vault_references import unresolved_problem
from shared.wiring import build_services
from tests.pipeline.world import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/x)"
WELL = {
    **SETTINGS,
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "LANDFALL_ROUTES": str(ROOT / "routes.toml"),
    "LANDFALL_INPUT": "incoming",
    "LANDFALL_POLL_SCHEDULE": "0 * * * * *",
    "LANDFALL_SWEEP_SCHEDULE": "0 */15 * * * *",
}
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
NOT_OF_THE_APP = {"LANDFALL_HOST", "LANDFALL_KEY"}  # the command's environment
READ_BY_ROUTES = {"LANDFALL_DATA_HOST"}  # a problem of the key that names it, as every ${NAME} is
DOCUMENTED = sorted(
    {
        name
        for row in re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
        for name in re.findall(r"`((?:LANDFALL|AzureWebJobs|REQUESTS)\w+)`", row)
    }
    - NOT_OF_THE_APP
    - READ_BY_ROUTES
)


def test_the_page_of_settings_is_read() -> None:
    """The names below are those of the page: one more setting there is one more case here."""
    assert {"LANDFALL_INPUT", "AzureWebJobsStorage__clientId", "REQUESTS_CA_BUNDLE", "LANDFALL_DATA"} <= set(DOCUMENTED)


@pytest.mark.parametrize("setting", DOCUMENTED)
def test_every_setting_of_the_app_that_is_unresolved_is_one_problem(setting: str) -> None:
    """It is named, once, without its value; no other problem follows from it."""
    with pytest.raises(ConfigError) as caught:
        build_services({**WELL, setting: REFERENCE})
    assert caught.value.problems == [unresolved_problem(setting)]


def test_all_are_reported_at_once_and_none_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the app in its worker: health lists settings, storage, keys and schedules; a file's event lands nothing."""
    unresolved = [
        "AzureWebJobsStorage",
        "LANDFALL_INPUT",
        "LANDFALL_POLL_SCHEDULE",
        "CENSUS_TRAINING_KEY",
        "CENSUS_ENDPOINT_KEY",
    ]
    for name, value in {**WELL, **dict.fromkeys(unresolved, REFERENCE)}.items():
        monkeypatch.setenv(name, value)
    invoker = Invoker(ROOT, 60)
    try:
        request = {"method": "GET", "url": "http://x/", "headers": {}, "query": {}, "params": {}, "body": b""}
        outcome = invoker.invoke(invoker.functions["health"], {"req": ("http", request)}, {})
        assert outcome.returned is not None
        answer = outcome.returned[1]
        body = json.loads(answer["body"])
        assert (answer["status"], body["state"]) == (503, "misconfigured")
        for name in unresolved:
            assert len([problem for problem in body["problems"] if f"the setting {name}" in problem]) == 1, name
        assert len(body["problems"]) == len(unresolved)
        assert "kv.vault" not in answer["body"].decode()

        names = {"Connection": "AzureWebJobsStorage", "ContainerName": "incoming", "BlobName": "census/a.csv"}
        event = ("model_binding_data", json.dumps(names))
        landing = invoker.invoke(invoker.functions["on_csv_landed"], {"blob": event}, {})
        assert landing.error is not None
        assert "CENSUS_TRAINING_KEY, which is an unresolved Key Vault reference" in landing.error
    finally:
        invoker.stop()


@pytest.mark.parametrize("setting", ["LANDFALL_HTTP_AUTH", "LANDFALL_READ_ROLE", "LANDFALL_OPERATE_ROLE"])
def test_an_unresolved_setting_of_the_sign_in_closes_the_app(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the setting's name, also for health: nobody can be told apart."""
    for name, value in {**WELL, setting: REFERENCE}.items():
        monkeypatch.setenv(name, value)
    invoker = Invoker(ROOT, 60)
    try:
        request = {"method": "GET", "url": "http://x/", "headers": {}, "query": {}, "params": {}, "body": b""}
        outcome = invoker.invoke(invoker.functions["health"], {"req": ("http", request)}, {})
        assert outcome.returned is not None
        answer = outcome.returned[1]
        assert (answer["status"], json.loads(answer["body"])) == (503, {"error": unresolved_problem(setting)})
    finally:
        invoker.stop()
