"""The doctor's look at the event subscription: destination and filter, for both kinds of delivery."""

import json
from pathlib import Path
from typing import Any

import pytest

from landfall.doctor import deployment
from landfall.exit_status import ExitStatus
from tests.doctor.fake_azure import FULL_URL, SUBSCRIPTION, WEBHOOK, doctor, settings

WHAT = "the event subscription"
ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stdata"
QUEUE = {"endpointType": "StorageQueue", "resourceId": ACCOUNT, "queueName": "csv-events"}
BY_QUEUE: dict[str, Any] = {
    **SUBSCRIPTION,
    "destination": None,
    "deliveryWithResourceIdentity": {"identity": {"type": "SystemAssigned"}, "destination": QUEUE},
}
READS_QUEUE: dict[str, Any] = {
    "settings": settings(LANDFALL_BLOB_SOURCE="EventGridQueue"),
    "functions": [{"name": name} for name in (*deployment.FUNCTIONS, *deployment.REPORTING["EventGridQueue"])],
}


@pytest.fixture
def check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], health_calls: list[Any]
) -> Any:
    """Give a function that runs the doctor, and returns the checks of the subscription and the exit status."""
    assert health_calls == []

    def run(**changed: Any) -> tuple[list[dict[str, Any]], int]:
        document = doctor(tmp_path, monkeypatch, capsys, **changed)
        assert "the-blob-key" not in json.dumps(document)
        return [item for item in document["checks"] if item["what"] == WHAT], document["status"]

    return run


def filtered(**members: Any) -> dict[str, Any]:
    """Return the subscription with other members of its filter."""
    return {"subscriptions": [{**SUBSCRIPTION, "filter": {**SUBSCRIPTION["filter"], **members}}]}


def at(url: str) -> dict[str, Any]:
    """Return the subscription with another webhook."""
    destination = {"endpointType": "WebHook", "endpointBaseUrl": url}
    return {"subscriptions": [{**SUBSCRIPTION, "destination": destination}]}


def queued(**members: Any) -> dict[str, Any]:
    """Return an app that reads the queue, and its subscription with another destination."""
    delivery = {"identity": {"type": "SystemAssigned"}, "destination": {**QUEUE, **members}}
    return {**READS_QUEUE, "subscriptions": [{**BY_QUEUE, "deliveryWithResourceIdentity": delivery}]}


@pytest.mark.parametrize("changed", [{}, {**READS_QUEUE, "subscriptions": [BY_QUEUE]}], ids=["webhook", "queue"])
def test_the_right_subscription_passes(check: Any, changed: dict[str, Any]) -> None:
    """One sentence names it."""
    (passed,), status = check(**changed)
    assert (passed["ok"], passed["said"], status) == (True, "csv-landed: .csv files of incoming", ExitStatus.SUCCESS)


API = {"key": "data.api", "operatorType": "StringIn", "values": ["PutBlob"]}
SIZE = {"key": "data.contentLength", "operatorType": "NumberGreaterThan", "value": 1}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (at("https://other.net/runtime/webhooks/blobs"), "leads to other.net/runtime/webhooks/blobs, and the blob"),
        (at(f"{WEBHOOK}/more"), "and the blob trigger is at func-landfall.azurewebsites.net/runtime/webhooks/blobs"),
        ({"subscriptions": [BY_QUEUE]}, "csv-landed leads to a StorageQueue, and the app has a blob trigger"),
        ({"subscriptions": [{**SUBSCRIPTION, "destination": None}]}, "csv-landed leads to a None"),
        ({"subscriptions": [{**SUBSCRIPTION, "provisioningState": "AwaitingManualAction"}]}, "is AwaitingManualAction"),
        (
            {"full url": {"endpointUrl": FULL_URL.replace("Host.Functions.on_csv_landed", "Host.Functions.Blob1")}},
            "names Host.Functions.Blob1 instead of Host.Functions.on_csv_landed, so its events are dropped",
        ),
        ({"full url": {"endpointUrl": f"{WEBHOOK}?code=the-blob-key"}}, "names no function instead of"),
        ({"full url": {"endpointUrl": FULL_URL.replace("the-blob-key", "old")}}, "has another key than the blob"),
        ({"settings": settings(LANDFALL_INPUT="landing")}, "blobs/, but LANDFALL_INPUT is landing"),
        (filtered(subjectBeginsWith="/blobServices/default/containers/incoming2/blobs/"), "LANDFALL_INPUT is incoming"),
        (filtered(subjectEndsWith=".txt"), "is for files that end in '.txt' instead of .csv"),
        (filtered(subjectEndsWith=None), "is for files that end in '' instead of .csv"),
        (filtered(isSubjectCaseSensitive=True), "is for .csv in this case only"),
        (
            filtered(includedEventTypes=["Microsoft.Storage.BlobDeleted"]),
            "is for Microsoft.Storage.BlobDeleted instead",
        ),
        (filtered(advancedFilters=[API]), "is for PutBlob (data.api) instead of CopyBlob, FlushWithClose, PutBlob,"),
        (filtered(advancedFilters=None), "is for every call (data.api) instead of"),
        (
            filtered(advancedFilters=[*SUBSCRIPTION["filter"]["advancedFilters"], SIZE]),
            "has one more filter, on data.contentLength",
        ),
        ({**READS_QUEUE}, "leads to a WebHook, and the app reads the queue csv-events"),
        (queued(queueName="events"), "leads to the queue events of stdata, and the app reads csv-events of stdata"),
        (queued(resourceId=ACCOUNT.replace("stdata", "stother")), "leads to the queue csv-events of stother, and"),
        (
            {**READS_QUEUE, "subscriptions": [{**SUBSCRIPTION, "destination": QUEUE}]},
            "delivers without an identity, and the account accepts no keys",
        ),
    ],
)
def test_each_difference_is_a_problem(check: Any, changed: dict[str, Any], problem: str) -> None:
    """It says what the subscription has, what the app needs, and which command deploys the right one."""
    (failed,), status = check(**changed)
    assert (failed["ok"], status) == (False, ExitStatus.BROKEN)
    assert problem in failed["said"], failed
    by_queue = "EventGridQueue" in str(changed.get("settings"))
    assert failed["do"] == f"`{'azd provision' if by_queue else 'azd hooks run postdeploy'}` deploys it"


def test_a_url_that_may_not_be_read_is_no_wrong_url(check: Any) -> None:
    """A reader of the resource group may not see it: the doctor says which role is missing, and passes no judgement."""
    (failed,), status = check(**{"full url": "ERROR: no right"})
    assert (failed["ok"], status) == (False, ExitStatus.BROKEN)
    assert failed["said"] == "`az rest --method post` failed: ERROR: no right"
    assert failed["do"].startswith("get the roles EventGrid EventSubscription Contributor and Website Contributor")


def test_all_differences_are_named_at_once(check: Any) -> None:
    """Of every subscription that leads to the app."""
    wrong = filtered(subjectEndsWith=".txt", includedEventTypes=[])
    (failed,), _ = check(**wrong, **{"full url": {"endpointUrl": WEBHOOK}})
    assert failed["said"].count("csv-landed ") == 4
    assert failed["said"].endswith(": only the sweep finds new files")


def test_a_narrower_subscription_is_a_warning(check: Any) -> None:
    """Somebody may want it; a wider one is fine, as the app reads the input container only."""
    (passed, warned), status = check(
        **filtered(subjectBeginsWith="/blobServices/default/containers/incoming/blobs/census/")
    )
    assert (passed["ok"], warned["warning"], status) == (True, True, ExitStatus.SUCCESS)
    assert warned["said"] == "csv-landed is for census/ only: the sweep finds every other file"
    (passed,), _ = check(**filtered(subjectBeginsWith=None, includedEventTypes=None))
    assert passed["ok"]
