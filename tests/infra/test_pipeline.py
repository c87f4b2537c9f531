"""The workflow that deploys: signs in without a secret, hands its variables to azd, runs when it is configured."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from landfall.stack.azurite import ROOT

# The variables that `azd pipeline config` sets without being told; everything else comes from azure.yaml.
OF_AZD = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION"}


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    """Give the only job of the workflow."""
    text = (ROOT / ".github" / "workflows" / "azure-dev.yml").read_text(encoding="utf-8")
    (deploy,) = yaml.safe_load(text)["jobs"].values()
    assert isinstance(deploy, dict)
    return deploy


def test_it_signs_in_without_a_secret(job: dict[str, Any]) -> None:
    """The identity is federated: there is no secret to name. azd uses the sign-in of the Azure CLI, as a hook does."""
    text = json.dumps(job)
    assert "secrets." not in text
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert set(re.findall(r"vars\.(\w+)", text)) == OF_AZD
    commands = [step.get("run") or step["uses"].partition("@")[0] for step in job["steps"]]
    assert commands[-5:] == [
        "azure/login",
        "azd config set auth.useAzCliAuth true",
        "azd provision --no-prompt",
        "azure/login",
        "azd deploy --no-prompt",
    ]


def test_a_repository_without_a_pipeline_is_left_alone(job: dict[str, Any]) -> None:
    """The job is skipped where nobody ran `azd pipeline config`, and a running deployment is never cancelled."""
    assert job["if"] == "${{ vars.AZURE_CLIENT_ID != '' }}"
    text = (ROOT / ".github" / "workflows" / "azure-dev.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["concurrency"]["cancel-in-progress"] is False


def test_a_parameters_variables_reach_azd(job: dict[str, Any], tmp_path: Path) -> None:
    """The step sets each variable that main.parameters.json names, whatever is in it, and no other."""
    (step,) = [step for step in job["steps"] if "VARIABLES" in step.get("env", {})]
    variables = {
        "CENSUS_JOBS_URL": "https://host/jobs?a=b&c='d'",
        "LANDFALL_INPUT": "incoming",
        "LANDFALL": "no parameter names it",
        "CENSUS_JOBS": "the beginning of a name",
        "PATH": "/evil",
    }
    file = tmp_path / "environment"
    environ = {**os.environ, "VARIABLES": json.dumps(variables), "GITHUB_ENV": str(file)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], cwd=ROOT, env=environ, check=True)
    assert file.read_text(encoding="utf-8").splitlines() == [
        "CENSUS_JOBS_URL=https://host/jobs?a=b&c='d'",
        "LANDFALL_INPUT=incoming",
    ]
