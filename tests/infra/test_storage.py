"""The storage account has what the app uses, and the Event Grid subscription lets through what the app needs."""

import ast
import re

import pytest

from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.lifecycle.job_paths import MODELS, TRAINING
from shared.services import QUARANTINE
from tests.infra.bicep import ROOT, dotted, template

SUBSCRIPTION = template("app/eventgrid-subscription.bicep").only("Microsoft.EventGrid/systemTopics/eventSubscriptions")


def queues_of_the_app() -> set[str]:
    """Return the queues that function_app.py has triggers on."""
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    texts = [
        ast.unparse(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "queue_name"
    ]
    return {eval(text, {"__builtins__": {}}, constants) for text in texts}  # noqa: S307 - our own code


def test_containers_tables_and_queues_are_those_of_the_app() -> None:
    """They exist before the app runs: its roles on the two tables do not allow it to create them."""
    storage = template("app/storage.bicep")

    app = {"inputContainer", QUARANTINE, TRAINING, MODELS}
    assert set(storage.variable("dataContainers")) == app | {"deadLetterContainer"}
    assert storage.variable("hostContainers") == ["deploymentContainer"]
    assert set(storage.variable("dataTables")) == {TableRunStore.TABLE_NAME, TableEndpointStore.TABLE_NAME}
    assert set(storage.variable("dataQueues")) == queues_of_the_app()


def test_an_account_has_what_it_is_for() -> None:
    """The data's has all but the package, the host's has the package alone, and the one for both has everything."""
    storage = template("app/storage.bicep")

    lists = [line for line in storage.text.splitlines() if re.match(r"var \w+Names = ", line)]
    assert lists == [
        "var containerNames = union(forHost ? hostContainers : [], forData ? dataContainers : [])",
        "var tableNames = forData ? dataTables : []",
        "var queueNames = forData ? dataQueues : []",
    ]
    for service, names in (("blob", "containerNames"), ("table", "tableNames"), ("queue", "queueNames")):
        kind = "containers" if service == "blob" else f"{service}s"
        declared = rf"storageAccounts/{service}Services/{kind}@[\d-]+' = \[for {kind.removesuffix('s')} in {names}:"
        assert re.search(declared, storage.text), service


def test_the_data_stays_where_it_is_when_the_host_moves() -> None:
    """The parameter makes a second account for the host; name and content of the first are the data's either way."""
    main = template("main.bicep")
    data, host = main.module_parameters("storage"), main.module_parameters("hostStorage")

    assert main.part("parameters")["separateDataAccount"]["default"] in {False, "false"}
    assert (data["name"], host["name"]) == ("dataAccountName", "hostAccountName")
    assert "var dataAccountName = 'st${resourceToken}'\n" in main.text
    assert "var hostAccountName = separateDataAccount ? 'sthost${resourceToken}' : dataAccountName\n" in main.text
    assert "module hostStorage 'app/storage.bicep' = if (separateDataAccount) {" in main.text
    assert re.findall(r"(for(?:Host|Data)): (\S+)", main.text) == [
        ("forHost", "!separateDataAccount"),
        ("forData", "true"),
        ("forHost", "true"),
        ("forData", "false"),
    ]
    assert main.part("modules")["storage"]["detail"]["path"] == main.part("modules")["hostStorage"]["detail"]["path"]


def test_events_and_files_are_those_of_the_datas_account() -> None:
    """The topic, its dead letters, the roles on data, the studio and what people are told all name that account."""
    main = template("main.bicep")

    assert dotted(main.module_parameters("events")["storageAccountName"]) == "storage.outputs.name"
    assert dotted(main.module_parameters("roles")["storageAccountName"]) == "storage.outputs.name"
    assert dotted(main.module_parameters("studio")["blobEndpoint"]) == "storage.outputs.blobEndpoint"
    assert dotted(main.part("outputs")["AZURE_STORAGE_ACCOUNT_NAME"]["value"]) == "storage.outputs.name"
    assert "hostStorage.outputs" not in main.text  # it may not be there


def test_the_input_container_is_that_of_the_example() -> None:
    """The default says the same as routes.toml."""
    default = template("main.bicep").part("parameters")["inputContainer"]["default"]
    assert f'input = "{default}"' in (ROOT / "routes.toml").read_text(encoding="utf-8")


def test_only_finished_csvs_of_the_input_container_are_delivered() -> None:
    """The filter uses type, container, suffix and API call, so a write that has only begun raises no event."""
    filters = SUBSCRIPTION.properties["filter"]

    assert filters["includedEventTypes"] == ["Microsoft.Storage.BlobCreated"]
    assert filters["subjectBeginsWith"] == "/blobServices/default/containers/${inputContainer}/blobs/"
    assert filters["subjectEndsWith"] == ".csv"
    assert filters["isSubjectCaseSensitive"] is False
    (advanced,) = filters["advancedFilters"]
    assert (advanced["operatorType"], advanced["key"]) == ("StringIn", "data.api")
    assert set(advanced["values"]) == {"PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"}


def test_delivery_is_tried_for_a_day_and_what_fails_is_kept() -> None:
    """Thirty tries in 24 hours, then into the dead-letter container, written as the topic's own identity."""
    assert SUBSCRIPTION.properties["retryPolicy"] == {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440}
    dead = SUBSCRIPTION.properties["deadLetterWithResourceIdentity"]
    assert dead["identity"] == {"type": "SystemAssigned"}
    assert dead["deadLetterDestination"]["properties"]["blobContainerName"] == "deadLetterContainer"
    topic = template("app/events.bicep").only("Microsoft.EventGrid/systemTopics")
    assert topic.config["identity"] == {"type": "SystemAssigned"}


def test_events_go_to_the_blob_triggered_function() -> None:
    """Its name and the extension's own path; the key is looked up at the deployment and stands nowhere."""
    parsed = template("app/eventgrid-subscription.bicep")
    function = parsed.part("parameters")["functionName"]["default"]
    url = next(line for line in parsed.text.splitlines() if "endpointUrl" in line)

    app = (ROOT / "function_app.py").read_text(encoding="utf-8")
    assert re.search(rf'@app.function_name\("{function}"\)\n *@app.blob_trigger\(', app)
    assert "/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${listKeys(" in url
    assert ".systemKeys.blobs_extension}'" in url


@pytest.mark.parametrize("service", ["blobServices", "queueServices", "tableServices"])
def test_every_child_hangs_on_the_account(service: str) -> None:
    """A container, table or queue belongs to the `default` service of this account."""
    storage = template("app/storage.bicep")
    parent = storage.only(f"Microsoft.Storage/storageAccounts/{service}")
    children = [child for child in storage.resources() if child.type.startswith(f"{parent.type}/")]

    assert (parent.config["parent"], parent.config["name"]) == ("account", "default")
    assert [child.config["parent"] for child in children] == [parent.symbol]
