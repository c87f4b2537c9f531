"""An app in Azure as a fake `az` shows it: all is well but for what a test changes."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from landfall.cli import main
from landfall.doctor import deployment

HOST = "func-landfall.azurewebsites.net"
APP_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/func-landfall"
APP = {"name": "func-landfall", "defaultHostName": HOST, "state": "Running", "id": APP_ID}
REFERENCES = f"rest --method get --url {APP_ID}/config/configreferences/appsettings?api-version=2022-03-01"
TOPIC = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/systemTopics/topic"
WEBHOOK = f"https://{HOST}/runtime/webhooks/blobs"
FULL_URL = f"{WEBHOOK}?functionName=Host.Functions.on_csv_landed&code=the-blob-key"
SUBSCRIPTION: dict[str, Any] = {
    "name": "csv-landed",
    "id": f"{TOPIC}/eventSubscriptions/csv-landed",
    "provisioningState": "Succeeded",
    "destination": {"endpointType": "WebHook", "endpointBaseUrl": WEBHOOK},
    "deliveryWithResourceIdentity": None,
    "filter": {
        "subjectBeginsWith": "/blobServices/default/containers/incoming/blobs/",
        "subjectEndsWith": ".csv",
        "isSubjectCaseSensitive": False,
        "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
        "advancedFilters": [
            {
                "key": "data.api",
                "operatorType": "StringIn",
                "values": ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"],
            }
        ],
    },
}
FUNCTIONS = (*deployment.FUNCTIONS, *deployment.REPORTING["EventGrid"])
SECRET = "AccountKey=c2VjcmV0"
# Answers by the entry that the call begins with.
AZ = """#!{python}
import json, sys
for called, answer in json.load(open({answers!r})):
    if " ".join(sys.argv[1:]).startswith(called + " "):
        if isinstance(answer, str) and answer.startswith("ERROR"):
            print(answer, file=sys.stderr); sys.exit(1)
        print(json.dumps(answer)); sys.exit(0)
print("ERROR: not expected: " + " ".join(sys.argv[1:]), file=sys.stderr); sys.exit(1)
"""


def reference(setting: str, status: str = "Resolved", **members: str) -> dict[str, Any]:
    """Return the status of a setting's Key Vault reference, as Azure lists it."""
    secret = setting.lower().replace("_", "-")
    return {
        "id": f"{APP_ID}/config/configreferences/appsettings/{setting}",
        "name": setting,
        "type": "Microsoft.Web/sites/config/configreferences",
        "properties": {
            "reference": f"@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/{secret})",
            "status": status,
            "vaultName": "kv",
            "secretName": secret,
            "source": "KeyVault",
            **members,
        },
    }


def settings(**changed: str) -> list[dict[str, str]]:
    """Return the app settings that the doctor asks for, with changes."""
    usual = {
        "LANDFALL_BLOB_SOURCE": "EventGrid",
        "LANDFALL_INPUT": "incoming",
        "LANDFALL_DATA_HOST": "stdata.blob.core.windows.net",
    }
    return [{"name": name, "value": value} for name, value in {**usual, **changed}.items()]


def answers(**changed: Any) -> list[tuple[str, Any]]:
    """Return what `az` answers where all is well, with changes."""
    usual: dict[str, tuple[str, Any]] = {
        "functions": (
            "functionapp function list",
            [{"name": f"func-landfall/{name}"} for name in FUNCTIONS],
        ),
        "apps": ("functionapp list", [APP]),
        "subscriptions": ("eventgrid system-topic event-subscription list", [SUBSCRIPTION]),
        "topics": ("eventgrid system-topic list", [{"name": "topic"}]),
        "full url": (
            f"rest --method post --url {SUBSCRIPTION['id']}/getFullUrl?api-version=2025-02-15",
            {"endpointUrl": FULL_URL},
        ),
        "settings": ("functionapp config appsettings list", settings()),
        "keys": (
            "functionapp keys list",
            {"functionKeys": {"default": "the-key"}, "systemKeys": {"blobs_extension": "the-blob-key"}},
        ),
        "references": (REFERENCES, {"value": [reference("CENSUS_TRAINING_KEY")]}),
        "more references": ("rest --method get --url https://management.azure.com/page2", {"value": []}),
    }
    return [(called, changed.get(name, answer)) for name, (called, answer) in usual.items()]


def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **changed: Any
) -> dict[str, Any]:
    """Run the command; returns what it prints as JSON, with `status`."""
    (tmp_path / "answers.json").write_text(json.dumps(answers(**changed)), encoding="utf-8")
    program = tmp_path / "az"
    program.write_text(AZ.format(python=sys.executable, answers=str(tmp_path / "answers.json")), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    status = main(["doctor", "--resource-group", "rg", "--json"])
    return {**json.loads(capsys.readouterr().out), "status": status}
