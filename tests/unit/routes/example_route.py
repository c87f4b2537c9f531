"""The example's `routes.toml`: read as it is or with one place changed, for the tests of everything that reads it."""

import re
from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.routes.load import Routes, parse_routes

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "routes.toml").read_text(encoding="utf-8")
BASE = "http://127.0.0.1:8600"
SETTINGS = {
    "LANDFALL_DATA_HOST": "stdata.blob.core.windows.net",
    "CENSUS_JOBS_URL": f"{BASE}/workspaces/w/services/t/jobs?api-version=2.0",
    "CENSUS_TRAINING_KEY": "training-key",
    "CENSUS_PATCH_URL": f"{BASE}/management/workspaces/w/webservices/s/endpoints/production",
    "CENSUS_EXECUTE_URL": f"{BASE}/workspaces/w/services/p/execute?api-version=2.0&details=true",
    "CENSUS_ENDPOINT_KEY": "endpoint-key",
    "CENSUS_STAGING_PATCH_URL": f"{BASE}/management/workspaces/w/webservices/s/endpoints/staging",
    "CENSUS_STAGING_EXECUTE_URL": f"{BASE}/workspaces/w/services/q/execute",
    "CENSUS_STAGING_KEY": "staging-key",
}


def parse(text: str, **settings: str) -> Routes:
    """Parse routes with the usual settings."""
    return parse_routes(text, {**SETTINGS, **settings})


def problems(text: str, **settings: str) -> list[str]:
    """Parse wrong routes and return their problems, without the file's name that each begins with."""
    with pytest.raises(ConfigError) as error:
        parse(text, **settings)
    assert all(problem.startswith("routes.toml: ") for problem in error.value.problems)
    return [problem.removeprefix("routes.toml: ") for problem in error.value.problems]


def changed(pattern: str, replacement: str) -> str:
    """Return the example with one place changed."""
    text, count = re.subn(pattern, replacement, EXAMPLE, count=1)
    assert count == 1
    return text


HOLDOUT = """[routes.census.holdout]
data = "models/holdout/census.csv"
label = "income"
task = "binary"
positive = ">50K"
label_sent = "0"

[routes.census.training]"""
