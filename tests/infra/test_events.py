"""The Event Grid subscription, by webhook and by queue: it delivers what the app needs, and leads to its function."""

import re

import pytest

from landfall.doctor.event_subscription import BLOB_FUNCTION, QUEUE, WEBHOOK
from shared.records.blob_created import COMPLETING_CALLS, EVENT_TYPE, FILE_SUFFIX
from tests.infra.deployments import Deployment, deployment, deployments, referenced
from tests.infra.sources import ROOT
from tests.infra.test_access import meanings
from tests.infra.test_storage import CHILDREN

SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
APP = (ROOT / "function_app.py").read_text(encoding="utf-8")
BY_WEBHOOK, BY_QUEUE = deployment("event-subscription"), deployment("everything")
BOTH = pytest.mark.parametrize("made", [BY_WEBHOOK, BY_QUEUE], ids=["webhook", "queue"])


def is_by_queue(made: Deployment) -> bool:
    """Return whether events arrive by the queue."""
    return str(made.outputs["AZURE_EVENT_DELIVERY"]) == "queue"


@BOTH
def test_only_finished_csvs_of_the_input_container_are_delivered(made: Deployment) -> None:
    """The filter is what the app and the doctor expect, so a write that has only begun raises no event."""
    filters = made.get(SUBSCRIPTION).properties["filter"]

    assert filters["includedEventTypes"] == [EVENT_TYPE]
    assert filters["subjectBeginsWith"] == "/blobServices/default/containers/incoming/blobs/"
    assert filters["subjectEndsWith"] == FILE_SUFFIX
    assert filters["isSubjectCaseSensitive"] is False
    (advanced,) = filters["advancedFilters"]
    assert (advanced["operatorType"], advanced["key"]) == ("StringIn", "data.api")
    assert sorted(advanced["values"]) == sorted(COMPLETING_CALLS)


@BOTH
def test_delivery_is_tried_for_a_day_and_what_fails_is_kept(made: Deployment) -> None:
    """Thirty tries in 24 hours, then into the dead-letter container, written as the topic's own identity."""
    subscription = made.get(SUBSCRIPTION)
    assert subscription.properties["retryPolicy"] == {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440}
    dead = subscription.properties["deadLetterWithResourceIdentity"]
    assert dead["identity"] == {"type": "SystemAssigned"}
    assert dead["deadLetterDestination"]["properties"]["blobContainerName"] == "dead-letters"


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_topic_has_an_identity(made: Deployment) -> None:
    """It writes dead letters and messages with it."""
    assert made.get("Microsoft.EventGrid/systemTopics").body["identity"] == {"type": "SystemAssigned"}


def test_a_webhook_is_the_blob_triggers_own() -> None:
    """The function's name and the extension's own path; the key is looked up at the deployment and stands nowhere."""
    url = re.fullmatch(
        r"\[format\('https://\{0\}([\w/]+)\?functionName=Host\.Functions\.\{1\}&code=\{2\}', "
        r"(.+)\.defaultHostName, '(\w+)', listKeys\('[^']+/host/default', '[\d-]+'\)\.systemKeys\.blobs_extension\)\]",
        BY_WEBHOOK.get(SUBSCRIPTION).properties["destination"]["properties"]["endpointUrl"],
    )

    assert url
    assert (url[1], f"Host.Functions.{url[3]}") == (WEBHOOK, BLOB_FUNCTION)
    assert referenced(f"{url[2]}.defaultHostName") == ("func-landfall-dev", "defaultHostName")
    assert re.search(rf'@app.function_name\("{url[3]}"\)\n *@app.blob_trigger\(', APP)


def test_a_queue_is_the_one_that_the_app_reads() -> None:
    """It is in the data account, and the topic writes to it with its identity: the account accepts no keys."""
    subscription = BY_QUEUE.get(SUBSCRIPTION).properties
    delivery = subscription["deliveryWithResourceIdentity"]
    destination = delivery["destination"]["properties"]

    assert "destination" not in subscription
    assert delivery["identity"] == {"type": "SystemAssigned"}
    assert delivery["destination"]["endpointType"] == "StorageQueue"
    assert destination["queueName"] == QUEUE
    queue = BY_QUEUE.get(CHILDREN["queues"], QUEUE)
    assert queue.id.startswith(f"{destination['resourceId']}/")
    assert meanings(BY_QUEUE)[destination["resourceId"].rpartition("/")[2]] == "data account"
    assert f'CSV_EVENTS = "{QUEUE}"' in APP


def test_one_kind_of_subscription_replaces_the_other() -> None:
    """Under two names both would deliver every event."""
    assert BY_WEBHOOK.get(SUBSCRIPTION).name == BY_QUEUE.get(SUBSCRIPTION).name == "csv-landed"


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_app_reads_where_events_arrive(made: Deployment) -> None:
    """The setting says which function there is, and only the webhook's subscription waits for the code."""
    source = made.app_settings()["LANDFALL_BLOB_SOURCE"]

    assert source == ("EventGridQueue" if is_by_queue(made) else "EventGrid")
    assert len(made.of(SUBSCRIPTION)) == is_by_queue(made)


def test_events_come_by_webhook_unless_somebody_chooses() -> None:
    """It costs nothing more, and the blob trigger is what Microsoft's pages describe."""
    assert deployment("first-up").outputs["AZURE_EVENT_DELIVERY"] == "webhook"


@pytest.mark.parametrize(
    ("name", "ready"),
    [
        ("first-up", []),
        ("data-account", [{"name": "blob", "instanceCount": 1}]),
        ("everything", [{"name": "function:on_csv_event", "instanceCount": 2}]),
    ],
)
def test_instances_are_ready_for_the_function_that_lands_files(name: str, ready: list[dict[str, object]]) -> None:
    """Blob triggers are one group, a queue trigger is named; by default none is ready, since each costs."""
    scale = deployment(name).get("Microsoft.Web/sites").properties["functionAppConfig"]["scaleAndConcurrency"]

    assert scale["alwaysReady"] == ready
    for group in ready:
        function = str(group["name"]).partition("function:")[2]
        assert not function or f'@app.function_name("{function}")' in APP
