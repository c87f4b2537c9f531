"""App settings: named after the models, complete for the example; those of `--set` win."""

import copy
import json
import re
from pathlib import Path

import pytest

from landfall.errors import CommandError, UsageError
from landfall.stack.settings import app_settings, environment_without, model_settings, parse_settings, setting_prefix
from landfall.stack.stack_document import NamedEndpoint, Service
from shared.routes.load import load_routes

ROOT = Path(__file__).resolve().parents[2]
BASE = "http://127.0.0.1:8600"
STORAGE = "AccountName=a;AccountKey=k;BlobEndpoint=http://127.0.0.1:10000/a;QueueEndpoint=http://127.0.0.1:10001/a"


def endpoint(name: str, role: str) -> NamedEndpoint:
    """Return an endpoint as the studio describes it."""
    return {
        "name": name,
        "resource": "Census Model [trained model]",
        "role": role,
        "execute_url": f"{BASE}/workspaces/w/services/{name}/execute?api-version=2.0&details=true",
        "patch_url": f"{BASE}/management/workspaces/w/webservices/s/endpoints/{name}",
        "api_key": f"{name}-key",
    }


SERVICE: Service = {
    "name": "Census Model",
    "training": {"jobs_url": f"{BASE}/workspaces/w/services/t/jobs", "api_key": "training-key"},
    "predictive": {
        "default": {"execute_url": f"{BASE}/workspaces/w/services/p/execute", "api_key": "default-key"},
        "endpoints": [endpoint("production", "serve"), endpoint("staging", "staging")],
    },
}


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        ("Census Model", "CENSUS"),
        ("census", "CENSUS"),
        ("Wine quality (red)", "WINE_QUALITY_RED"),
        ("Model", "MODEL"),
        ("2024 sales model", "M_2024_SALES"),
        ("Supermodel", "SUPER"),
    ],
)
def test_prefixes(model: str, prefix: str) -> None:
    """A model's settings begin with its name, in letters that a setting may have."""
    assert setting_prefix(model) == prefix


def test_a_name_without_letters_is_refused() -> None:
    """Its settings could not be named."""
    with pytest.raises(CommandError, match="no letter"):
        setting_prefix("***")


def test_the_example_route_finds_every_setting(tmp_path: Path) -> None:
    """The stack sets exactly the settings of `routes.toml`, and the file loads with them."""
    models = model_settings([SERVICE])
    settings = app_settings(
        storage=STORAGE, routes="routes.toml", container="c", functions_key="", services=[SERVICE], chosen={}
    )
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")

    assert set(re.findall(r"\$\{(CENSUS\w+)\}", text)) == set(models)
    (tmp_path / "routes.toml").write_text(text, encoding="utf-8")
    routes = load_routes(tmp_path / "routes.toml", settings)
    assert routes.routes["census"].serving.secrets[0] == "production-key"
    assert routes.allow_hosts[0] == "127.0.0.1:10000"


def test_an_added_endpoint_takes_no_place() -> None:
    """The example's settings name the published endpoints, also after others were added."""
    added = copy.deepcopy(SERVICE)
    added["predictive"]["endpoints"].append(endpoint("canary", "serve"))

    assert model_settings([added]) == model_settings([SERVICE])


def test_the_example_settings_name_every_setting() -> None:
    """`local.settings.example.json` lists exactly the settings that `func start` needs."""
    example = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]
    settings = app_settings(
        storage="s", routes="routes.toml", container="incoming", functions_key="", services=[SERVICE], chosen={}
    )

    assert set(example) == set(settings)


def test_the_users_settings_win() -> None:
    """`--set` wins over the stack's own settings."""
    chosen = parse_settings(["LANDFALL_POLL_SCHEDULE=0 * * * * *", "EMPTY=", "URL=http://x/?a=b"])
    settings = app_settings(storage="s", routes="r", container="c", functions_key="k", services=[], chosen=chosen)

    assert settings["LANDFALL_POLL_SCHEDULE"] == "0 * * * * *"
    assert (settings["EMPTY"], settings["URL"]) == ("", "http://x/?a=b")


def test_wrong_pairs_are_all_named() -> None:
    """The message names every malformed pair."""
    with pytest.raises(CommandError, match=r"'A', '=b', '1=x'"):
        parse_settings(["OK=1", "A", "=b", "1=x"])


def test_a_source_of_events_that_does_not_exist_is_refused_before_anything_starts() -> None:
    """With the words that exist: the case counts."""
    assert parse_settings(["LANDFALL_BLOB_SOURCE=EventGridQueue"]) == {"LANDFALL_BLOB_SOURCE": "EventGridQueue"}
    with pytest.raises(UsageError, match=r"LANDFALL_BLOB_SOURCE takes .*EventGridQueue, not 'eventgridqueue'"):
        parse_settings(["LANDFALL_BLOB_SOURCE=eventgridqueue"])


def test_a_schedule_that_no_host_reads_is_refused_with_the_name_of_its_setting() -> None:
    """The host's own word names the function only; a missing schedule is no error."""
    assert parse_settings(["LANDFALL_POLL_SCHEDULE=", "LANDFALL_SWEEP_SCHEDULE=0 */5 * * * *"])
    with pytest.raises(UsageError, match=r"LANDFALL_POLL_SCHEDULE is no schedule.*LANDFALL_SWEEP_SCHEDULE"):
        parse_settings(["LANDFALL_POLL_SCHEDULE=bad", "LANDFALL_SWEEP_SCHEDULE=99 * * * * *"])


def test_old_settings_in_the_environment_do_not_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's environment has none of the names in its settings file."""
    monkeypatch.setenv("CENSUS_JOBS_URL", "old")
    monkeypatch.setenv("OTHER", "kept")

    left = environment_without({"CENSUS_JOBS_URL": "new"})

    assert "CENSUS_JOBS_URL" not in left
    assert left["OTHER"] == "kept"
